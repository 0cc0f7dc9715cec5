//! Counts the results which the test harness prints, for each backend and form of the behaviour suite.
//!
//! A case of the suite is a test whose path ends in `<backend>_<form>`, such as
//! `identity::sync::same_row_same_entity::sqlite_sync`; every other test and doc-test counts as `other`.

use std::fmt;
use std::ops::AddAssign;

const FORMS: [&str; 2] = ["sync", "async"];

/// The results so far.
pub(crate) struct Report {
    cases: Vec<Row>,
    other: Counts,
    failures: Vec<String>,
    /// What the harness itself says it has run; differs from our count if we misread its output.
    announced: usize,
}

/// How many tests there were with each outcome.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

struct Row {
    backend: &'static str,
    form: &'static str,
    /// Without its server, a case returns early: it passes, but has checked nothing.
    available: bool,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl Report {
    /// A report without results, on the given backends and whether each is available.
    pub(crate) fn new(backends: impl IntoIterator<Item = (&'static str, bool)>) -> Self {
        let row = |backend, available, form| Row { backend, form, available, counts: Counts::default() };
        let rows = |(backend, available)| FORMS.map(|form| row(backend, available, form));
        Self {
            cases: backends.into_iter().flat_map(rows).collect(),
            other: Counts::default(),
            failures: Vec::new(),
            announced: 0,
        }
    }

    /// Takes note of a line of the harness's output.
    pub(crate) fn read(&mut self, line: &str) {
        let line = without_colours(line);
        if let Some(summary) = line.strip_prefix("test result: ") {
            self.announced += announced(summary);
        } else if let Some((name, outcome)) = parse(&line) {
            self.count(name, outcome);
        }
    }

    fn count(&mut self, name: &str, outcome: Outcome) {
        if outcome == Outcome::Failed {
            self.failures.push(name.to_owned());
        }
        match self.cases.iter_mut().find(|row| row.owns(name)) {
            Some(row) if !row.available && outcome == Outcome::Passed => row.counts.add(Outcome::Skipped),
            Some(row) => row.counts.add(outcome),
            None => self.other.add(outcome),
        }
    }

    /// The sum over all backends, forms and other tests.
    pub(crate) fn total(&self) -> Counts {
        let mut total = self.other;
        self.cases.iter().for_each(|row| total += row.counts);
        total
    }

    /// How many were skipped, without the cases of these backends.
    pub(crate) fn skipped_besides(&self, backends: &[&str]) -> usize {
        let rows = self.cases.iter().filter(|row| !backends.contains(&row.backend));
        self.other.skipped + rows.map(|row| row.counts.skipped).sum::<usize>()
    }

    /// How many results the harness announced beyond those we have read, or the other way round.
    pub(crate) fn misread(&self) -> usize {
        let Counts { passed, failed, skipped } = self.total();
        self.announced.abs_diff(passed + failed + skipped)
    }
}

/// One line for each backend and form, one for the other tests, and the names of those that failed.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Row { backend, form, counts, .. } in &self.cases {
            writeln!(f, "{backend} {form}: {counts}")?;
        }
        writeln!(f, "other: {}", self.other)?;
        self.failures.iter().try_for_each(|name| writeln!(f, "FAILED {name}"))
    }
}

impl Row {
    fn owns(&self, name: &str) -> bool {
        let last = name.rsplit("::").next().unwrap_or(name);
        last.split_once('_') == Some((self.backend, self.form))
    }
}

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Skipped => self.skipped += 1,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Reads `test <name> ... <outcome>`. More may follow the outcome, such as the reason for ignoring a test.
fn parse(line: &str) -> Option<(&str, Outcome)> {
    let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let word = outcome.split(|c: char| !c.is_alphabetic()).next()?;
    let outcome = match word {
        "ok" => Outcome::Passed,
        "FAILED" => Outcome::Failed,
        "ignored" => Outcome::Skipped,
        _ => return None,
    };
    Some((name.strip_suffix(" - should panic").unwrap_or(name), outcome))
}

/// Reads `ok. 3 passed; 1 failed; 2 ignored; 0 measured; 9 filtered out; ...`.
fn announced(summary: &str) -> usize {
    let (_, counts) = summary.split_once(". ").unwrap_or_default();
    let ours = |count: &&str| ["passed", "failed", "ignored"].iter().any(|word| count.ends_with(word));
    let number = |count: &str| count.split_whitespace().next()?.parse::<usize>().ok();
    counts.split(';').filter(ours).filter_map(number).sum()
}

/// Removes escape sequences such as `ESC [ 32 m`.
fn without_colours(line: &str) -> String {
    let mut pieces = line.split("\u{1b}[");
    let plain = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(plain, |plain, piece| plain + piece.split_once('m').map_or(piece, |(_, text)| text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(postgres: bool, output: &str) -> Report {
        let mut report = Report::new([("sqlite", true), ("postgres", postgres)]);
        output.lines().for_each(|line| report.read(line));
        report
    }

    const OUTPUT: &str = "
running 6 tests
test identity::sync::same_row::sqlite_sync ... ok
test identity::asynchronous::same_row::sqlite_async ... FAILED
test identity::sync::same_row::postgres_sync ... ok
test identity::asynchronous::same_row::postgres_async ... ok
test sql::quotes_names ... ok
test sql::slow ... ignored, takes an hour ... or two
test sql::slow has been running for over 60 seconds

failures:
    identity::asynchronous::same_row::sqlite_async

test result: FAILED. 4 passed; 1 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s
";

    #[test]
    fn counts_each_backend_and_form() {
        let expected = "\
sqlite sync: 1 passed, 0 failed, 0 skipped
sqlite async: 0 passed, 1 failed, 0 skipped
postgres sync: 1 passed, 0 failed, 0 skipped
postgres async: 1 passed, 0 failed, 0 skipped
other: 1 passed, 0 failed, 1 skipped
FAILED identity::asynchronous::same_row::sqlite_async
";
        let report = report(true, OUTPUT);
        assert_eq!(report.to_string(), expected);
        assert_eq!(report.total().to_string(), "4 passed, 1 failed, 1 skipped");
        assert_eq!(report.misread(), 0);
    }

    #[test]
    fn passing_without_a_server_is_skipping() {
        let report = report(false, OUTPUT);
        assert!(report.to_string().contains("postgres sync: 0 passed, 0 failed, 1 skipped"));
        assert_eq!(report.total().to_string(), "2 passed, 1 failed, 3 skipped");
    }

    #[test]
    fn failing_without_a_server_is_failing() {
        let report = report(false, "test login::sync::wrong_password::postgres_sync ... FAILED");
        assert_eq!(report.total().failed, 1);
    }

    #[test]
    fn every_row_is_there_without_results() {
        let expected = "sqlite sync,sqlite async,postgres sync,postgres async,other";
        let text = report(true, "").to_string();
        let labels: Vec<_> = text.lines().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(labels.join(","), expected);
    }

    #[test]
    fn reads_all_shapes_of_result_lines() {
        let name = |line| parse(line).map(|(name, _)| name.to_owned());
        assert_eq!(name("test a::b ... ok").as_deref(), Some("a::b"));
        assert_eq!(name("test a::b - should panic ... ok <0.003s>").as_deref(), Some("a::b"));
        let doc_test = "orm/src/lib.rs - Session::get (line 12) - compile fail";
        assert_eq!(parse(&format!("test {doc_test} ... ok")), Some((doc_test, Outcome::Passed)));
        assert_eq!(parse("test a ... bench: 12 ns/iter (+/- 3)"), None);
        assert_eq!(parse("testing a ... ok"), None);
    }

    #[test]
    fn a_name_only_similar_to_a_case_is_another_test() {
        let text = report(true, "test sqlite_synchronous ... ok\ntest a::not_sqlite_sync ... ok").to_string();
        assert!(text.contains("other: 2 passed"));
    }

    #[test]
    fn colours_do_not_matter() {
        let report = report(true, "test a::sqlite_sync ... \u{1b}[32mok\u{1b}(B\u{1b}[m");
        assert_eq!(report.total().passed, 1);
    }

    #[test]
    fn an_unread_result_is_noticed() {
        let report =
            report(true, "test a ... some output\nok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored;");
        assert_eq!(report.misread(), 1);
    }
}
