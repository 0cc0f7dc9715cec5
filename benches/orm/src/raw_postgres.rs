//! tokio-postgres by hand: statements are kept, many rows travel as arrays, requests that need nothing from each other are sent
//! together, and what an UPDATE or DELETE matched is looked at before COMMIT.

use std::collections::HashMap;

use bench_kit::{BODY, Clock, Database, Library, POSTS, SAVED_AGE, age, created, email, keys, name, shares};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use futures_util::future::try_join;
use tokio_postgres::{Error, NoTls, Row, Statement};

pub struct Raw {
    /// One connection for the work of one task.
    client: Object,
    insert: Statement,
    insert_one: Statement,
    load: Statement,
    get: Statement,
    save: Statement,
    posts: Statement,
    delete: Statement,
    pool: Pool,
}

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

const GET: &str = "SELECT id, name, age, email, created FROM users WHERE id = $1";

fn user(number: i64) -> User {
    User { id: 0, name: name(number), age: age(number), email: email(number), created: created(number) }
}

fn read(row: Row) -> Result<User, Error> {
    Ok(User {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        age: row.try_get(2)?,
        email: row.try_get(3)?,
        created: row.try_get(4)?,
    })
}

fn read_post(row: Row) -> Result<Post, Error> {
    Ok(Post {
        _id: row.try_get(0)?,
        user_id: row.try_get(1)?,
        _title: row.try_get(2)?,
        body: row.try_get(3)?,
    })
}

impl Raw {
    async fn users(&self, n: i64) -> Result<Vec<User>, Error> {
        self.client.query(&self.load, &[&n, &18]).await?.into_iter().map(read).collect()
    }

    /// The k-th key is that of the k-th row, as they are drawn in the order of the rows.
    async fn insert_all(&self, users: &mut [User]) -> Result<(), Error> {
        let names: Vec<_> = users.iter().map(|user| &*user.name).collect();
        let ages: Vec<_> = users.iter().map(|user| user.age).collect();
        let emails: Vec<_> = users.iter().map(|user| user.email.as_deref()).collect();
        let created: Vec<_> = users.iter().map(|user| user.created).collect();
        let insert = async { self.client.query(&self.insert, &[&names, &ages, &emails, &created]).await };
        let (_, rows) = try_join(self.client.batch_execute("BEGIN"), insert).await?;
        for (user, row) in users.iter_mut().zip(rows) {
            user.id = row.try_get(0)?;
        }
        self.client.batch_execute("COMMIT").await
    }

    async fn save_all(&self, users: &mut [User]) -> Result<(), Error> {
        for user in &mut *users {
            user.age = SAVED_AGE;
        }
        let ids: Vec<_> = users.iter().map(|user| user.id).collect();
        let ages: Vec<_> = users.iter().map(|user| user.age).collect();
        let save = async { self.client.execute(&self.save, &[&ids, &ages]).await };
        let (_, saved) = try_join(self.client.batch_execute("BEGIN"), save).await?;
        assert_eq!(saved, users.len() as u64);
        self.client.batch_execute("COMMIT").await
    }

    async fn delete_all(&self, users: &[User]) -> Result<(), Error> {
        let ids: Vec<_> = users.iter().map(|user| user.id).collect();
        let delete = async { self.client.execute(&self.delete, &[&ids]).await };
        let (_, deleted) = try_join(self.client.batch_execute("BEGIN"), delete).await?;
        assert_eq!(deleted, users.len() as u64);
        self.client.batch_execute("COMMIT").await
    }

    async fn with_posts(&self, n: i64) -> Result<Vec<(User, Vec<Post>)>, Error> {
        let users = self.users(n).await?;
        let mut users: Vec<_> =
            users.into_iter().map(|user| (user, Vec::with_capacity(POSTS as usize))).collect();
        let places: HashMap<i64, usize> =
            users.iter().enumerate().map(|(place, (user, _))| (user.id, place)).collect();
        let ids: Vec<_> = users.iter().map(|(user, _)| user.id).collect();
        for row in self.client.query(&self.posts, &[&ids]).await? {
            let post = read_post(row)?;
            users[places[&post.user_id]].1.push(post);
        }
        Ok(users)
    }
}

/// As many round trips as it takes: what the user is decides what is written, and what was matched whether it is committed.
async fn work(client: &Object, id: i64) -> Result<(), Error> {
    let get = client.prepare_cached(GET).await.unwrap();
    let update = client.prepare_cached("UPDATE users SET age = $2 WHERE id = $1").await.unwrap();
    let sql = "INSERT INTO posts (user_id, title, body) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) RETURNING id";
    let insert = client.prepare_cached(sql).await.unwrap();
    let (_, row) =
        try_join(client.batch_execute("BEGIN"), async { client.query_one(&get, &[&id]).await }).await?;
    let user = read(row)?;
    let (owners, titles, bodies) = ([user.id; 2], ["first", "second"], [BODY; 2]);
    let updated = async { client.execute(&update, &[&user.id, &(user.age + 1)]).await };
    let inserted = async { client.query(&insert, &[&&owners[..], &&titles[..], &&bodies[..]]).await };
    let (updated, inserted) = try_join(updated, inserted).await?;
    assert_eq!((updated, inserted.len()), (1, 2));
    client.batch_execute("COMMIT").await
}

impl Library for Raw {
    const ASYNC: bool = true;

    async fn open(database: &Database) -> Self {
        let config = database.url().parse().unwrap();
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, NoTls, recycling);
        let pool = Pool::builder(manager).max_size(11).build().unwrap();
        let client = pool.get().await.unwrap();
        // Statements cannot be prepared for tables that are not there.
        client.batch_execute(database.empty_tables()).await.unwrap();
        let insert = "INSERT INTO users (name, age, email, created) \
            SELECT name, age, email, created FROM unnest($1::text[], $2::int[], $3::text[], $4::bigint[]) \
            WITH ORDINALITY AS rows (name, age, email, created, number) ORDER BY number RETURNING id";
        let insert_one = "INSERT INTO users (name, age, email, created) VALUES ($1, $2, $3, $4) RETURNING id";
        let load = "SELECT id, name, age, email, created FROM users WHERE id <= $1 AND age >= $2";
        let save = "UPDATE users SET age = rows.age FROM unnest($1::bigint[], $2::int[]) AS rows (id, age) WHERE users.id = rows.id";
        let posts = "SELECT id, user_id, title, body FROM posts WHERE user_id = ANY($1)";
        let delete = "DELETE FROM users WHERE id = ANY($1)";
        Self {
            insert: client.prepare(insert).await.unwrap(),
            insert_one: client.prepare(insert_one).await.unwrap(),
            load: client.prepare(load).await.unwrap(),
            get: client.prepare(GET).await.unwrap(),
            save: client.prepare(save).await.unwrap(),
            posts: client.prepare(posts).await.unwrap(),
            delete: client.prepare(delete).await.unwrap(),
            client,
            pool,
        }
    }

    async fn script(&mut self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    async fn number(&mut self, sql: &str) -> i64 {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
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
        clock.start();
        for user in &mut users {
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                [&user.name, &user.age, &user.email, &user.created];
            user.id = self.client.query_one(&self.insert_one, &values).await.unwrap().get(0);
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
        clock.start();
        for key in keys {
            users.push(read(self.client.query_one(&self.get, &[&key]).await.unwrap()).unwrap());
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
        work(&self.client, 1).await.unwrap();
        clock.stop();
        Some(1)
    }

    async fn tasks_get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let task = |keys: Vec<i64>| {
            let pool = self.pool.clone();
            tokio::spawn(async move {
                let mut ages = 0;
                for key in keys {
                    let client = pool.get().await.unwrap();
                    let get = client.prepare_cached(GET).await.unwrap();
                    ages += i64::from(read(client.query_one(&get, &[&key]).await.unwrap()).unwrap().age);
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
                    work(&pool.get().await.unwrap(), key).await.unwrap();
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
