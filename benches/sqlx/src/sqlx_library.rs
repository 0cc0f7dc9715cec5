//! SQLx with SQL written by hand, `query_as` and `#[derive(FromRow)]`. It knows no objects, so lists are written as its FAQ and the
//! documentation of `QueryBuilder` say: arrays (`UNNEST`, `ANY`) on PostgreSQL; on SQLite and MariaDB `push_values` to insert, a list
//! of keys to delete, and to save a statement for each on SQLite, a join on MariaDB. The pool hands out connections without a ping (`test_before_acquire(false)`).

use std::collections::HashMap;

use bench_kit::{BODY, Clock, Database, Library, POSTS, SAVED_AGE, age, created, email, keys, name, shares};
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, Connection, Pool};

use crate::{mariadb, postgres, sqlite};

#[derive(sqlx::FromRow)]
pub struct User {
    pub id: i64,
    pub name: String,
    pub age: i32,
    pub email: Option<String>,
    pub created: i64,
}

#[derive(sqlx::FromRow)]
#[expect(dead_code, reason = "all columns are read, as a program would")]
pub struct Post {
    id: i64,
    user_id: i64,
    title: String,
    body: String,
}

/// Statements that differ by their marks alone.
pub struct Texts {
    pub get: &'static str,
    pub load: &'static str,
    pub insert: &'static str,
    pub save: &'static str,
    pub insert_posts: &'static str,
}

pub const NUMBERED: Texts = Texts {
    get: "SELECT id, name, age, email, created FROM users WHERE id = $1",
    load: "SELECT id, name, age, email, created FROM users WHERE id <= $1 AND age >= $2",
    insert: "INSERT INTO users (name, age, email, created) VALUES ($1, $2, $3, $4) RETURNING id",
    save: "UPDATE users SET age = $1 WHERE id = $2",
    insert_posts: "INSERT INTO posts (user_id, title, body) VALUES ($1, $2, $3), ($4, $5, $6)",
};

fn users(n: i64) -> Vec<User> {
    let user = |number| User {
        id: 0,
        name: name(number),
        age: age(number),
        email: email(number),
        created: created(number),
    };
    (1..=n).map(user).collect()
}

/// The posts find their user by a map.
fn join(users: Vec<User>, posts: Vec<Post>) -> Vec<(User, Vec<Post>)> {
    let mut users: Vec<_> =
        users.into_iter().map(|user| (user, Vec::with_capacity(POSTS as usize))).collect();
    let places: HashMap<i64, usize> =
        users.iter().enumerate().map(|(place, (user, _))| (user.id, place)).collect();
    for post in posts {
        users[places[&post.user_id]].1.push(post);
    }
    users
}

macro_rules! library {
    ($name:ident, $module:ident, $database:ty, $connection:ty) => {
        pub struct $name {
            /// For the work of one task.
            connection: $connection,
            pool: Pool<$database>,
        }

        impl $name {
            async fn users(&mut self, n: i64) -> sqlx::Result<Vec<User>> {
                sqlx::query_as($module::TEXTS.load).bind(n).bind(18).fetch_all(&mut self.connection).await
            }

            async fn insert_all(&mut self, users: &mut [User]) -> sqlx::Result<()> {
                let mut transaction = self.connection.begin().await?;
                $module::insert(&mut transaction, users).await?;
                transaction.commit().await
            }

            async fn save_all(&mut self, users: &mut [User]) -> sqlx::Result<()> {
                for user in &mut *users {
                    user.age = SAVED_AGE;
                }
                let mut transaction = self.connection.begin().await?;
                $module::save(&mut transaction, users).await?;
                transaction.commit().await
            }

            async fn delete_all(&mut self, users: &[User]) -> sqlx::Result<()> {
                let mut transaction = self.connection.begin().await?;
                $module::delete(&mut transaction, users).await?;
                transaction.commit().await
            }

            async fn with_posts(&mut self, n: i64) -> sqlx::Result<Vec<(User, Vec<Post>)>> {
                let users = self.users(n).await?;
                let posts = $module::posts(&mut self.connection, &users).await?;
                Ok(join(users, posts))
            }

            async fn work(connection: &mut $connection, key: i64) -> sqlx::Result<()> {
                let mut transaction = connection.begin().await?;
                let user: User =
                    sqlx::query_as($module::TEXTS.get).bind(key).fetch_one(&mut *transaction).await?;
                let save = sqlx::query($module::TEXTS.save);
                save.bind(user.age + 1).bind(user.id).execute(&mut *transaction).await?;
                let insert = sqlx::query($module::TEXTS.insert_posts).bind(user.id).bind("first").bind(BODY);
                let insert = insert.bind(user.id).bind("second").bind(BODY);
                insert.execute(&mut *transaction).await?;
                transaction.commit().await
            }
        }

        impl Library for $name {
            const ASYNC: bool = true;

            async fn open(database: &Database) -> Self {
                let options = $module::options(&database.mysql_url());
                let pool = PoolOptions::new().max_connections(10).test_before_acquire(false);
                Self {
                    connection: <$connection>::connect_with(&options).await.unwrap(),
                    pool: pool.connect_lazy_with(options),
                }
            }

            async fn script(&mut self, sql: &str) {
                let script = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
                script.execute(&mut self.connection).await.unwrap();
            }

            async fn number(&mut self, sql: &str) -> i64 {
                let query = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
                query.fetch_one(&mut self.connection).await.unwrap()
            }

            async fn insert(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let mut users = users(n);
                clock.start();
                self.insert_all(&mut users).await.unwrap();
                clock.stop();
                Some(users.iter().map(|user| user.id).sum())
            }

            async fn insert_each(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let mut users = users(n);
                clock.start();
                for user in &mut users {
                    let insert = sqlx::query_scalar($module::TEXTS.insert).bind(&user.name).bind(user.age);
                    let insert = insert.bind(&user.email).bind(user.created);
                    user.id = insert.fetch_one(&mut self.connection).await.unwrap();
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
                let mut users: Vec<User> = Vec::with_capacity(keys.len());
                clock.start();
                for key in keys {
                    let get = sqlx::query_as($module::TEXTS.get).bind(key);
                    users.push(get.fetch_one(&mut self.connection).await.unwrap());
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
                            let user: User =
                                sqlx::query_as($module::TEXTS.get).bind(key).fetch_one(&pool).await.unwrap();
                            ages += i64::from(user.age);
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
                            let mut connection = pool.acquire().await.unwrap();
                            Self::work(&mut connection, key).await.unwrap();
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

library!(Sqlite, sqlite, sqlx::Sqlite, sqlx::SqliteConnection);
library!(Postgres, postgres, sqlx::Postgres, sqlx::PgConnection);
library!(MariaDb, mariadb, sqlx::MySql, sqlx::MySqlConnection);
