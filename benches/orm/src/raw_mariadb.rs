//! mysql_async by hand: statements are kept, many rows travel as the values of one statement, their keys follow the first one, and
//! what an UPDATE or DELETE matched is looked at before COMMIT. The protocol answers a request before it takes the next, so there
//! is nothing to pipeline.

use std::collections::HashMap;

use bench_kit::{BODY, Clock, Database, Library, POSTS, SAVED_AGE, age, created, email, keys, name, shares};
use mysql_async::prelude::Queryable;
use mysql_async::{
    Conn, Opts, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts, Result, Statement, Value,
};

pub struct Raw {
    /// For the work of one task.
    conn: Conn,
    /// Kept, by their text; so is what has a place for each of so many rows.
    statements: HashMap<String, Statement>,
    pool: Pool,
}

pub struct User {
    pub id: i64,
    pub name: String,
    pub age: i32,
    pub email: Option<String>,
    pub created: i64,
}

struct Post {
    _id: i64,
    user_id: i64,
    _title: String,
    body: String,
}

type UserRow = (i64, String, i32, Option<String>, i64);

pub const INSERT: &str = "INSERT INTO users (name, age, email, created) VALUES (?, ?, ?, ?)";
pub const LOAD: &str = "SELECT id, name, age, email, created FROM users WHERE id <= ? AND age >= ?";
const GET: &str = "SELECT id, name, age, email, created FROM users WHERE id = ?";

/// How many rows one statement inserts: with more of them it takes as long for each.
const ROWS: usize = 1_000;

pub fn user(number: i64) -> User {
    User { id: 0, name: name(number), age: age(number), email: email(number), created: created(number) }
}

pub fn read((id, name, age, email, created): UserRow) -> User {
    User { id, name, age, email, created }
}

/// Connections as they are fastest: what is prepared on them lives on when they go back to the pool.
pub fn options(database: &Database) -> Opts {
    let opts = Opts::from_url(&database.mysql_url()).unwrap();
    let constraints = PoolConstraints::new(10, 10).unwrap();
    let pool = PoolOpts::new().with_constraints(constraints).with_reset_connection(false);
    OptsBuilder::from_opts(opts).client_found_rows(true).prefer_socket(false).pool_opts(pool).into()
}

/// `sql` with `(?, …)` for each of so many rows behind it.
fn with_marks(sql: &str, marks: &str, rows: usize) -> String {
    format!("{sql} {}", vec![marks; rows].join(", "))
}

impl Raw {
    async fn prepared(&mut self, sql: String) -> Result<Statement> {
        if let Some(statement) = self.statements.get(&sql) {
            return Ok(statement.clone());
        }
        let statement = self.conn.prep(&*sql).await?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    async fn execute(&mut self, sql: String, values: impl Into<Params> + Send) -> Result<()> {
        let statement = self.prepared(sql).await?;
        self.conn.exec_drop(statement, values).await
    }

    async fn users(&mut self, n: i64) -> Result<Vec<User>> {
        let load = self.prepared(LOAD.to_owned()).await?;
        self.conn.exec_map(load, (n, 18), read).await
    }

    /// The keys of the rows of one INSERT follow each other, as `innodb_autoinc_lock_mode` is 1.
    async fn insert_all(&mut self, users: &mut [User]) -> Result<()> {
        self.conn.query_drop("START TRANSACTION").await?;
        for users in users.chunks_mut(ROWS) {
            let sql = with_marks(
                "INSERT INTO users (name, age, email, created) VALUES",
                "(?, ?, ?, ?)",
                users.len(),
            );
            let mut values = Vec::<Value>::with_capacity(users.len() * 4);
            for user in &*users {
                let email = user.email.as_deref();
                values.extend([(&*user.name).into(), user.age.into(), email.into(), user.created.into()]);
            }
            self.execute(sql, values).await?;
            let first = self.conn.last_insert_id().unwrap() as i64;
            for (user, id) in users.iter_mut().zip(first..) {
                user.id = id;
            }
        }
        self.conn.query_drop("COMMIT").await
    }

    /// A join; the server needs half as long again for a bulk of statements (`exec_batch`), and for JSON_TABLE.
    async fn save_all(&mut self, users: &mut [User]) -> Result<()> {
        self.conn.query_drop("START TRANSACTION").await?;
        for users in users.chunks_mut(ROWS) {
            let mut values = Vec::<Value>::with_capacity(users.len() * 2);
            for user in &mut *users {
                user.age = SAVED_AGE;
                values.extend([user.id.into(), user.age.into()]);
            }
            let others = " UNION ALL SELECT ?, ?".repeat(users.len() - 1);
            let saved = format!("SELECT ? AS id, ? AS age{others}");
            let sql = format!("UPDATE users JOIN ({saved}) AS saved USING (id) SET users.age = saved.age");
            self.execute(sql, values).await?;
            assert_eq!(self.conn.affected_rows(), users.len() as u64);
        }
        self.conn.query_drop("COMMIT").await
    }

    async fn delete_all(&mut self, users: &[User]) -> Result<()> {
        self.conn.query_drop("START TRANSACTION").await?;
        let marks = vec!["?"; users.len()].join(", ");
        let ids: Vec<Value> = users.iter().map(|user| user.id.into()).collect();
        self.execute(format!("DELETE FROM users WHERE id IN ({marks})"), ids).await?;
        assert_eq!(self.conn.affected_rows(), users.len() as u64);
        self.conn.query_drop("COMMIT").await
    }

    /// Two statements; the posts find their user by a map.
    async fn with_posts(&mut self, n: i64) -> Result<Vec<(User, Vec<Post>)>> {
        let users = self.users(n).await?;
        let mut users: Vec<_> =
            users.into_iter().map(|user| (user, Vec::with_capacity(POSTS as usize))).collect();
        let places: HashMap<i64, usize> =
            users.iter().enumerate().map(|(place, (user, _))| (user.id, place)).collect();
        let marks = vec!["?"; users.len()].join(", ");
        let ids: Vec<Value> = users.iter().map(|(user, _)| user.id.into()).collect();
        let select = format!("SELECT id, user_id, title, body FROM posts WHERE user_id IN ({marks})");
        let select = self.prepared(select).await?;
        let read = |(id, user_id, title, body)| Post { _id: id, user_id, _title: title, body };
        for post in self.conn.exec_map(select, ids, read).await? {
            users[places[&post.user_id]].1.push(post);
        }
        Ok(users)
    }
}

/// Five round trips, whose statements the driver keeps.
async fn work(conn: &mut Conn, id: i64) -> Result<()> {
    conn.query_drop("START TRANSACTION").await?;
    let user = read(conn.exec_first(GET, (id,)).await?.unwrap());
    conn.exec_drop("UPDATE users SET age = ? WHERE id = ?", (user.age + 1, user.id)).await?;
    assert_eq!(conn.affected_rows(), 1);
    let insert = "INSERT INTO posts (user_id, title, body) VALUES (?, ?, ?), (?, ?, ?)";
    conn.exec_drop(insert, (user.id, "first", BODY, user.id, "second", BODY)).await?;
    assert!(conn.last_insert_id().is_some());
    conn.query_drop("COMMIT").await
}

impl Library for Raw {
    const ASYNC: bool = true;

    async fn open(database: &Database) -> Self {
        let opts = options(database);
        let conn = Conn::new(opts.clone()).await.unwrap();
        Self { conn, statements: HashMap::new(), pool: Pool::new(opts) }
    }

    async fn script(&mut self, sql: &str) {
        self.conn.query_drop(sql).await.unwrap();
    }

    async fn number(&mut self, sql: &str) -> i64 {
        self.conn.query_first(sql).await.unwrap().unwrap()
    }

    async fn insert(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let mut users: Vec<_> = (1..=n).map(user).collect();
        clock.start();
        self.insert_all(&mut users).await.unwrap();
        clock.stop();
        Some(users.iter().map(|user| user.id).sum())
    }

    async fn insert_each(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let mut users: Vec<_> = (1..=n).map(user).collect();
        let insert = self.prepared(INSERT.to_owned()).await.unwrap();
        clock.start();
        for user in &mut users {
            let values = (&user.name, user.age, &user.email, user.created);
            self.conn.exec_drop(&insert, values).await.unwrap();
            user.id = self.conn.last_insert_id().unwrap() as i64;
        }
        clock.stop();
        Some(users.iter().map(|user| user.id).sum())
    }

    async fn load(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        clock.start();
        let users = self.users(n).await.unwrap();
        clock.stop();
        Some(users.iter().map(|user| i64::from(user.age)).sum())
    }

    async fn get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let keys = keys(n);
        let mut users = Vec::with_capacity(keys.len());
        let get = self.prepared(GET.to_owned()).await.unwrap();
        clock.start();
        for key in keys {
            users.push(read(self.conn.exec_first(&get, (key,)).await.unwrap().unwrap()));
        }
        clock.stop();
        Some(users.iter().map(|user| i64::from(user.age)).sum())
    }

    async fn save(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let mut users = self.users(n).await.unwrap();
        clock.start();
        self.save_all(&mut users).await.unwrap();
        clock.stop();
        Some(n)
    }

    async fn save_few(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let mut users = self.users(n).await.unwrap();
        clock.start();
        self.save_all(&mut users[..100]).await.unwrap();
        clock.stop();
        Some(100)
    }

    async fn eager(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        clock.start();
        let users = self.with_posts(n).await.unwrap();
        clock.stop();
        Some(users.iter().flat_map(|(_, posts)| posts).map(|post| post.body.len() as i64).sum())
    }

    async fn delete(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let users = self.users(n).await.unwrap();
        clock.start();
        self.delete_all(&users).await.unwrap();
        clock.stop();
        Some(n)
    }

    async fn unit(&mut self, clock: &mut Clock) -> Option<i64> {
        clock.start();
        work(&mut self.conn, 1).await.unwrap();
        clock.stop();
        Some(1)
    }

    async fn tasks_get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let task = |keys: Vec<i64>| {
            let pool = self.pool.clone();
            tokio::spawn(async move {
                let mut ages = 0;
                for key in keys {
                    let mut conn = pool.get_conn().await.unwrap();
                    ages += i64::from(read(conn.exec_first(GET, (key,)).await.unwrap().unwrap()).age);
                }
                ages
            })
        };
        clock.start();
        let tasks: Vec<_> = shares(n).into_iter().map(task).collect();
        let mut ages = 0;
        for task in tasks {
            ages += task.await.unwrap();
        }
        clock.stop();
        Some(ages)
    }

    async fn tasks_unit(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let task = |keys: Vec<i64>| {
            let pool = self.pool.clone();
            tokio::spawn(async move {
                for key in keys {
                    work(&mut pool.get_conn().await.unwrap(), key).await.unwrap();
                }
            })
        };
        clock.start();
        let tasks: Vec<_> = shares(n).into_iter().map(task).collect();
        for task in tasks {
            task.await.unwrap();
        }
        clock.stop();
        Some(n)
    }
}
