//! This library beside hand-written `rusqlite`, in one interleaved run: `cargo run --release -p orm-tests --example measure`.
//!
//! Each round does the same work in both ways, on databases in memory: 10,000 rows of 5 columns. What is shown is the
//! fastest fifth of the rounds, for each object, and its ratio to the raw driver. An absolute time means nothing.

#![expect(clippy::unwrap_used, reason = "a program to look at")]

use std::hint::black_box;
use std::time::Instant;

use orm::prelude::*;
use rusqlite::params;

const ROWS: i64 = 10_000;
const ROUNDS: usize = 40;

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

fn users() -> Vec<User> {
    let user = |number: i64| User {
        id: 0,
        name: format!("name{number}"),
        age: 30,
        email: (number % 2 == 0).then(|| format!("{number}@example.org")),
        created: number,
    };
    (0..ROWS).map(user).collect()
}

/// The times of one workload, raw and ours, in nanoseconds for each object.
struct Times {
    name: &'static str,
    raw: Vec<f64>,
    ours: Vec<f64>,
}

fn main() -> orm::Result<()> {
    let names = ["insert", "load", "load, untracked", "get", "update", "delete"];
    let mut all = names.map(|name| Times { name, raw: Vec::new(), ours: Vec::new() });
    for _ in 0..ROUNDS {
        for (times, nanoseconds) in all.iter_mut().zip(raw_round()) {
            times.raw.push(nanoseconds);
        }
        for (times, nanoseconds) in all.iter_mut().zip(our_round()?) {
            times.ours.push(nanoseconds);
        }
    }
    for Times { name, mut raw, mut ours } in all {
        let (raw, ours) = (fastest_fifth(&mut raw), fastest_fifth(&mut ours));
        println!("{name:16} raw {raw:4.0} ns, orm {ours:4.0} ns: {:.2}x", ours / raw);
    }
    Ok(())
}

fn fastest_fifth(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 5]
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn time<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    let result = work();
    let nanoseconds = start.elapsed().as_nanos() as f64 / ROWS as f64;
    drop(black_box(result));
    nanoseconds
}

fn raw_round() -> [f64; 6] {
    let mut users = users();
    let database = rusqlite::Connection::open_in_memory().unwrap();
    let table = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER NOT NULL, email TEXT, created INTEGER NOT NULL) STRICT";
    database.execute_batch(table).unwrap();
    let insert = time(|| raw_insert(&database, &mut users));
    let load = || {
        let mut select = database.prepare_cached("SELECT id, name, age, email, created FROM users").unwrap();
        select.query_map([], raw_user).unwrap().collect::<rusqlite::Result<Vec<_>>>().unwrap()
    };
    let (load, untracked) = (time(load), time(load));
    let get = time(|| {
        database.execute_batch("BEGIN").unwrap();
        for id in 1..=ROWS {
            let sql = "SELECT id, name, age, email, created FROM users WHERE id = ?";
            black_box(database.prepare_cached(sql).unwrap().query_row([id], raw_user).unwrap());
        }
        database.execute_batch("COMMIT").unwrap();
    });
    let update = time(|| {
        database.execute_batch("BEGIN").unwrap();
        let mut statement = database.prepare_cached("UPDATE users SET age = ? WHERE id = ?").unwrap();
        for id in 1..=ROWS {
            assert_eq!(statement.execute([31, id]).unwrap(), 1);
        }
        database.execute_batch("COMMIT").unwrap();
    });
    let delete = time(|| {
        database.execute_batch("BEGIN").unwrap();
        let mut statement = database.prepare_cached("DELETE FROM users WHERE id = ?").unwrap();
        for id in 1..=ROWS {
            assert_eq!(statement.execute([id]).unwrap(), 1);
        }
        database.execute_batch("COMMIT").unwrap();
    });
    [insert, load, untracked, get, update, delete]
}

fn raw_insert(database: &rusqlite::Connection, users: &mut [User]) {
    database.execute_batch("BEGIN").unwrap();
    let sql = "INSERT INTO users (name, age, email, created) VALUES (?, ?, ?, ?)";
    let mut statement = database.prepare_cached(sql).unwrap();
    for user in users {
        statement.execute(params![user.name, user.age, user.email, user.created]).unwrap();
        user.id = database.last_insert_rowid();
    }
    database.execute_batch("COMMIT").unwrap();
}

fn raw_user(row: &rusqlite::Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        age: row.get(2)?,
        email: row.get(3)?,
        created: row.get(4)?,
    })
}

fn our_round() -> orm::Result<[f64; 6]> {
    let users = users();
    let engine = Engine::open("sqlite::memory:")?;
    engine.create_all(&Metadata::of::<User>())?;
    let mut session = engine.session();
    let insert = time(|| {
        session.add_all(users);
        session.commit().unwrap();
    });
    let mut session = engine.session();
    let load = time(|| session.all(User::select()).unwrap());
    session.commit()?;
    let untracked = time(|| engine.session().rows(User::select()).unwrap());
    let mut session = engine.session();
    let get = time(|| {
        for id in 1..=ROWS {
            black_box(session.get::<User>(id).unwrap());
        }
        session.commit().unwrap();
    });
    let mut session = engine.session();
    let loaded = session.all(User::select())?;
    let update = time(|| {
        for &user in &loaded {
            session[user].age = 31;
        }
        session.commit().unwrap();
    });
    let delete = time(|| {
        for &user in &loaded {
            session.delete(user).unwrap();
        }
        session.commit().unwrap();
    });
    Ok([insert, load, untracked, get, update, delete])
}
