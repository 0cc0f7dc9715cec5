//! What is said of a sequence: how it differs, what it did, how often.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use orm::ErrorKind;

use super::forecast::Tables;

/// What a test finds wrong.
pub(super) type Checked<T = ()> = Result<T, String>;

macro_rules! check {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(format!($($message)+));
        }
    };
}

pub(super) use check;

/// A sequence that fails, and what it did up to there.
pub(super) struct Failure<S> {
    pub(super) steps: Vec<S>,
    pub(super) problem: String,
    pub(super) story: Vec<String>,
}

impl<S: std::fmt::Debug> Failure<S> {
    /// Fails, with all that helps.
    #[expect(clippy::panic, reason = "a test that fails")]
    pub(super) fn tell(&self, seed: u64) -> ! {
        panic!("{}", self.report(seed))
    }

    fn report(&self, seed: u64) -> String {
        let Self { steps, problem, story } = self;
        let mut report = format!(
            "{problem}\n\nThe steps of seed {seed}, made fewer (ORM_RANDOM_SEED={seed} plays them all again):\n\n"
        );
        for step in steps {
            writeln!(report, "    {step:?},").unwrap();
        }
        write!(report, "\nWhat they did:\n\n    {}\n", story.join("\n    ")).unwrap();
        report
    }
}

/// Says which sequence was being played when the library panicked.
pub(super) struct Playing(pub(super) u64);

impl Drop for Playing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("this was ORM_RANDOM_SEED={}", self.0);
        }
    }
}

/// Counts a line of a story by its first word, or by its second one if that says what went wrong.
pub(super) fn count(tally: &mut BTreeMap<String, u32>, line: &str) {
    let mut words = line.split_whitespace().skip(1);
    let word = match words.next() {
        Some("failed," | "refused," | "open,") => words.next().unwrap_or_default(),
        Some(word) if !word.starts_with('#') => word,
        _ => "change",
    };
    match tally.get_mut(word) {
        Some(times) => *times += 1,
        None => drop(tally.insert(word.to_owned(), 1)),
    }
}

pub(super) fn count_statements(sent: &[String]) -> usize {
    let others = ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "WARNING"];
    sent.iter().filter(|line| !others.iter().any(|other| line.starts_with(other))).count()
}

/// How many of these set rows free that refer to themselves, which InnoDB would not delete: at most so many, as any of them may mean
/// what it says.
pub(super) fn set_free(sent: &[String]) -> usize {
    let updates = sent
        .iter()
        .filter(|line| line.starts_with("UPDATE \"items\" SET \"parent_id\" = ? WHERE \"id\" = ?"));
    let deletes = sent.iter().any(|line| line.starts_with("DELETE FROM \"items\""));
    if deletes { updates.count() } else { 0 }
}

pub(super) fn kind_of<T>(result: &orm::Result<T>) -> Option<ErrorKind> {
    result.as_ref().err().map(orm::Error::kind)
}

pub(super) fn same_error(call: &str, found: Option<ErrorKind>, expected: Option<ErrorKind>) -> Checked {
    check!(found == expected, "{call}: {found:?} instead of {expected:?}");
    Ok(())
}

pub(super) fn same_tables(who: &str, found: &Tables, expected: &Tables) -> Checked {
    for key in found.keys().chain(expected.keys()) {
        let (found, expected) = (found.get(key), expected.get(key));
        check!(found == expected, "{who} {key:?} as {found:?} instead of {expected:?}");
    }
    Ok(())
}
