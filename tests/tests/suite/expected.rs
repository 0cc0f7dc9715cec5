//! How many statements a part of a program may send: the guard for tests that says so.

use orm::{Error, Result};
use orm_tests::prelude::*;
use orm_tests::{assert_statements, both_forms, drop_after};

use crate::models::{Post, User};

/// What an error of `expect_statements` says: its first line, and what the others say of each statement: the line of this file whose
/// call has sent it, and its SQL.
fn said(error: &Error) -> (String, Vec<(u32, String)>) {
    assert_eq!(error.kind(), ErrorKind::StatementCount, "{error}");
    let text = error.to_string();
    let mut lines = text.lines();
    let head = lines.next().unwrap().to_owned();
    let statement = |line: &str| {
        let place = line.strip_prefix("  ").and_then(|line| line.strip_prefix(file!())).unwrap();
        let (place, sql) = place.split_once(": ").unwrap();
        let number = place.split(':').nth(1).unwrap();
        (number.parse().unwrap(), sql.to_owned())
    };
    (head, lines.map(statement).collect())
}

/// The lines of the calls, and their SQL.
#[track_caller]
fn assert_sent(sent: Vec<(u32, String)>, calls: &[u32], statements: &[&str]) {
    let (lines, sql): (Vec<_>, Vec<_>) = sent.into_iter().unzip();
    assert_statements(&sql, statements);
    assert_eq!(lines, calls);
}

const BY_KEY: &str = "SELECT id, name, age FROM users WHERE id = ?";

#[both_forms]
mod expected {
    use super::*;

    async fn with_users(db: &Db) -> (Session, Vec<Entity<User>>) {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let users = session.add_all(["Alice", "Bob", "Carol"].map(User::new));
        session.commit().await.unwrap();
        (session, users)
    }

    /// [R2] A batch is one statement; BEGIN, COMMIT, ROLLBACK and savepoints are none. The value of the block is returned.
    #[case]
    async fn as_many_as_expected(db: Db) {
        let (mut session, users) = with_users(&db).await;
        let alice = users[0];
        let work = async move |session: &mut Session| -> Result<usize> {
            session.load(alice).await?;
            session.load(alice).await?;
            session.add_all((0..20).map(|number| Post::new(number.to_string(), alice)));
            session.flush().await?;
            let mut nested = session.begin_nested().await?;
            nested[alice].age = Some(31);
            nested.commit().await?;
            session.commit().await?;
            session.rollback().await?;
            Ok(20)
        };
        assert_eq!(session.expect_statements(3, work).await.unwrap(), 20);
        session.expect_statements(0, async |session: &mut Session| session.commit().await).await.unwrap();
    }

    /// [R2] [R3] More than expected: the error lists them in order, each with the line of the call that sent it, whatever it was that
    /// the call had to send first. An error has no effect on the session.
    #[case]
    async fn more_than_expected(db: Db) {
        let (mut session, users) = with_users(&db).await;
        let alice = users[0];
        let start = line!() + 1;
        let work = async move |session: &mut Session| -> Result<()> {
            session.get::<User>(2).await?;
            session[alice].age = Some(31);
            session.get_one::<User>(3).await?;
            session.add_all([Post::new("One", alice), Post::new("Two", alice)]);
            session.commit().await
        };
        let error = session.expect_statements(1, work).await.unwrap_err();
        let (head, sent) = said(&error);
        let place = format!("{}:{}:", file!(), start + 7);
        assert!(head.starts_with(&format!("wrong number of statements: 1 expected at {place}")), "{head}");
        assert!(head.ends_with(", 4 sent:"), "{head}");
        let insert = match db.backend {
            orm_tests::Backend::Sqlite | orm_tests::Backend::MySql => {
                "INSERT INTO posts (title, author_id) VALUES (?, ?)"
            }
            orm_tests::Backend::MariaDb => "INSERT INTO posts (title, author_id) VALUES (?, ?) RETURNING id",
            orm_tests::Backend::Postgres => "INSERT INTO posts (title, author_id)",
        };
        let (lines, sql): (Vec<_>, Vec<_>) = sent.into_iter().unzip();
        assert_eq!(lines, [start + 1, start + 3, start + 3, start + 5]);
        assert_statements(&sql[..1], &[BY_KEY]);
        assert_statements(&sql[2..3], &[BY_KEY]);
        assert!(sql[1].replace('`', "\"").starts_with(r#"UPDATE "users" SET "age" = "#), "{}", sql[1]);
        let last = sql[3].replace(['"', '`'], "");
        assert!(last.starts_with(insert) && last.ends_with(" -- 2 rows"), "{last}");
        assert_eq!(session[alice].age, Some(31));
        assert_eq!(session.count(Post::select()).await.unwrap(), 2);
    }

    /// [R2] Fewer than expected, and none at all.
    #[case]
    async fn fewer_than_expected(db: Db) {
        let (mut session, users) = with_users(&db).await;
        let alice = users[0];
        let load = async move |session: &mut Session| session.load(alice).await.map(|_| ());
        let line = line!() + 1;
        let error = session.expect_statements(2, load).await.unwrap_err();
        let (head, sent) = said(&error);
        assert!(head.contains(&format!(" 2 expected at {}:{line}:", file!())), "{head}");
        assert!(head.ends_with(", 1 sent:"), "{head}");
        assert_sent(sent, &[line - 2], &[BY_KEY]);
        let error = session.expect_statements(1, load).await.unwrap_err();
        let (head, sent) = said(&error);
        assert!(head.ends_with(", none sent") && sent.is_empty(), "{error}");
    }

    /// [R2] A statement that failed was sent. The error of the block is what the program gets.
    #[case]
    async fn errors_of_the_block(db: Db) {
        let (mut session, _) = with_users(&db).await;
        let wrong = async |session: &mut Session| session.execute(text("SELECT no FROM users")).await;
        let error = session.expect_statements(7, wrong).await.unwrap_err();
        assert!(error.sql().is_some(), "{error}");
        session.rollback().await.unwrap();
        let line = line!() + 2;
        let ignored = async |session: &mut Session| {
            let _ = session.execute(text("SELECT no FROM users")).await;
            Ok(())
        };
        let error = session.expect_statements(0, ignored).await.unwrap_err();
        assert_sent(said(&error).1, &[line], &["SELECT no FROM users"]);
    }

    /// [R2] A block inside of another one: its statements count for both. Other sessions do not count.
    #[case]
    async fn blocks_in_blocks(db: Db) {
        let (mut session, users) = with_users(&db).await;
        let [alice, bob] = [users[0], users[1]];
        let mut other = db.session();
        other.get::<User>(3).await.unwrap();
        let line = line!() + 2;
        let both = async move |session: &mut Session| {
            session.load(alice).await?;
            let load = async move |session: &mut Session| session.load(bob).await.map(|_| ());
            session.expect_statements(1, load).await?;
            let again = session.expect_statements(1, load).await;
            assert!(said(&again.unwrap_err()).1.is_empty());
            other.get::<User>(1).await?;
            Ok(())
        };
        let error = session.expect_statements(1, both).await.unwrap_err();
        assert_sent(said(&error).1, &[line, line + 1], &[BY_KEY, BY_KEY]);
        // What was counted before is forgotten.
        session.rollback().await.unwrap();
        session.expect_statements(0, async |_: &mut Session| Ok(())).await.unwrap();
    }

    /// [R2] The block is one session's, on whichever connection: before and after a commit, in a joined transaction, in a scope.
    #[case]
    async fn connections_of_a_session(db: Db) {
        let (mut session, _) = with_users(&db).await;
        session.get::<User>(1).await.unwrap();
        let commits = async |session: &mut Session| {
            for key in 1..4 {
                session.get::<User>(key).await?;
                session.commit().await?;
            }
            session.no_autoflush().all(User::select()).await
        };
        assert_eq!(session.expect_statements(3, commits).await.unwrap().len(), 3);
        drop(session);
        let connection = db.engine.connect().await.unwrap();
        let mut session = SessionMaker::new(&db.engine).join(connection).await.unwrap();
        let get = async |session: &mut Session| session.get::<User>(1).await;
        session.expect_statements(1, get).await.unwrap();
        let mut connection = session.leave().await.unwrap();
        connection.execute(text("SELECT 1")).await.unwrap();
    }

    /// [R2] Each call that may send something says where it was made.
    #[case]
    async fn each_call_has_its_line(db: Db) {
        let (mut session, users) = with_users(&db).await;
        let alice = users[0];
        let start = line!() + 1;
        let work = async move |session: &mut Session| -> Result<()> {
            session.first(User::select().order_by(User::ID.asc())).await?;
            session.one_or_none(User::select().filter(User::ID.eq(1))).await?;
            session.rows(User::select()).await?;
            session.exists(User::select()).await?;
            session.refresh(alice).await?;
            session.get_many::<User>([4, 5]).await?;
            session.get_for_update::<User>(1).await?;
            session.merge(User { id: 6, ..User::new("Mallory") }).await?;
            session.execute(User::update().set(User::AGE, 1).filter(User::ID.eq(1))).await?;
            let mut stream = session.stream(User::select(), 1).await?;
            stream.next().await?;
            drop(stream);
            session.add(User::new("Dave"));
            let nested = session.begin_nested().await?;
            nested.commit().await?;
            session.explain(User::select()).await?;
            session.update_many([User::values().set(User::ID, 1).set(User::AGE, 2)]).await?;
            Ok(())
        };
        let error = session.expect_statements(0, work).await.unwrap_err();
        let lines: Vec<_> = said(&error).1.into_iter().map(|(line, _)| line - start).collect();
        // Without RETURNING of an update what it does to entities is read before and after it.
        let update: &[_] = if db.backend.is_mysql() { &[9, 9, 9, 9] } else { &[9, 9] };
        assert_eq!(lines, [&[1, 2, 3, 4, 5, 6, 7, 8], update, &[10, 14, 16, 17]].concat(), "{error}");
    }
}

/// [R2] A block that panics, or whose future is dropped, counts no longer.
#[test]
fn blocks_that_do_not_end() {
    orm_tests::async_form::run(orm_tests::Backend::Sqlite, async |db| {
        db.create::<User>().await;
        let mut session = db.session();
        let hangs = async |_: &mut orm::AsyncSession| -> Result<()> { std::future::pending().await };
        assert!(drop_after(1, false, session.expect_statements(0, hangs)).await.is_none());
        let error = session.expect_statements(0, async |session| session.count(User::select()).await).await;
        assert_eq!(said(&error.unwrap_err()).1.len(), 1);
    });
    orm_tests::sync_form::run(orm_tests::Backend::Sqlite, |db| {
        db.create::<User>();
        let mut session = db.session();
        let panics = std::panic::AssertUnwindSafe(|| {
            session.expect_statements(0, |session| -> Result<()> {
                session.count(User::select())?;
                std::panic::resume_unwind(Box::new("as it should"))
            })
        });
        std::panic::catch_unwind(panics).unwrap_err();
        session.expect_statements(1, |session| session.count(User::select())).unwrap();
    });
}
