//! Diesel as its guides write it: `#[derive(Insertable)]` structs inserted many at a time with RETURNING, `find`, `filter` and
//! `belonging_to` to read, `update(&user)` and `delete(&user)` for objects that were loaded, one statement for each, as Diesel has
//! no other form for objects. `update(&user).set(age.eq(…))` is taken, as it is quicker than `save_changes`, which reads back what
//! it stored. Ids alone are asked back, the program has the rest. On MariaDB, where Diesel has no RETURNING, the key of the first row
//! is asked for, and those of the others follow it.

mod mariadb;

use bench_kit::{Clock, Database, Library, SAVED_AGE, keys};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::model::{NewUser, Post, User, new_posts, new_users, posts, url, users};

macro_rules! library {
    ($name:ident, $module:ident, $connection:ty) => {
        pub struct $name($connection);

        impl $name {
            fn insert_all(&mut self, users: &[NewUser]) -> QueryResult<Vec<i64>> {
                self.0.transaction(|connection| {
                    let mut ids: Vec<i64> = Vec::with_capacity(users.len());
                    for users in users.chunks($module::ROWS) {
                        ids.extend($module::insert(connection, users)?);
                    }
                    Ok(ids)
                })
            }

            fn users(&mut self, n: i64) -> QueryResult<Vec<User>> {
                users::table
                    .filter(users::id.le(n).and(users::age.ge(18)))
                    .select(User::as_select())
                    .load(&mut self.0)
            }

            fn save_all(&mut self, users: &mut [User]) -> QueryResult<()> {
                self.0.transaction(|connection| {
                    for user in users {
                        user.age = SAVED_AGE;
                        diesel::update(&*user).set(users::age.eq(user.age)).execute(connection)?;
                    }
                    Ok(())
                })
            }

            fn delete_all(&mut self, users: &[User]) -> QueryResult<()> {
                self.0.transaction(|connection| {
                    for user in users {
                        diesel::delete(user).execute(connection)?;
                    }
                    Ok(())
                })
            }

            fn with_posts(&mut self, n: i64) -> QueryResult<Vec<(User, Vec<Post>)>> {
                let users = self.users(n)?;
                let posts = Post::belonging_to(&users).select(Post::as_select()).load(&mut self.0)?;
                let posts = posts.grouped_by(&users);
                Ok(users.into_iter().zip(posts).collect())
            }

            fn work(&mut self) -> QueryResult<()> {
                self.0.transaction(|connection| {
                    let user = users::table.find(1).select(User::as_select()).get_result(connection)?;
                    diesel::update(&user).set(users::age.eq(user.age + 1)).execute(connection)?;
                    diesel::insert_into(posts::table).values(new_posts(&user)).execute(connection)?;
                    Ok(())
                })
            }
        }

        impl Library for $name {
            const ASYNC: bool = false;

            async fn open(database: &Database) -> Self {
                Self(<$connection>::establish(&url(database)).unwrap())
            }

            async fn script(&mut self, sql: &str) {
                self.0.batch_execute(sql).unwrap();
            }

            async fn number(&mut self, query: &str) -> i64 {
                diesel::select(sql::<BigInt>(&format!("({query})"))).get_result(&mut self.0).unwrap()
            }

            async fn insert(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let users = new_users(n);
                clock.start();
                let ids = self.insert_all(&users).unwrap();
                clock.stop();
                Some(ids.iter().sum())
            }

            async fn insert_each(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let users = new_users(n);
                let mut ids: Vec<i64> = Vec::with_capacity(users.len());
                clock.start();
                for user in &users {
                    ids.push($module::insert_one(&mut self.0, user).unwrap());
                }
                clock.stop();
                Some(ids.iter().sum())
            }

            async fn load(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                clock.start();
                let users = self.users(n).unwrap();
                clock.stop();
                Some(users.iter().map(|user| i64::from(user.age)).sum())
            }

            async fn get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let keys = keys(n);
                let mut users: Vec<User> = Vec::with_capacity(keys.len());
                clock.start();
                for key in keys {
                    let find = users::table.find(key).select(User::as_select());
                    users.push(find.get_result(&mut self.0).unwrap());
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
                self.work().unwrap();
                clock.stop();
                Some(1)
            }
        }
    };
}

library!(Sqlite, sqlite, SqliteConnection);
library!(Postgres, postgres, PgConnection);
library!(MariaDb, mariadb, MysqlConnection);

/// A database that hands back the keys. How many rows one statement inserts is the quickest there.
macro_rules! returning {
    ($module:ident, $connection:ty, $rows:expr) => {
        mod $module {
            use diesel::prelude::*;

            use crate::model::{NewUser, users};

            pub const ROWS: usize = $rows;

            pub fn insert(connection: &mut $connection, users: &[NewUser]) -> QueryResult<Vec<i64>> {
                diesel::insert_into(users::table).values(users).returning(users::id).get_results(connection)
            }

            pub fn insert_one(connection: &mut $connection, user: &NewUser) -> QueryResult<i64> {
                diesel::insert_into(users::table).values(user).returning(users::id).get_result(connection)
            }
        }
    };
}

// SQLite, which does not keep such a statement, reads short ones quicker.
returning!(sqlite, SqliteConnection, 500);
// PostgreSQL has room for 65,535 values in one.
returning!(postgres, PgConnection, 10_000);
