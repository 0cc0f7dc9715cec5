//! mysql_async as it is used where nobody thinks of round trips: in one transaction, a kept statement for each row, one after the
//! other. What else there is to measure would be the floor's again.

use bench_kit::{Clock, Database, Library, SAVED_AGE};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Result};

use crate::raw_mariadb::{INSERT, LOAD, User, options, read, user};

pub struct RowByRow(Conn);

impl RowByRow {
    async fn users(&mut self, n: i64) -> Result<Vec<User>> {
        self.0.exec_map(LOAD, (n, 18), read).await
    }

    async fn insert_all(&mut self, users: &mut [User]) -> Result<()> {
        self.0.query_drop("START TRANSACTION").await?;
        let insert = self.0.prep(INSERT).await?;
        for user in users {
            let values = (&user.name, user.age, &user.email, user.created);
            self.0.exec_drop(&insert, values).await?;
            user.id = self.0.last_insert_id().unwrap() as i64;
        }
        self.0.query_drop("COMMIT").await
    }

    async fn save_all(&mut self, users: &mut [User]) -> Result<()> {
        self.0.query_drop("START TRANSACTION").await?;
        let save = self.0.prep("UPDATE users SET age = ? WHERE id = ?").await?;
        for user in users {
            user.age = SAVED_AGE;
            self.0.exec_drop(&save, (user.age, user.id)).await?;
            assert_eq!(self.0.affected_rows(), 1);
        }
        self.0.query_drop("COMMIT").await
    }

    async fn delete_all(&mut self, users: &[User]) -> Result<()> {
        self.0.query_drop("START TRANSACTION").await?;
        let delete = self.0.prep("DELETE FROM users WHERE id = ?").await?;
        for user in users {
            self.0.exec_drop(&delete, (user.id,)).await?;
            assert_eq!(self.0.affected_rows(), 1);
        }
        self.0.query_drop("COMMIT").await
    }
}

impl Library for RowByRow {
    const ASYNC: bool = true;

    async fn open(database: &Database) -> Self {
        Self(Conn::new(options(database)).await.unwrap())
    }

    async fn script(&mut self, sql: &str) {
        self.0.query_drop(sql).await.unwrap();
    }

    async fn number(&mut self, sql: &str) -> i64 {
        self.0.query_first(sql).await.unwrap().unwrap()
    }

    async fn insert(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let mut users: Vec<_> = (1..=n).map(user).collect();
        clock.start();
        self.insert_all(&mut users).await.unwrap();
        clock.stop();
        Some(users.iter().map(|user| user.id).sum())
    }

    async fn save(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let mut users = self.users(n).await.unwrap();
        clock.start();
        self.save_all(&mut users).await.unwrap();
        clock.stop();
        Some(n)
    }

    async fn delete(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let users = self.users(n).await.unwrap();
        clock.start();
        self.delete_all(&users).await.unwrap();
        clock.stop();
        Some(n)
    }
}
