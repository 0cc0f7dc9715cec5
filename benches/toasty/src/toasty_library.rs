//! Toasty as its guide writes it: `create_many`, `get_by_id`, `filter`, `include` for posts, and for objects that were loaded
//! `user.update()` and `user.delete()`, a statement for each, in a transaction
//! (`toasty::batch` would take deletions too, but is slower, and no updates of objects).

use bench_kit::{Clock, Database, Library, SAVED_AGE, keys, shares};
use toasty::schema::Model;
use toasty::stmt::List;
use toasty::{Connection, Db, Result, Transaction};

use crate::models::{Post, User, new_posts, new_users};

pub struct Toasty {
    /// For the work of one task.
    connection: Connection,
    db: Db,
}

/// How many one statement inserts: the quickest on both databases, and there is room for the values.
const ROWS: usize = 500;

impl Toasty {
    async fn insert_all(&mut self, users: Vec<<User as Model>::Create>) -> Result<Vec<User>> {
        let mut transaction = self.connection.transaction().await?;
        let mut created = Vec::with_capacity(users.len());
        let mut users = users.into_iter().peekable();
        while users.peek().is_some() {
            let many = users.by_ref().take(ROWS).fold(User::create_many(), |many, user| many.item(user));
            created.extend(many.exec(&mut transaction).await?);
        }
        transaction.commit().await?;
        Ok(created)
    }

    async fn users(&mut self, n: i64) -> Result<Vec<User>> {
        adults(n as u64).exec(&mut self.connection).await
    }

    async fn save_all(&mut self, users: &mut [User]) -> Result<()> {
        let mut transaction = self.connection.transaction().await?;
        for user in users {
            user.update().age(SAVED_AGE).exec(&mut transaction).await?;
        }
        transaction.commit().await
    }

    async fn delete_all(&mut self, users: Vec<User>) -> Result<()> {
        let mut transaction = self.connection.transaction().await?;
        for user in users {
            user.delete().exec(&mut transaction).await?;
        }
        transaction.commit().await
    }
}

fn adults(n: u64) -> <User as Model>::Query<List<User>> {
    User::filter(User::fields().id().le(n).and(User::fields().age().ge(18)))
}

async fn work(mut transaction: Transaction<'_>, key: u64) -> Result<()> {
    let mut user = User::get_by_id(&mut transaction, key).await?;
    let age = user.age + 1;
    user.update().age(age).exec(&mut transaction).await?;
    new_posts(&user).exec(&mut transaction).await?;
    transaction.commit().await
}

impl Library for Toasty {
    const ASYNC: bool = true;

    async fn open(database: &Database) -> Self {
        let url = match database {
            Database::File(path) => format!("sqlite:{path}"),
            Database::Memory | Database::Postgres(_) | Database::MariaDb(_) => database.url(),
        };
        let mut builder = Db::builder();
        builder.models(toasty::models!(User, Post)).max_pool_size(11);
        let db = builder.connect(&url).await.unwrap();
        Self { connection: db.connection().await.unwrap(), db }
    }

    async fn script(&mut self, sql: &str) {
        for sql in sql.split(';') {
            toasty::sql::query(sql).exec(&mut self.connection).await.unwrap();
        }
    }

    async fn number(&mut self, sql: &str) -> i64 {
        let rows = toasty::sql::query(sql).exec(&mut self.connection).await.unwrap();
        rows[0].as_record_unwrap()[0].clone().try_into().unwrap()
    }

    async fn insert(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let users = new_users(n);
        clock.start();
        let users = self.insert_all(users).await.unwrap();
        clock.stop();
        Some(users.iter().map(|user| user.id as i64).sum())
    }

    async fn insert_each(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let users = new_users(n);
        let mut created = Vec::with_capacity(users.len());
        clock.start();
        for user in users {
            created.push(user.exec(&mut self.connection).await.unwrap());
        }
        clock.stop();
        Some(created.iter().map(|user| user.id as i64).sum())
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
            users.push(User::get_by_id(&mut self.connection, key as u64).await.unwrap());
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
        let users =
            adults(n as u64).include(User::fields().posts()).exec(&mut self.connection).await.unwrap();
        clock.stop();
        Some(users.iter().flat_map(|user| user.posts.get()).map(|post| post.body.len() as i64).sum())
    }

    async fn delete(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let users = self.users(n).await.unwrap();
        clock.start();
        self.delete_all(users).await.unwrap();
        clock.stop();
        Some(n)
    }

    async fn unit(&mut self, clock: &mut Clock) -> Option<i64> {
        clock.start();
        let transaction = self.connection.transaction().await.unwrap();
        work(transaction, 1).await.unwrap();
        clock.stop();
        Some(1)
    }

    async fn tasks_get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let task = |keys: Vec<i64>| {
            let mut db = self.db.clone();
            tokio::spawn(async move {
                let mut ages = 0;
                for key in keys {
                    ages += i64::from(User::get_by_id(&mut db, key as u64).await.unwrap().age);
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
            let mut db = self.db.clone();
            tokio::spawn(async move {
                for key in keys {
                    work(db.transaction().await.unwrap(), key as u64).await.unwrap();
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
