//! [ASY-2] [ASY-7] [ASY-8] Every call of a session that waits is dropped at its first poll, at its second, and so on until it comes
//! through, each time with changes that are not flushed. Afterwards the database must be as it was before, or, for a COMMIT, as
//! it is to be; the session must work again after a rollback and show what the database has; and no connection may be missing.

use orm::{AsyncConnection, AsyncEngine, AsyncSession, EntityStream, Result};
use orm_tests::async_form::{Db, run};
use orm_tests::prelude::*;
use orm_tests::{Backend, drop_after};

use crate::models::User;

#[derive(Model, Debug)]
#[model(table = "notes")]
struct Note {
    #[model(key, auto)]
    id: i64,
    title: String,
    body: Deferred<String>,
    author: BelongsTo<User>,
    #[model(version)]
    version: i32,
}

/// The calls of a session that may do I/O.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Get,
    GetForUpdate,
    GetMany,
    Merge,
    All,
    Rows,
    Count,
    Execute,
    UpdateMany,
    Explain,
    Refresh,
    RefreshForUpdate,
    Load,
    LoadDeferred,
    Stream,
    Begin,
    BeginNested,
    NestedCommit,
    NestedRollback,
    NestedDrop,
    NestedFailure,
    Flush,
    Failure,
    Rollback,
    Leave,
    Close,
    Commit,
}

const CALLS: [Call; 27] = [
    Call::Get,
    Call::GetForUpdate,
    Call::GetMany,
    Call::Merge,
    Call::All,
    Call::Rows,
    Call::Count,
    Call::Execute,
    Call::UpdateMany,
    Call::Explain,
    Call::Refresh,
    Call::RefreshForUpdate,
    Call::Load,
    Call::LoadDeferred,
    Call::Stream,
    Call::Begin,
    Call::BeginNested,
    Call::NestedCommit,
    Call::NestedRollback,
    Call::NestedDrop,
    Call::NestedFailure,
    Call::Flush,
    Call::Failure,
    Call::Rollback,
    Call::Leave,
    Call::Close,
    Call::Commit,
];

const BASELINE: &str = "\
    DELETE FROM notes; DELETE FROM users; \
    INSERT INTO users (id, name, age) VALUES (1, 'Alice', NULL), (2, 'Bob', 2), (3, 'Carol', 3); \
    INSERT INTO notes (id, title, body, author_id, version) VALUES (1, 'one', 'long', 1, 1), (2, 'two', 'longer', 2, 1)";

struct Handles {
    alice: Entity<User>,
    bob: Entity<User>,
    note: Entity<Note>,
}

/// A session that has loaded some rows, and has changes of each kind to flush.
async fn prepare(session: &mut AsyncSession) -> Result<Handles> {
    let users = session.all(User::select().order_by(User::ID.asc())).await?;
    let note = session.get_one::<Note>(1).await?;
    session.commit().await?;
    session[users[0]].age = Some(50);
    session[note].title = "changed".to_owned();
    session.add(User::new("Dave"));
    session.delete(users[2])?;
    Ok(Handles { alice: users[0], bob: users[1], note })
}

/// Makes a call; what has to be there before it is not a part of what is dropped.
async fn make(
    call: Call,
    session: &mut AsyncSession,
    on: &Handles,
    polls: usize,
    wait: bool,
) -> Option<Result<()>> {
    let dropped = |call: Call| {
        matches!(call, Call::NestedCommit | Call::NestedRollback | Call::NestedDrop | Call::NestedFailure)
    };
    if dropped(call) {
        let mut nested = session.begin_nested().await.unwrap();
        nested[on.bob].age = Some(51);
        nested.add(User::new(if call == Call::NestedFailure { "Alice" } else { "Erin" }));
        return match call {
            Call::NestedRollback => {
                nested.flush().await.unwrap();
                drop_after(polls, wait, nested.rollback()).await
            }
            Call::NestedDrop => {
                nested.flush().await.unwrap();
                drop(nested);
                drop_after(polls, wait, async { session.count(User::select()).await.map(drop) }).await
            }
            _ => drop_after(polls, wait, nested.commit()).await,
        };
    }
    drop_after(polls, wait, plain(call, session, on)).await
}

async fn plain(call: Call, session: &mut AsyncSession, on: &Handles) -> Result<()> {
    match call {
        Call::Get => session.get::<User>(99).await.map(drop),
        Call::GetForUpdate => session.get_for_update::<User>(2).await.map(drop),
        Call::GetMany => session.get_many::<User>([2, 99, 1]).await.map(drop),
        Call::Merge => session.merge(User { id: 2, ..User::new("Bobby") }).await.map(drop),
        Call::All => session.all(User::select()).await.map(drop),
        Call::Rows => session.rows(User::select()).await.map(drop),
        Call::Count => session.count(User::select()).await.map(drop),
        Call::Execute => {
            session.execute(User::update().set(User::AGE, 60).filter(User::ID.eq(2))).await.map(drop)
        }
        Call::UpdateMany => {
            session.update_many([User::values().set(User::ID, 2).set(User::AGE, 61)]).await.map(drop)
        }
        Call::Explain => session.explain(User::select()).await.map(drop),
        Call::Refresh => session.refresh(on.alice).await,
        Call::RefreshForUpdate => session.refresh_for_update(on.alice).await,
        Call::Load => session.load(on.bob).await.map(drop),
        Call::LoadDeferred => session.load_deferred(on.note, Note::BODY).await.map(drop),
        Call::Stream => {
            let mut stream: EntityStream<'_, User, AsyncSession> =
                session.stream(User::select().order_by(User::ID.asc()), 1).await?;
            while stream.next().await?.is_some() {}
            Ok(())
        }
        Call::Begin => {
            let mut block = session.begin().await?;
            block.flush().await?;
            block.rollback().await
        }
        Call::BeginNested => session.begin_nested().await.map(drop),
        Call::Flush => session.flush().await,
        Call::Failure => {
            session.add(User::new("Bob"));
            session.flush().await
        }
        Call::Rollback => {
            session.flush().await?;
            session.rollback().await
        }
        Call::Commit => session.commit().await,
        Call::Leave
        | Call::Close
        | Call::NestedCommit
        | Call::NestedRollback
        | Call::NestedDrop
        | Call::NestedFailure => {
            unreachable!("made elsewhere")
        }
    }
}

struct Trial {
    db: Db,
    engine: AsyncEngine,
    observer: AsyncConnection,
}

type Stored = (Vec<(i64, String, Option<i32>)>, Vec<(i64, String, i32)>);

impl Trial {
    async fn new(db: Db) -> Self {
        db.create::<Note>().await;
        let mut observer = db.other().connect().await.unwrap();
        observer.set_autocommit(true).unwrap();
        if db.backend == Backend::Postgres {
            // The rows of the baseline are not numbered by the database.
            let next = "SELECT setval(pg_get_serial_sequence('users', 'id'), 1000)";
            observer.script(next).await.unwrap();
        }
        let engine = AsyncEngine::builder(&db.database.url).unwrap().pool_size(1).max_overflow(0).open();
        Self { db, engine, observer }
    }

    async fn stored(&mut self) -> Stored {
        if self.db.backend == Backend::Sqlite {
            // Nobody has the lock that a transaction which was left open would hold.
            self.observer.script("UPDATE users SET age = age WHERE id = 0").await.unwrap();
        }
        let users = select((User::ID, User::NAME, User::AGE)).order_by(User::ID.asc());
        let notes = select((Note::ID, Note::TITLE, Note::VERSION)).order_by(Note::ID.asc());
        (self.observer.all(users).await.unwrap(), self.observer.all(notes).await.unwrap())
    }

    /// Waits for the server to be done with connections that were thrown away: a COMMIT may be under way.
    async fn settle(&mut self) {
        let others = match self.db.backend {
            Backend::Sqlite => return,
            Backend::Postgres => {
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' \
                 AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            }
            Backend::MariaDb | Backend::MySql => {
                "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND command <> 'Sleep' \
                 AND id <> connection_id()"
            }
        };
        loop {
            let active: i64 =
                self.observer.execute(text_unchecked(others)).await.unwrap().scalar_one().unwrap();
            if active == 0 {
                break;
            }
        }
    }

    /// Whether the call came through.
    async fn try_once(&mut self, call: Call, polls: usize, wait: bool) -> bool {
        self.observer.script(BASELINE).await.unwrap();
        let before = self.stored().await;
        let sessions = SessionMaker::new(&self.engine);
        if call == Call::Leave {
            return self.leave(&sessions, &before, polls, wait).await;
        }
        if call == Call::Close {
            return self.close(&sessions, &before, polls, wait).await;
        }
        let mut session = sessions.session();
        let handles = prepare(&mut session).await.unwrap();
        let outcome = make(call, &mut session, &handles, polls, wait).await;
        if let Some(result) = &outcome {
            let fails = matches!(call, Call::Failure | Call::NestedFailure);
            assert_eq!(result.is_err(), fails, "{call:?}: {result:?}");
        }
        match session.count(User::select()).await {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::PendingRollback, "{call:?} {polls}: {error:?}"),
        }
        session.rollback().await.unwrap();
        self.settle().await;
        let after = self.stored().await;
        if after != before {
            assert_eq!(call, Call::Commit, "something is stored");
            assert_eq!(after.0.len(), 3, "by half: {after:?}");
            assert_eq!(after.0[0].2, Some(50));
            assert_eq!(after.1[0], (1, "changed".to_owned(), 2));
        } else {
            assert!(call != Call::Commit || outcome.is_none(), "nothing is stored");
        }
        assert_eq!(session.load(handles.alice).await.unwrap().age, after.0[0].2);
        assert_eq!(session.load(handles.note).await.unwrap().title, after.1[0].1);
        session.load(handles.bob).await.unwrap();
        session[handles.bob].age = Some(70);
        session.commit().await.unwrap();
        assert_eq!(self.stored().await.0[1].2, Some(70));
        drop(session);
        self.check_pool().await;
        outcome.is_some()
    }

    /// A session that has joined a connection, from joining to leaving.
    async fn leave(
        &mut self,
        sessions: &SessionMaker<AsyncEngine>,
        before: &Stored,
        polls: usize,
        wait: bool,
    ) -> bool {
        let connection = self.engine.connect().await.unwrap();
        let work = async {
            let mut session = sessions.join(connection).await?;
            session.add(User::new("Dave"));
            session.commit().await?;
            session.add(User::new("Erin"));
            session.flush().await?;
            session.leave().await?.rollback().await
        };
        let outcome = drop_after(polls, wait, work).await;
        assert!(!matches!(outcome, Some(Err(_))), "{outcome:?}");
        assert_eq!(self.stored().await, *before);
        self.check_pool().await;
        outcome.is_some()
    }

    /// A session that is closed in the middle of its work.
    async fn close(
        &mut self,
        sessions: &SessionMaker<AsyncEngine>,
        before: &Stored,
        polls: usize,
        wait: bool,
    ) -> bool {
        let mut session = sessions.session();
        prepare(&mut session).await.unwrap();
        session.flush().await.unwrap();
        let outcome = drop_after(polls, wait, session.close()).await;
        self.settle().await;
        assert_eq!(self.stored().await, *before);
        self.check_pool().await;
        outcome.is_some()
    }

    async fn check_pool(&mut self) {
        drop(self.engine.connect().await.unwrap());
        let status = self.engine.pool();
        assert_eq!((status.borrowed, status.retired, status.waiting), (0, 0, 0));
    }

    async fn run(mut self) {
        for call in CALLS {
            for wait in [false, true] {
                println!("{call:?}, dropped {}", if wait { "when it is woken" } else { "after a poll" });
                let mut polls = 1;
                while !self.try_once(call, polls, wait).await {
                    polls += 1;
                    assert!(polls < 200, "{call:?} never comes through");
                }
                println!("  came through at poll {polls}");
                // MariaDB may have answered a single request before it is looked for.
                let waits = !matches!(self.db.backend, Backend::Sqlite | Backend::MariaDb | Backend::MySql);
                assert!(polls > 1 || !waits, "{call:?} waited for nothing");
            }
        }
    }
}

#[test]
fn sqlite_async() {
    run(Backend::Sqlite, async |db: Db| Trial::new(db).await.run().await);
}

#[test]
fn mariadb_async() {
    run(Backend::MariaDb, async |db: Db| Trial::new(db).await.run().await);
}

#[test]
fn mysql_async() {
    run(Backend::MySql, async |db: Db| Trial::new(db).await.run().await);
}

#[test]
fn postgres_async() {
    run(Backend::Postgres, async |db: Db| Trial::new(db).await.run().await);
}
