//! diesel-async on PostgreSQL, with Diesel's queries. It has what Diesel does not: queries that need nothing from each other travel
//! together when their futures are joined, as the documentation of its connection recommends, so the objects that are saved or
//! deleted are sent at once, still a statement for each. The pool is deadpool's, whose connections are handed out without a query
//! that tests them (`RecyclingMethod::Fast`, "a safe choice" says its documentation).

use bench_kit::{Clock, Database, Library, SAVED_AGE, keys, shares};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::{try_join, try_join_all};

use crate::model::{Post, User, new_posts, new_users, posts, url, users};

pub struct Async {
    /// For the work of one task.
    connection: AsyncPgConnection,
    pool: Pool<AsyncPgConnection>,
}

impl Async {
    async fn users(&mut self, n: i64) -> QueryResult<Vec<User>> {
        let adults = users::table.filter(users::id.le(n).and(users::age.ge(18)));
        adults.select(User::as_select()).load(&mut self.connection).await
    }

    async fn save_all(&mut self, users: &mut [User]) -> QueryResult<()> {
        let save = async |connection: &mut AsyncPgConnection| {
            let save = |user: &mut User| {
                user.age = SAVED_AGE;
                diesel::update(&*user).set(users::age.eq(user.age)).execute(&mut &*connection)
            };
            try_join_all(users.iter_mut().map(save)).await.map(drop)
        };
        self.connection.transaction(save).await
    }

    async fn delete_all(&mut self, users: &[User]) -> QueryResult<()> {
        let delete = async |connection: &mut AsyncPgConnection| {
            let delete = |user| diesel::delete(user).execute(&mut &*connection);
            try_join_all(users.iter().map(delete)).await.map(drop)
        };
        self.connection.transaction(delete).await
    }

    async fn with_posts(&mut self, n: i64) -> QueryResult<Vec<(User, Vec<Post>)>> {
        let users = self.users(n).await?;
        let posts = Post::belonging_to(&users).select(Post::as_select());
        let posts = posts.load(&mut self.connection).await?.grouped_by(&users);
        Ok(users.into_iter().zip(posts).collect())
    }
}

async fn work(connection: &mut AsyncPgConnection, key: i64) -> QueryResult<()> {
    let work = async |connection: &mut AsyncPgConnection| {
        let user = users::table.find(key).select(User::as_select()).get_result(connection).await?;
        let save = diesel::update(&user).set(users::age.eq(user.age + 1)).execute(&mut &*connection);
        let add = diesel::insert_into(posts::table).values(new_posts(&user)).execute(&mut &*connection);
        try_join(save, add).await.map(drop)
    };
    connection.transaction(work).await
}

impl Library for Async {
    const ASYNC: bool = true;

    async fn open(database: &Database) -> Self {
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let manager = AsyncDieselConnectionManager::new_with_config(url(database), config);
        Self {
            connection: AsyncPgConnection::establish(&url(database)).await.unwrap(),
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
        let insert = async |connection: &mut AsyncPgConnection| {
            let mut ids: Vec<i64> = Vec::with_capacity(users.len());
            // A statement has room for 65,535 values.
            for users in users.chunks(10_000) {
                let insert = diesel::insert_into(users::table).values(users).returning(users::id);
                ids.extend(insert.get_results::<i64>(connection).await?);
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
            let insert = diesel::insert_into(users::table).values(user).returning(users::id);
            ids.push(insert.get_result(&mut self.connection).await.unwrap());
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
        work(&mut self.connection, 1).await.unwrap();
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
                    work(&mut pool.get().await.unwrap(), key).await.unwrap();
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
