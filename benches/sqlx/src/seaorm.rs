//! SeaORM as its README writes it: `insert_many`, whose keys come back by RETURNING; `find` and `find_by_id`; the entity loader for
//! posts; `ActiveModel::update` and `Model::delete` for objects that were loaded, a statement for each. The pool hands out
//! connections without a ping (`test_before_acquire(false)`), and one task has a pool of one. On MariaDB it has no RETURNING (its
//! feature for that writes none): `last_insert_id` is the key of the first row there, and those of the others follow it;
//! `update_without_returning` saves the statement by which `update` reads back what it stored.

use bench_kit::{Clock, Database, Library, SAVED_AGE, keys, shares};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectOptions, DatabaseTransaction, DbErr, IntoActiveModel, Statement, TransactionTrait};

use crate::entities::{new_posts, new_users, post, user};

pub struct SeaOrm {
    /// For the work of one task.
    db: DatabaseConnection,
    pool: DatabaseConnection,
}

/// How many one statement inserts: about the quickest on all databases, and there is room for the values.
const ROWS: usize = 1_000;

type Result<T> = std::result::Result<T, DbErr>;

async fn connect(url: &str, connections: u32) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).test_before_acquire(false).connect_lazy(true);
    sea_orm::Database::connect(options).await.unwrap()
}

fn adults(n: i64) -> Select<user::Entity> {
    user::Entity::find().filter(user::COLUMN.id.lte(n)).filter(user::COLUMN.age.gte(18))
}

impl SeaOrm {
    async fn insert_all(&self, users: Vec<user::ActiveModel>) -> Result<Vec<i64>> {
        let transaction = self.db.begin().await?;
        let mut ids = Vec::with_capacity(users.len());
        let mut users = users.into_iter().peekable();
        while users.peek().is_some() {
            let left = users.len();
            let insert = user::Entity::insert_many(users.by_ref().take(ROWS));
            if self.db.support_returning() {
                ids.extend(insert.exec_with_returning_keys(&transaction).await?);
            } else {
                let first = insert.exec(&transaction).await?.last_insert_id.unwrap();
                ids.extend((first..).take(left - users.len()));
            }
        }
        transaction.commit().await?;
        Ok(ids)
    }

    async fn save_all(&self, users: Vec<user::Model>) -> Result<usize> {
        let (transaction, count) = (self.db.begin().await?, users.len());
        for user in users {
            save(user, SAVED_AGE, &transaction).await?;
        }
        transaction.commit().await?;
        Ok(count)
    }

    async fn delete_all(&self, users: Vec<user::Model>) -> Result<()> {
        let transaction = self.db.begin().await?;
        for user in users {
            user.delete(&transaction).await?;
        }
        transaction.commit().await
    }

    async fn with_posts(&self, n: i64) -> Result<Vec<user::ModelEx>> {
        let adults = user::Entity::load().filter(user::COLUMN.id.lte(n)).filter(user::COLUMN.age.gte(18));
        adults.with(post::Entity).all(&self.db).await
    }
}

async fn save(user: user::Model, age: i32, db: &DatabaseTransaction) -> Result<()> {
    let mut user = user.into_active_model();
    user.age = Set(age);
    if db.support_returning() {
        user.update(db).await.map(drop)
    } else {
        user.update_without_returning(db).await.map(drop)
    }
}

async fn work(db: &DatabaseConnection, key: i64) -> Result<()> {
    let transaction = db.begin().await?;
    let user = user::Entity::find_by_id(key).one(&transaction).await?.unwrap();
    let (id, age) = (user.id, user.age);
    save(user, age + 1, &transaction).await?;
    post::Entity::insert_many(new_posts(id)).exec(&transaction).await?;
    transaction.commit().await
}

impl Library for SeaOrm {
    const ASYNC: bool = true;

    async fn open(database: &Database) -> Self {
        let url = match database {
            Database::File(path) => format!("sqlite://{path}?mode=rwc"),
            Database::Memory | Database::Postgres(_) | Database::MariaDb(_) => database.mysql_url(),
        };
        Self { db: connect(&url, 1).await, pool: connect(&url, 10).await }
    }

    async fn script(&mut self, sql: &str) {
        self.db.execute_unprepared(sql).await.unwrap();
    }

    async fn number(&mut self, sql: &str) -> i64 {
        let query = Statement::from_string(self.db.get_database_backend(), sql);
        self.db.query_one_raw(query).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    async fn insert(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let users = new_users(n);
        clock.start();
        let ids = self.insert_all(users).await.unwrap();
        clock.stop();
        Some(ids.iter().sum())
    }

    async fn insert_each(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let users = new_users(n);
        let mut inserted = Vec::with_capacity(users.len());
        clock.start();
        for user in users {
            inserted.push(user.insert(&self.db).await.unwrap());
        }
        clock.stop();
        Some(inserted.iter().map(|user| user.id).sum())
    }

    async fn load(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        clock.start();
        let users = adults(n).all(&self.db).await.unwrap();
        clock.stop();
        Some(users.iter().map(|user| i64::from(user.age)).sum())
    }

    async fn get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let keys = keys(n);
        let mut users = Vec::with_capacity(keys.len());
        clock.start();
        for key in keys {
            users.push(user::Entity::find_by_id(key).one(&self.db).await.unwrap().unwrap());
        }
        clock.stop();
        Some(users.iter().map(|user| i64::from(user.age)).sum())
    }

    async fn save(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let users = adults(n).all(&self.db).await.unwrap();
        clock.start();
        let saved = self.save_all(users).await.unwrap();
        clock.stop();
        Some(saved as i64)
    }

    async fn save_few(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let mut users = adults(n).all(&self.db).await.unwrap();
        let rest = users.split_off(100);
        clock.start();
        let saved = self.save_all(users).await.unwrap();
        clock.stop();
        drop(rest);
        Some(saved as i64)
    }

    async fn eager(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        clock.start();
        let users = self.with_posts(n).await.unwrap();
        clock.stop();
        Some(users.iter().flat_map(|user| &user.posts).map(|post| post.body.len() as i64).sum())
    }

    async fn delete(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let users = adults(n).all(&self.db).await.unwrap();
        clock.start();
        self.delete_all(users).await.unwrap();
        clock.stop();
        Some(n)
    }

    async fn unit(&mut self, clock: &mut Clock) -> Option<i64> {
        clock.start();
        work(&self.db, 1).await.unwrap();
        clock.stop();
        Some(1)
    }

    async fn tasks_get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let task = |keys: Vec<i64>| {
            let pool = self.pool.clone();
            tokio::spawn(async move {
                let mut ages = 0;
                for key in keys {
                    let user = user::Entity::find_by_id(key).one(&pool).await.unwrap().unwrap();
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
                    work(&pool, key).await.unwrap();
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
