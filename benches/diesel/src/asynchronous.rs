//! diesel-async on PostgreSQL and MariaDB, with Diesel's queries. The pool is deadpool's, whose connections are handed out without
//! a query that tests them (`RecyclingMethod::Fast`, "a safe choice" says its documentation).

mod mariadb;
mod postgres;

use bench_kit::{Clock, Database, Library, SAVED_AGE, keys, shares};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{
    AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
};

use crate::model::{Post, User, new_users, tcp_url, users};

macro_rules! library {
    ($name:ident, $module:ident, $connection:ty) => {
        pub struct $name {
            /// For the work of one task.
            connection: $connection,
            pool: Pool<$connection>,
        }

        impl $name {
            async fn users(&mut self, n: i64) -> QueryResult<Vec<User>> {
                let adults = users::table.filter(users::id.le(n).and(users::age.ge(18)));
                adults.select(User::as_select()).load(&mut self.connection).await
            }

            async fn save_all(&mut self, users: &mut [User]) -> QueryResult<()> {
                for user in &mut *users {
                    user.age = SAVED_AGE;
                }
                let save = async |connection: &mut $connection| $module::save(connection, users).await;
                self.connection.transaction(save).await
            }

            async fn delete_all(&mut self, users: &[User]) -> QueryResult<()> {
                let delete = async |connection: &mut $connection| $module::delete(connection, users).await;
                self.connection.transaction(delete).await
            }

            async fn with_posts(&mut self, n: i64) -> QueryResult<Vec<(User, Vec<Post>)>> {
                let users = self.users(n).await?;
                let posts = Post::belonging_to(&users).select(Post::as_select());
                let posts = posts.load(&mut self.connection).await?.grouped_by(&users);
                Ok(users.into_iter().zip(posts).collect())
            }

            async fn work(connection: &mut $connection, key: i64) -> QueryResult<()> {
                let work = async |connection: &mut $connection| {
                    let find = users::table.find(key).select(User::as_select());
                    let mut user = find.get_result(connection).await?;
                    user.age += 1;
                    $module::write(connection, &user).await
                };
                connection.transaction(work).await
            }
        }

        impl Library for $name {
            const ASYNC: bool = true;

            async fn open(database: &Database) -> Self {
                let mut config = ManagerConfig::default();
                config.recycling_method = RecyclingMethod::Fast;
                let manager = AsyncDieselConnectionManager::new_with_config(tcp_url(database), config);
                Self {
                    connection: <$connection>::establish(&tcp_url(database)).await.unwrap(),
                    pool: Pool::builder(manager).max_size(10).build().unwrap(),
                }
            }

            async fn script(&mut self, sql: &str) {
                self.connection.batch_execute(sql).await.unwrap();
            }

            async fn number(&mut self, query: &str) -> i64 {
                let query = diesel::select(sql::<BigInt>(&format!("({query})")));
                query.get_result(&mut self.connection).await.unwrap()
            }

            async fn insert(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let users = new_users(n);
                let insert = async |connection: &mut $connection| {
                    let mut ids: Vec<i64> = Vec::with_capacity(users.len());
                    for users in users.chunks($module::ROWS) {
                        ids.extend($module::insert(connection, users).await?);
                    }
                    QueryResult::Ok(ids)
                };
                clock.start();
                let ids = self.connection.transaction(insert).await.unwrap();
                clock.stop();
                Some(ids.iter().sum())
            }

            async fn insert_each(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let users = new_users(n);
                let mut ids: Vec<i64> = Vec::with_capacity(users.len());
                clock.start();
                for user in &users {
                    ids.push($module::insert_one(&mut self.connection, user).await.unwrap());
                }
                clock.stop();
                Some(ids.iter().sum())
            }

            async fn load(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                clock.start();
                let users = self.users(n).await.unwrap();
                clock.stop();
                Some(users.iter().map(|user| i64::from(user.age)).sum())
            }

            async fn get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let keys = keys(n);
                let mut users: Vec<User> = Vec::with_capacity(keys.len());
                clock.start();
                for key in keys {
                    let find = users::table.find(key).select(User::as_select());
                    users.push(find.get_result(&mut self.connection).await.unwrap());
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
                Self::work(&mut self.connection, 1).await.unwrap();
                clock.stop();
                Some(1)
            }

            async fn tasks_get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let task = |keys: Vec<i64>| {
                    let pool = self.pool.clone();
                    tokio::spawn(async move {
                        let mut ages = 0;
                        for key in keys {
                            let mut connection = pool.get().await.unwrap();
                            let find = users::table.find(key).select(User::as_select());
                            ages += i64::from(find.get_result(&mut connection).await.unwrap().age);
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
                            Self::work(&mut pool.get().await.unwrap(), key).await.unwrap();
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
    };
}

library!(Postgres, postgres, AsyncPgConnection);
library!(MariaDb, mariadb, AsyncMysqlConnection);
