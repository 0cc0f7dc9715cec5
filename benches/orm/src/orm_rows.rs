//! The same library where the session does not keep what it reads.

use bench_kit::{Clock, Database, Library, keys};
use orm::prelude::*;

use crate::orm_library::{User, adults};

macro_rules! rows {
    ($name:ident, $asynchronous:literal, $engine:ty, [$($wait:tt)*]) => {
        pub struct $name {
            engine: $engine,
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
                self.engine.session().execute(orm::text_unchecked(sql)) $($wait)* .unwrap().scalar_one().unwrap()
            }

            async fn load(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let mut session = self.engine.session();
                clock.start();
                let users = session.rows(adults(n)) $($wait)* .unwrap();
                clock.stop();
                Some(users.iter().map(|user| i64::from(user.age)).sum())
            }

            async fn get(&mut self, clock: &mut Clock, n: i64) -> Option<i64> {
                let keys = keys(n);
                let mut users = Vec::with_capacity(keys.len());
                let mut session = self.engine.session();
                clock.start();
                for key in keys {
                    users.extend(session.rows(User::select().filter(User::ID.eq(key))) $($wait)* .unwrap());
                }
                clock.stop();
                Some(users.iter().map(|user| i64::from(user.age)).sum())
            }
        }
    };
}

rows!(Blocking, false, Engine, []);
rows!(Async, true, AsyncEngine, [.await]);
