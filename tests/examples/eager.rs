//! 100 rows with 10 related rows each, eagerly loaded by this library and by hand with `rusqlite`: two statements, and what was found put
//! into a list for each of the 100. `cargo run --release -p orm-tests --example eager`.
//!
//! With arguments it does so one way so often, to count instructions: `valgrind --tool=callgrind target/release/examples/eager orm 3`; the
//! difference between 3 and 1 repetitions is two times 1,100 objects.

#![expect(clippy::unwrap_used, reason = "a program to look at")]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use orm::prelude::*;

const OWNERS: usize = 100;
const EACH: usize = 10;
const ROUNDS: usize = 2_000;

#[derive(Model)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    age: i32,
    email: Option<String>,
    posts: HasMany<Post>,
}

#[derive(Model)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    author: BelongsTo<User>,
    title: String,
    body: String,
    created: i64,
}

const TABLES: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER NOT NULL, email TEXT) STRICT;
    CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users, title TEXT NOT NULL, body TEXT NOT NULL,
        created INTEGER NOT NULL) STRICT;
    CREATE INDEX posts_author_id_idx ON posts (author_id);
    WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100)
        INSERT INTO users SELECT n, 'name' || n, 30, iif(n % 2, n || '@example.org', NULL) FROM n;
    WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 999)
        INSERT INTO posts SELECT n + 1, n / 10 + 1, 'title' || n, 'what there is to say of it ' || n, n FROM n;
";

fn main() -> orm::Result<()> {
    let raw = rusqlite::Connection::open_in_memory().unwrap();
    raw.execute_batch(TABLES).unwrap();
    let engine = Engine::open("sqlite::memory:")?;
    engine.begin(|connection| {
        for sql in TABLES.split_inclusive(';').filter(|sql| !sql.trim().is_empty()) {
            connection.execute(text(sql.trim().trim_end_matches(';')))?;
        }
        Ok(())
    })?;
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [who, times] => repeat(who, times.parse().unwrap(), &raw, &engine),
        _ => compare(&raw, &engine),
    }
}

fn repeat(who: &str, times: usize, raw: &rusqlite::Connection, engine: &Engine) -> orm::Result<()> {
    for _ in 0..times {
        match who {
            "raw" => drop(black_box(by_hand(raw))),
            _ => drop(black_box(by_orm(engine)?)),
        }
    }
    Ok(())
}

/// Both ways in turn; what was loaded is dropped after the clock has stopped.
#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn compare(raw: &rusqlite::Connection, engine: &Engine) -> orm::Result<()> {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let found = by_hand(raw);
        times[0].push(start.elapsed().as_nanos() as f64);
        drop(black_box(found));
        let start = Instant::now();
        let found = by_orm(engine)?;
        times[1].push(start.elapsed().as_nanos() as f64);
        drop(black_box(found));
    }
    let [raw, ours] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 5] / (OWNERS * EACH) as f64
    });
    println!("eager    raw {raw:4.0} ns, orm {ours:4.0} ns for each of the related rows: {:.2}x", ours / raw);
    Ok(())
}

/// A session, the query and the relation, and a look at all that was found.
fn by_orm(engine: &Engine) -> orm::Result<(Session, Vec<Entity<User>>)> {
    let mut session = engine.session();
    let users = session.all(User::select().with(User::POSTS))?;
    let posts = users.iter().map(|&user| session[user].posts.len()).sum::<usize>();
    assert_eq!(posts, OWNERS * EACH);
    Ok((session, users))
}

/// The same two statements, kept prepared, and a list for each user.
fn by_hand(database: &rusqlite::Connection) -> (Vec<User>, Vec<Vec<Post>>) {
    database.execute_batch("BEGIN").unwrap();
    let mut select = database.prepare_cached("SELECT id, name, age, email FROM users").unwrap();
    let user = |row: &rusqlite::Row<'_>| {
        Ok(User {
            id: row.get(0)?,
            name: row.get(1)?,
            age: row.get(2)?,
            email: row.get(3)?,
            posts: HasMany::default(),
        })
    };
    let users: Vec<_> = select.query_map([], user).unwrap().collect::<rusqlite::Result<_>>().unwrap();
    let places: HashMap<i64, usize> =
        users.iter().enumerate().map(|(place, user)| (user.id, place)).collect();
    let list = vec!["?"; users.len()].join(", ");
    let sql = format!("SELECT id, author_id, title, body, created FROM posts WHERE author_id IN ({list})");
    let mut select = database.prepare_cached(&sql).unwrap();
    let mut rows = select.query(rusqlite::params_from_iter(users.iter().map(|user| user.id))).unwrap();
    let mut posts: Vec<Vec<Post>> = users.iter().map(|_| Vec::new()).collect();
    while let Some(row) = rows.next().unwrap() {
        let author: i64 = row.get(1).unwrap();
        posts[places[&author]].push(Post {
            id: row.get(0).unwrap(),
            author: BelongsTo::key(author),
            title: row.get(2).unwrap(),
            body: row.get(3).unwrap(),
            created: row.get(4).unwrap(),
        });
    }
    drop(rows);
    database.execute_batch("ROLLBACK").unwrap();
    (users, posts)
}
