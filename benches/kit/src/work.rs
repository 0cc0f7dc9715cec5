//! The workloads: what each is, what is in the tables before, and what has to be there afterwards.

use std::future::Future;

use crate::{Clock, Database, POSTS, SAVED_AGE, age, keys};

/// One library in one of its forms. A workload that it does not offer stays unwritten, and answers `None`.
///
/// Each gets the clock, which it starts when everything is ready and stops when the work is done and acknowledged, with its
/// results alive. The connection, and what the library keeps prepared on it, stays from round to round.
pub trait Library: Send + Sized + 'static {
    /// Whether its calls wait: then it runs on a task of a runtime, else on a thread of its own.
    const ASYNC: bool;

    /// Connects. Of a pool, 10 connections at the most.
    fn open(database: &Database) -> impl Future<Output = Self> + Send;

    /// Runs statements, whose results do not matter.
    fn script(&mut self, sql: &str) -> impl Future<Output = ()> + Send;

    /// The one number that a query gives.
    fn number(&mut self, sql: &str) -> impl Future<Output = i64> + Send;

    /// Inserts `n` users in one transaction, whose keys are known afterwards. The objects are made before the clock starts.
    /// Gives the sum of the keys.
    fn insert(&mut self, _clock: &mut Clock, _n: i64) -> impl Future<Output = Option<i64>> + Send {
        async { None }
    }

    /// Inserts `n` users one at a time, each stored for good before the next. Gives the sum of the keys.
    fn insert_each(&mut self, _clock: &mut Clock, _n: i64) -> impl Future<Output = Option<i64>> + Send {
        async { None }
    }

    /// Loads the users with `id <= n AND age >= 18`. Gives the sum of their ages, counted after the clock has stopped.
    fn load(&mut self, _clock: &mut Clock, _n: i64) -> impl Future<Output = Option<i64>> + Send {
        async { None }
    }

    /// Reads the users of [`keys`]`(n)`, each by a call of its own. Gives the sum of their ages.
    fn get(&mut self, _clock: &mut Clock, _n: i64) -> impl Future<Output = Option<i64>> + Send {
        async { None }
    }

    /// Loads the users with `id <= n`; from here on the clock runs: sets the age of each to [`SAVED_AGE`] and saves them, in one
    /// transaction. Gives `n`.
    fn save(&mut self, _clock: &mut Clock, _n: i64) -> impl Future<Output = Option<i64>> + Send {
        async { None }
    }

    /// Loads all users, `n` of them; then, with the clock, changes and saves the first 100 as `save` does. Gives 100.
    fn save_few(&mut self, _clock: &mut Clock, _n: i64) -> impl Future<Output = Option<i64>> + Send {
        async { None }
    }

    /// Loads the users with `id <= n` with the posts of each, where the program has them beside their user. Gives the sum of the
    /// lengths of the bodies, counted after the clock has stopped.
    fn eager(&mut self, _clock: &mut Clock, _n: i64) -> impl Future<Output = Option<i64>> + Send {
        async { None }
    }

    /// Loads the users with `id <= n`; from here on the clock runs: deletes them, in one transaction. Gives `n`.
    fn delete(&mut self, _clock: &mut Clock, _n: i64) -> impl Future<Output = Option<i64>> + Send {
        async { None }
    }

    /// One small unit of work, in a transaction: reads user 1, adds 1 to its age, inserts two posts of it. Gives 1.
    fn unit(&mut self, _clock: &mut Clock) -> impl Future<Output = Option<i64>> + Send {
        async { None }
    }

    /// 64 tasks over a pool of 10 connections read the users of [`keys`]`(n)`, each its share, one by one; a connection (or a
    /// session) is taken for each. Gives the sum of the ages.
    fn tasks_get(&mut self, _clock: &mut Clock, _n: i64) -> impl Future<Output = Option<i64>> + Send {
        async { None }
    }

    /// 64 tasks over a pool of 10 do [`unit`](Self::unit) for each of the users from 1 to `n`, each its share. Gives `n`.
    fn tasks_unit(&mut self, _clock: &mut Clock, _n: i64) -> impl Future<Output = Option<i64>> + Send {
        async { None }
    }
}

/// How many users are there when some of them are read or written.
const USERS: i64 = 10_000;

/// How many of them `load_often` loads at a time.
const PAGE: i64 = 100;

/// [`Library::load`] of as many as a page of a web site shows, again and again, `n` of them in all.
async fn load_often<L: Library>(library: &mut L, clock: &mut Clock, n: i64) -> Option<i64> {
    let mut sum = 0;
    for _ in 0..n / PAGE {
        sum += library.load(clock, PAGE).await?;
    }
    Some(sum)
}

/// Prepares, lets the library work, and looks whether it did. `None` if it does not offer that.
pub(crate) async fn run<L: Library>(
    library: &mut L,
    database: &Database,
    work: &str,
    n: i64,
    clock: &mut Clock,
) -> Option<()> {
    library.script(database.empty_tables()).await;
    let (users, posts) = match work {
        "insert" | "insert_each" => (0, false),
        "load" | "load_often" | "get" | "save" | "delete" | "tasks_get" => (n.max(USERS), false),
        "eager" => (n, true),
        "unit" => (1, false),
        _ => (n, false),
    };
    if users > 0 {
        library.script(&database.fill(users, posts)).await;
    }
    let answer = match work {
        "insert" => library.insert(clock, n).await,
        "insert_each" => library.insert_each(clock, n).await,
        "load" => library.load(clock, n).await,
        "load_often" => load_often(library, clock, n).await,
        "get" => library.get(clock, n).await,
        "save" => library.save(clock, n).await,
        "save_few" => library.save_few(clock, n).await,
        "eager" => library.eager(clock, n).await,
        "delete" => library.delete(clock, n).await,
        "unit" => library.unit(clock).await,
        "tasks_get" => library.tasks_get(clock, n).await,
        "tasks_unit" => library.tasks_unit(clock, n).await,
        other => panic!("no workload is called {other}"),
    }?;
    let ages = || keys(n).iter().map(|&key| i64::from(age(key))).sum::<i64>();
    let saved = format!("SELECT count(*) FROM users WHERE age = {SAVED_AGE}");
    let (all, older) = ("SELECT count(*) FROM users", database.ages());
    let posted = "SELECT count(*) FROM posts";
    let (expected, looks): (i64, Vec<(&str, i64)>) = match work {
        "insert" | "insert_each" => (n * (n + 1) / 2, vec![(all, n)]),
        "load" | "get" | "tasks_get" => (ages(), vec![]),
        "load_often" => (n / PAGE * keys(PAGE).iter().map(|&key| i64::from(age(key))).sum::<i64>(), vec![]),
        "save" => (n, vec![(&saved, n)]),
        "save_few" => (100, vec![(&saved, 100)]),
        "eager" => (n * POSTS * crate::BODY.len() as i64, vec![]),
        "delete" => (n, vec![(all, users - n)]),
        "unit" => (1, vec![(posted, 2), (older, i64::from(age(1)) + 1)]),
        _ => (n, vec![(posted, 2 * n), (older, ages() + n)]),
    };
    assert_eq!(answer, expected, "what {work} of {n} gave");
    for (sql, expected) in looks {
        assert_eq!(library.number(sql).await, expected, "{work} of {n}: {sql}");
    }
    Some(())
}
