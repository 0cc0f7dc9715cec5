//! This library beside hand-written `rusqlite`, in one interleaved run: `cargo run --release -p orm-tests --example measure`.
//!
//! Each round does the same work in both ways, on databases in memory: 10,000 rows of 5 columns, of which both keep what
//! they read; what is updated or deleted is loaded before, and that is not measured. `each` inserts rows with a commit for each, which is by
//! hand a statement without a transaction around it. What is shown is the
//! fastest fifth of the rounds, for each object, and its ratio to the raw driver. An absolute time means nothing.
//!
//! With arguments it does one piece of work so often, for a profiler or for counting instructions, which do not depend on
//! what else the machine does: `valgrind --tool=callgrind --toggle-collect='*only_this*' target/release/examples/measure orm get 3`. The
//! difference between 3 and 1 repetitions is 20,000 objects, or twice as many as a further argument says. `tests/examples/count.sh` does that for
//! all of them.

#![expect(clippy::unwrap_used, reason = "a program to look at")]

use std::hint::black_box;
use std::time::Instant;

use orm::prelude::*;
use rusqlite::params;

const ROWS: i64 = 10_000;
const ROUNDS: usize = 40;
const WORK: [&str; 8] = ["insert", "load", "rows", "get", "query", "update", "delete", "each"];

#[derive(Model)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    age: i32,
    email: Option<String>,
    created: i64,
}

fn users(rows: i64) -> Vec<User> {
    let user = |number: i64| User {
        id: 0,
        name: format!("name{number}"),
        age: 30,
        email: (number % 2 == 0).then(|| format!("{number}@example.org")),
        created: number,
    };
    (0..rows).map(user).collect()
}

fn main() -> orm::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [who, work, times, rest @ ..] = &arguments[..] else {
        return keep_memory().unwrap_or_else(compare);
    };
    let times = times.parse().unwrap();
    let rows = rest.first().map_or(ROWS, |rows| rows.parse().unwrap());
    match &**who {
        "raw" => repeat(&Raw::new(rows), work, times),
        _ => repeat(&Ours::new(rows)?, work, times),
    }
    Ok(())
}

/// A way to do the work.
trait Way {
    type Begun;
    type Left;

    /// What the work begins with.
    fn begin(&self, work: &str) -> Self::Begun;

    /// Does it. Gives back what it was given, or what it read, as a program does that wants it.
    fn run(&self, work: &str, begun: Self::Begun) -> Self::Left;
}

/// Runs this program again with an allocator that keeps what it is given back. Otherwise much of what is measured is how often, by
/// chance of sizes and order, glibc hands memory back to the kernel and has to fetch it again.
fn keep_memory() -> Option<orm::Result<()>> {
    const KEPT: [(&str, &str); 3] = [
        ("MALLOC_TRIM_THRESHOLD_", "2000000000"),
        ("MALLOC_MMAP_THRESHOLD_", "2000000000"),
        ("MALLOC_TOP_PAD_", "64000000"),
    ];
    if std::env::var_os(KEPT[0].0).is_some() {
        return None;
    }
    let program = std::env::current_exe().unwrap();
    std::process::Command::new(program).envs(KEPT).status().unwrap();
    Some(Ok(()))
}

/// All work in turn, round after round.
fn compare() -> orm::Result<()> {
    let mut times = WORK.map(|_| (Vec::new(), Vec::new()));
    for _ in 0..ROUNDS {
        let (raw, ours) = (Raw::new(ROWS), Ours::new(ROWS)?);
        for (work, (raw_times, our_times)) in WORK.iter().zip(&mut times) {
            let (by_hand, begun) = (raw.begin(work), ours.begin(work));
            raw_times.push(time(|| raw.run(work, by_hand)));
            our_times.push(time(|| ours.run(work, begun)));
        }
    }
    for (work, (mut raw, mut ours)) in WORK.iter().zip(times) {
        let (raw, ours) = (fastest_fifth(&mut raw), fastest_fifth(&mut ours));
        println!("{work:8} raw {raw:4.0} ns, orm {ours:4.0} ns: {:.2}x", ours / raw);
    }
    Ok(())
}

/// One piece of work on rows that are there, again and again.
fn repeat(way: &impl Way, work: &str, times: usize) {
    way.run("insert", way.begin("insert"));
    for number in 0..times {
        if work == "delete" && number > 0 {
            way.run("insert", way.begin("insert"));
        }
        let begun = way.begin(work);
        only_this(|| way.run(work, begun));
    }
}

/// What a profiler is to look at.
#[inline(never)]
fn only_this<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

/// Nanoseconds for each object; what the work leaves behind is dropped after the clock has stopped.
#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn time<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    let result = work();
    let nanoseconds = start.elapsed().as_nanos() as f64 / ROWS as f64;
    drop(black_box(result));
    nanoseconds
}

fn fastest_fifth(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 5]
}

struct Raw {
    database: rusqlite::Connection,
    rows: i64,
}

impl Raw {
    fn new(rows: i64) -> Self {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        let columns = "id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER NOT NULL, email TEXT, created INTEGER NOT NULL";
        database.execute_batch(&format!("CREATE TABLE users ({columns}) STRICT")).unwrap();
        Self { database, rows }
    }

    fn insert(&self, users: &mut [User]) {
        let sql = "INSERT INTO users (name, age, email, created) VALUES (?, ?, ?, ?)";
        let mut statement = self.database.prepare_cached(sql).unwrap();
        for user in users {
            statement.execute(params![user.name, user.age, user.email, user.created]).unwrap();
            user.id = self.database.last_insert_rowid();
        }
    }

    fn load(&self) -> Vec<User> {
        let mut select =
            self.database.prepare_cached("SELECT id, name, age, email, created FROM users").unwrap();
        select.query_map([], read).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }
}

impl Way for Raw {
    type Begun = Vec<User>;
    type Left = Vec<User>;

    fn begin(&self, work: &str) -> Vec<User> {
        match work {
            "insert" | "each" => users(self.rows),
            "update" | "delete" => self.load(),
            _ => Vec::new(),
        }
    }

    fn run(&self, work: &str, mut users: Vec<User>) -> Vec<User> {
        let database = &self.database;
        if work == "each" {
            self.insert(&mut users);
            return users;
        }
        database.execute_batch("BEGIN").unwrap();
        match work {
            "insert" => self.insert(&mut users),
            "load" | "rows" => users = self.load(),
            "get" => {
                for id in 1..=self.rows {
                    let sql = "SELECT id, name, age, email, created FROM users WHERE id = ?";
                    users.push(database.prepare_cached(sql).unwrap().query_row([id], read).unwrap());
                }
            }
            "query" => {
                for id in 1..=self.rows {
                    let sql = "SELECT id, name, age, email, created FROM users \
                               WHERE id = ? AND age > ? ORDER BY name ASC LIMIT 10";
                    let mut statement = database.prepare_cached(sql).unwrap();
                    let rows = statement.query_map(params![id, 18], read).unwrap();
                    users.extend(rows.map(rusqlite::Result::unwrap));
                }
            }
            "update" => {
                let mut statement = database.prepare_cached("UPDATE users SET age = ? WHERE id = ?").unwrap();
                for user in &mut users {
                    user.age += 1;
                    assert_eq!(statement.execute(params![user.age, user.id]).unwrap(), 1);
                }
            }
            _ => {
                let mut statement = database.prepare_cached("DELETE FROM users WHERE id = ?").unwrap();
                for user in &users {
                    assert_eq!(statement.execute([user.id]).unwrap(), 1);
                }
            }
        }
        database.execute_batch("COMMIT").unwrap();
        users
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        age: row.get(2)?,
        email: row.get(3)?,
        created: row.get(4)?,
    })
}

struct Ours {
    engine: Engine,
    rows: i64,
}

impl Ours {
    fn new(rows: i64) -> orm::Result<Self> {
        let engine = Engine::open("sqlite::memory:")?;
        engine.create_all(&Metadata::of::<User>())?;
        Ok(Self { engine, rows })
    }
}

impl Way for Ours {
    type Begun = Begun;
    type Left = (Session, Vec<User>);

    fn begin(&self, work: &str) -> Begun {
        let mut session = self.engine.session();
        let (mut users, mut loaded) = (Vec::new(), Vec::new());
        match work {
            "insert" | "each" => users = self::users(self.rows),
            "update" | "delete" => loaded = session.all(User::select()).unwrap(),
            _ => {}
        }
        Begun { session, users, loaded }
    }

    fn run(&self, work: &str, begun: Begun) -> (Session, Vec<User>) {
        let Begun { mut session, users, loaded } = begun;
        let mut rows = Vec::new();
        match work {
            "insert" => drop(session.add_all(users)),
            "load" => drop(session.all(User::select()).unwrap()),
            "rows" => rows = session.rows(User::select()).unwrap(),
            "get" => {
                for id in 1..=self.rows {
                    black_box(session.get::<User>(id).unwrap());
                }
            }
            "query" => {
                for id in 1..=self.rows {
                    let adult = User::select().filter(User::ID.eq(id)).filter(User::AGE.gt(18));
                    rows.extend(session.rows(adult.order_by(User::NAME.asc()).limit(10)).unwrap());
                }
            }
            "update" => loaded.into_iter().for_each(|user| session[user].age += 1),
            "delete" => loaded.into_iter().for_each(|user| session.delete(user).unwrap()),
            _ => {
                for user in users {
                    session.add(user);
                    session.commit().unwrap();
                }
            }
        }
        session.commit().unwrap();
        (session, rows)
    }
}

/// A session, what it is to add, and what it has loaded.
struct Begun {
    session: Session,
    users: Vec<User>,
    loaded: Vec<Entity<User>>,
}
