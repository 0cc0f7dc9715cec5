//! This library as its users write it, in both forms, which differ by `.await` and by two names.

use bench_kit::{BODY, Clock, Database, Library, SAVED_AGE, age, created, email, keys, name, shares};
use orm::prelude::*;

#[derive(Model)]
#[model(table = "users")]
pub struct User {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
    pub age: i32,
    pub email: Option<String>,
    pub created: i64,
    pub posts: HasMany<Post>,
}

#[derive(Model)]
#[model(table = "posts")]
pub struct Post {
    #[model(key, auto)]
    pub id: i64,
    pub user: BelongsTo<User>,
    pub title: String,
    pub body: String,
}

pub fn users(n: i64) -> Vec<User> {
    let user =
        |number| User { email: email(number), ..User::new(name(number), age(number), created(number)) };
    (1..=n).map(user).collect()
}

pub fn adults(n: i64) -> Select<User> {
    User::select().filter(User::ID.le(n)).filter(User::AGE.ge(18))
}

/// Reads the user, adds 1 to its age, adds two posts.
macro_rules! unit {
    ($session:ident, $id:expr, [$($wait:tt)*]) => {{
        let user = $session.get_one::<User>($id) $($wait)* .unwrap();
        $session[user].age += 1;
        for title in ["first", "second"] {
            $session.add(Post::new(user, title, BODY));
        }
        $session.commit() $($wait)* .unwrap();
    }};
}

macro_rules! library {
    ($name:ident, $asynchronous:literal, $engine:ty, $session:ty, [$($wait:tt)*], { $($tasks:tt)* }) => {
        pub struct $name {
            engine: $engine,
        }

        impl $name {
            fn session(&self) -> $session {
                self.engine.session()
            }
        }

        impl Library for $name {
            const ASYNC: bool = $asynchronous;

            async fn open(database: &Database) -> Self {
                Self { engine: <$engine>::builder(&database.url()).unwrap().pool_size(10).max_overflow(0).open() }
            }

            async fn script(&mut self, sql: &str) {
                let mut connection = self.engine.connect() $($wait)* .unwrap();
                connection.set_autocommit(true).unwrap();
                connection.script(sql) $($wait)* .unwrap();
            }

            async fn number(&mut self, sql: &str) -> i64 {
                self.session().execute(orm::text_unchecked(sql)) $($wait)* .unwrap().scalar_one().unwrap()
            }

            async fn insert(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let users = users(n);
                let mut session = self.session();
                clock.start();
                let users = session.add_all(users);
                session.commit() $($wait)* .unwrap();
                clock.stop();
                Some(users.iter().map(|&user| session[user].id).sum())
            }

            async fn insert_each(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let users = users(n);
                let mut session = self.session();
                let mut added = Vec::with_capacity(users.len());
                clock.start();
                for user in users {
                    added.push(session.add(user));
                    session.commit() $($wait)* .unwrap();
                }
                clock.stop();
                Some(added.iter().map(|&user| session[user].id).sum())
            }

            async fn load(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let mut session = self.session();
                clock.start();
                let users = session.all(adults(n)) $($wait)* .unwrap();
                clock.stop();
                Some(users.iter().map(|&user| i64::from(session[user].age)).sum())
            }

            async fn get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let keys = keys(n);
                let mut users = Vec::with_capacity(keys.len());
                let mut session = self.session();
                clock.start();
                for key in keys {
                    users.push(session.get_one::<User>(key) $($wait)* .unwrap());
                }
                clock.stop();
                Some(users.iter().map(|&user| i64::from(session[user].age)).sum())
            }

            async fn save(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let mut session = self.session();
                let users = session.all(adults(n)) $($wait)* .unwrap();
                session.commit() $($wait)* .unwrap();
                clock.start();
                for user in users {
                    session[user].age = SAVED_AGE;
                }
                session.commit() $($wait)* .unwrap();
                clock.stop();
                Some(n)
            }

            async fn save_few(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let mut session = self.session();
                let users = session.all(adults(n)) $($wait)* .unwrap();
                session.commit() $($wait)* .unwrap();
                clock.start();
                for &user in &users[..100] {
                    session[user].age = SAVED_AGE;
                }
                session.commit() $($wait)* .unwrap();
                clock.stop();
                Some(100)
            }

            async fn eager(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let mut session = self.session();
                clock.start();
                let users = session.all(adults(n).with(User::POSTS)) $($wait)* .unwrap();
                clock.stop();
                let posts = users.iter().flat_map(|&user| &session[user].posts);
                Some(posts.map(|post| session[post].body.len() as i64).sum())
            }

            async fn delete(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let mut session = self.session();
                let users = session.all(adults(n)) $($wait)* .unwrap();
                session.commit() $($wait)* .unwrap();
                clock.start();
                for user in users {
                    session.delete(user).unwrap();
                }
                session.commit() $($wait)* .unwrap();
                clock.stop();
                Some(n)
            }

            async fn unit(&mut self, clock: &mut Clock) -> Option<i64> {
                let mut session = self.session();
                clock.start();
                unit!(session, 1, [$($wait)*]);
                clock.stop();
                Some(1)
            }

            $($tasks)*
        }
    };
}

library!(Blocking, false, Engine, Session, [], {});
library!(Async, true, AsyncEngine, AsyncSession, [.await], {
    async fn tasks_get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
        let task = |keys: Vec<i64>| {
            let sessions = SessionMaker::new(&self.engine);
            tokio::spawn(async move {
                let mut ages = 0;
                for key in keys {
                    let mut session = sessions.session();
                    let user = session.get_one::<User>(key).await.unwrap();
                    ages += i64::from(session[user].age);
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
            let sessions = SessionMaker::new(&self.engine);
            tokio::spawn(async move {
                for key in keys {
                    let mut session = sessions.session();
                    unit!(session, key, [.await]);
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
});
