//! What is measured on which database, and how often.

use std::time::{Duration, Instant};

use super::contestants::{Contestant, Contestants, Cost};
use crate::Result;

/// The names of the databases.
pub(crate) const DATABASES: [&str; 4] = ["memory", "file", "postgres", "mariadb"];

/// The names of the workloads; what each is stands in `benches/kit/src/work.rs`.
pub(crate) const WORKLOADS: [&str; 11] = [
    "insert",
    "insert_each",
    "load",
    "load_often",
    "get",
    "save",
    "eager",
    "delete",
    "unit",
    "tasks_get",
    "tasks_unit",
];

/// Where to work.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// As the contestants are told it.
    pub(crate) place: String,
}

impl Database {
    /// What is compared here. SQLite works in the contestant's own process, whose processor time is less disturbed by others
    /// than a clock on the wall; a server is waited for.
    pub(crate) fn compares(&self) -> &'static str {
        if self.is_server() { "wall" } else { "cpu" }
    }

    fn is_server(&self) -> bool {
        ["postgres", "mariadb"].contains(&self.name)
    }
}

/// One workload, as it is measured.
pub(crate) struct Plan {
    pub(crate) workload: &'static str,
    n: u64,
    rounds: usize,
    /// How long one contestant may take for all rounds; three rounds there are anyway.
    patience: Duration,
}

/// What a contestant needed for a workload.
pub(crate) struct Cell {
    pub(crate) database: &'static str,
    pub(crate) workload: &'static str,
    pub(crate) n: u64,
    pub(crate) contestant: &'static str,
    pub(crate) samples: Vec<Cost>,
    /// From a round that was not timed.
    pub(crate) counted: Cost,
}

impl Plan {
    /// All workloads of a database.
    pub(crate) fn all(database: &Database, quick: bool) -> Vec<Self> {
        let tasks: &[(&str, u64)] = &[("tasks_get", 6_400), ("tasks_unit", 1_280)];
        let tasks = if database.is_server() { tasks } else { &[] };
        // Each is a round trip, so that it takes longer than all else together.
        let gets = if quick && database.is_server() { 2_000 } else { 10_000 };
        let alone = [
            ("insert", 10_000),
            ("insert_each", 1_000),
            ("load", 100),
            ("load_often", 2_000),
            ("load", 10_000),
            ("get", gets),
            ("save", 1_000),
            ("eager", 100),
            ("delete", 1_000),
        ];
        let (rounds, patience) =
            if quick { (9, Duration::from_millis(500)) } else { (41, Duration::from_secs(10)) };
        let plan = |&(workload, n): &(&'static str, u64)| Self { workload, n, rounds, patience };
        alone.iter().chain(tasks).map(plan).collect()
    }

    /// One workload of so many objects.
    pub(crate) fn of(workload: &'static str, n: u64, rounds: usize) -> Self {
        Self { workload, n, rounds, patience: Duration::from_secs(60) }
    }

    /// Warms up, takes the rounds, and then one in which allocations are counted.
    pub(crate) fn run(&self, database: &Database, contestants: &mut Contestants) -> Result<Vec<Cell>> {
        let mut taking_part = Vec::new();
        for contestant in contestants.all() {
            if self.once(database, contestant, contestants, false)?.is_some() {
                taking_part.push((contestant, Vec::new(), Duration::ZERO));
            }
        }
        for round in 0..self.rounds {
            let first = round % taking_part.len().max(1);
            taking_part.rotate_left(first);
            for (contestant, samples, spent) in &mut taking_part {
                if samples.len() >= 3 && *spent > self.patience {
                    continue;
                }
                let start = Instant::now();
                samples.extend(self.once(database, *contestant, contestants, false)?);
                *spent += start.elapsed();
            }
        }
        let mut cells = Vec::new();
        for contestant in contestants.all() {
            let Some(place) = taking_part.iter().position(|(other, ..)| other.name == contestant.name) else {
                continue;
            };
            let samples = taking_part.swap_remove(place).1;
            let counted = self.once(database, contestant, contestants, true)?.ok_or("it did that before")?;
            let (workload, n, contestant) = (self.workload, self.n, contestant.name);
            cells.push(Cell { database: database.name, workload, n, contestant, samples, counted });
        }
        Ok(cells)
    }

    fn once(
        &self,
        database: &Database,
        contestant: Contestant,
        contestants: &mut Contestants,
        counts: bool,
    ) -> Result<Option<Cost>> {
        contestants.work(contestant, &database.place, self.workload, self.n, counts)
    }
}

impl Cell {
    /// The title of its workload.
    pub(crate) fn title(&self) -> String {
        let n = thousands(self.n);
        match self.workload {
            "insert" => format!("insert {n} in one transaction"),
            "insert_each" => format!("insert {n}, one commit each"),
            "load" => format!("load {n}"),
            "load_often" => format!("load 100, {} times", self.n / 100),
            "get" => format!("get {n} by key"),
            "save" => format!("save {n} changed"),
            "save_few" => format!("save 100 of {n} loaded"),
            "eager" => format!("load {n} with 10 children each"),
            "delete" => format!("delete {n} loaded"),
            "unit" => "1 small unit of work".to_owned(),
            "tasks_get" => format!("64 tasks: {n} gets, pool of 10"),
            "tasks_unit" => format!("64 tasks: {n} units of work"),
            other => format!("{other} {n}"),
        }
    }

    /// How many objects it reads or writes.
    pub(crate) fn objects(&self) -> u64 {
        match self.workload {
            "eager" => self.n * 11,
            "save_few" => 100,
            _ => self.n,
        }
    }

    /// How many times the raw driver's time it took. What is compared are samples of the same round, and the middle of these ratios is
    /// taken: a machine that is slow for some seconds is so for both.
    pub(crate) fn times_of(&self, raw: &Self, compares: &str) -> f64 {
        middle(self.times(compares).zip(raw.times(compares)).map(|(own, raw)| own / raw))
    }

    /// The middle of the samples.
    pub(crate) fn median(&self, compares: &str) -> f64 {
        middle(self.times(compares))
    }

    /// The fastest one.
    pub(crate) fn fastest(&self, compares: &str) -> f64 {
        self.times(compares).min_by(f64::total_cmp).unwrap_or(f64::NAN)
    }

    /// The samples, one of each round from the first one on.
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a few seconds")]
    fn times(&self, compares: &str) -> impl Iterator<Item = f64> {
        self.samples.iter().map(move |cost| (if compares == "cpu" { cost.cpu } else { cost.wall }) as f64)
    }
}

fn middle(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<_> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// `10000` as `10,000`.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let from_the_end = digits.len();
    let comma = |place: usize| place > 0 && (from_the_end - place).is_multiple_of(3);
    digits.chars().enumerate().fold(String::new(), |mut text, (place, digit)| {
        if comma(place) {
            text.push(',');
        }
        text.push(digit);
        text
    })
}
