//! rusqlite by hand: statements are kept, rows are read by position.

use std::collections::HashMap;

use bench_kit::{BODY, Clock, Database, Library, POSTS, SAVED_AGE, age, created, email, keys, name};
use rusqlite::{Connection, Row, params};

pub struct Raw(Connection);

struct User {
    id: i64,
    name: String,
    age: i32,
    email: Option<String>,
    created: i64,
}

struct Post {
    _id: i64,
    user_id: i64,
    _title: String,
    body: String,
}

const INSERT: &str = "INSERT INTO users (name, age, email, created) VALUES (?, ?, ?, ?)";
const LOAD: &str = "SELECT id, name, age, email, created FROM users WHERE id <= ? AND age >= ?";

fn user(number: i64) -> User {
    User { id: 0, name: name(number), age: age(number), email: email(number), created: created(number) }
}

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        age: row.get(2)?,
        email: row.get(3)?,
        created: row.get(4)?,
    })
}

fn read_post(row: &Row<'_>) -> rusqlite::Result<Post> {
    Ok(Post { _id: row.get(0)?, user_id: row.get(1)?, _title: row.get(2)?, body: row.get(3)? })
}

impl Raw {
    fn users(&self, n: i64) -> rusqlite::Result<Vec<User>> {
        self.0.prepare_cached(LOAD)?.query_map([n, 18], read)?.collect()
    }

    fn insert_all(&mut self, users: &mut [User]) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut statement = transaction.prepare_cached(INSERT)?;
            for user in users {
                statement.execute(params![user.name, user.age, user.email, user.created])?;
                user.id = transaction.last_insert_rowid();
            }
        }
        transaction.commit()
    }

    fn save_all(&mut self, users: &mut [User]) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut statement = transaction.prepare_cached("UPDATE users SET age = ? WHERE id = ?")?;
            for user in users {
                user.age = SAVED_AGE;
                assert_eq!(statement.execute(params![user.age, user.id])?, 1);
            }
        }
        transaction.commit()
    }

    fn delete_all(&mut self, users: &[User]) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut statement = transaction.prepare_cached("DELETE FROM users WHERE id = ?")?;
            for user in users {
                assert_eq!(statement.execute([user.id])?, 1);
            }
        }
        transaction.commit()
    }

    /// Two statements; the posts find their user by a map.
    fn with_posts(&self, n: i64) -> rusqlite::Result<Vec<(User, Vec<Post>)>> {
        let mut users: Vec<_> =
            self.users(n)?.into_iter().map(|user| (user, Vec::with_capacity(POSTS as usize))).collect();
        let places: HashMap<i64, usize> =
            users.iter().enumerate().map(|(place, (user, _))| (user.id, place)).collect();
        let marks = vec!["?"; users.len()].join(", ");
        let sql = format!("SELECT id, user_id, title, body FROM posts WHERE user_id IN ({marks})");
        let mut statement = self.0.prepare_cached(&sql)?;
        let ids = rusqlite::params_from_iter(users.iter().map(|(user, _)| user.id));
        let posts = statement.query_map(ids, read_post)?.collect::<rusqlite::Result<Vec<_>>>()?;
        for post in posts {
            users[places[&post.user_id]].1.push(post);
        }
        Ok(users)
    }
}

impl Library for Raw {
    const ASYNC: bool = false;

    async fn open(database: &Database) -> Self {
        Self(match database {
            Database::File(path) => Connection::open(path).unwrap(),
            _ => Connection::open_in_memory().unwrap(),
        })
    }

    async fn script(&mut self, sql: &str) {
        self.0.execute_batch(sql).unwrap();
    }

    async fn number(&mut self, sql: &str) -> i64 {
        self.0.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    async fn insert(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let mut users: Vec<_> = (1..=n).map(user).collect();
        clock.start();
        self.insert_all(&mut users).unwrap();
        clock.stop();
        Some(users.iter().map(|user| user.id).sum())
    }

    async fn insert_each(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let mut users: Vec<_> = (1..=n).map(user).collect();
        clock.start();
        for user in &mut users {
            let mut statement = self.0.prepare_cached(INSERT).unwrap();
            statement.execute(params![user.name, user.age, user.email, user.created]).unwrap();
            user.id = self.0.last_insert_rowid();
        }
        clock.stop();
        Some(users.iter().map(|user| user.id).sum())
    }

    async fn load(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        clock.start();
        let users = self.users(n).unwrap();
        clock.stop();
        Some(users.iter().map(|user| i64::from(user.age)).sum())
    }

    async fn get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let keys = keys(n);
        let mut users = Vec::with_capacity(keys.len());
        clock.start();
        for key in keys {
            let sql = "SELECT id, name, age, email, created FROM users WHERE id = ?";
            users.push(self.0.prepare_cached(sql).unwrap().query_row([key], read).unwrap());
        }
        clock.stop();
        Some(users.iter().map(|user| i64::from(user.age)).sum())
    }

    async fn save(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let mut users = self.users(n).unwrap();
        clock.start();
        self.save_all(&mut users).unwrap();
        clock.stop();
        Some(n)
    }

    async fn save_few(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let mut users = self.users(n).unwrap();
        clock.start();
        self.save_all(&mut users[..100]).unwrap();
        clock.stop();
        Some(100)
    }

    async fn eager(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        clock.start();
        let users = self.with_posts(n).unwrap();
        clock.stop();
        Some(users.iter().flat_map(|(_, posts)| posts).map(|post| post.body.len() as i64).sum())
    }

    async fn delete(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let users = self.users(n).unwrap();
        clock.start();
        self.delete_all(&users).unwrap();
        clock.stop();
        Some(n)
    }

    async fn unit(&mut self, clock: &mut Clock) -> Option<i64> {
        clock.start();
        let transaction = self.0.transaction().unwrap();
        {
            let sql = "SELECT id, name, age, email, created FROM users WHERE id = ?";
            let user = transaction.prepare_cached(sql).unwrap().query_row([1], read).unwrap();
            let mut update = transaction.prepare_cached("UPDATE users SET age = ? WHERE id = ?").unwrap();
            assert_eq!(update.execute(params![user.age + 1, user.id]).unwrap(), 1);
            let sql = "INSERT INTO posts (user_id, title, body) VALUES (?, ?, ?)";
            let mut insert = transaction.prepare_cached(sql).unwrap();
            for title in ["first", "second"] {
                insert.execute(params![user.id, title, BODY]).unwrap();
            }
        }
        transaction.commit().unwrap();
        clock.stop();
        Some(1)
    }
}
