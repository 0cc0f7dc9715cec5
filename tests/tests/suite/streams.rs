//! Results that are read batch by batch.

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::User;

/// A query for these columns of more rows than anybody reads. MariaDB and MySQL find all rows of a recursion before they send the first.
fn endless(backend: orm_tests::Backend, columns: &str) -> String {
    match backend {
        orm_tests::Backend::MySql => {
            // Joined row by row, so that none waits for the last.
            let hint = "/*+ SET_VAR(optimizer_switch='block_nested_loop=off') */";
            let digits =
                (1..10).fold("SELECT 0 AS d".to_owned(), |all, d| format!("{all} UNION ALL SELECT {d}"));
            let tables: Vec<_> = ('a'..='i').map(|place| format!("({digits}) AS {place}")).collect();
            let number =
                ('b'..='i').fold("a.d".to_owned(), |left, place| format!("({left}) * 10 + {place}.d"));
            format!("SELECT {hint} {columns} FROM (SELECT {number} + 1 AS i FROM {}) AS n", tables.join(", "))
        }
        orm_tests::Backend::MariaDb => {
            format!("SELECT {columns} FROM (SELECT seq AS i FROM seq_1_to_1000000000000) AS n")
        }
        orm_tests::Backend::Sqlite | orm_tests::Backend::Postgres => {
            format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT {columns} FROM n"
            )
        }
    }
}

#[both_forms]
mod streams {
    use super::*;

    async fn numbered(db: &Db, users: i64) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        let sets = (1..=users).map(|id| Params::new().bind("id", id).bind("name", format!("user {id}")));
        let insert = text("INSERT INTO users (id, name) VALUES (:id, :name)");
        connection.execute_many(insert, sets).await.unwrap();
        connection.commit().await.unwrap();
        db.trace.take();
    }

    /// [RES-10] All rows arrive in order, and in batches.
    #[case]
    async fn rows_arrive_in_order(db: Db) {
        numbered(&db, 1234).await;
        let mut connection = db.engine.connect().await.unwrap();
        let query = || text("SELECT id, name FROM users WHERE id > :least ORDER BY id").bind("least", 0_i64);
        let mut stream = connection.stream(query()).await.unwrap();
        let mut seen = 0;
        while let Some((id, name)) = stream.next::<(i64, String)>().await.unwrap() {
            seen += 1;
            assert_eq!((id, name), (seen, format!("user {seen}")));
        }
        assert_eq!(seen, 1234);
        assert_eq!(stream.columns(), ["id", "name"]);
        assert_eq!(stream.next::<(i64, String)>().await.unwrap(), None, "and after the end there are none");
        drop(stream);

        let mut stream = connection.stream(query()).await.unwrap();
        let mut sizes = Vec::new();
        loop {
            let part = stream.partition::<(i64, String)>(500).await.unwrap();
            if part.is_empty() {
                break;
            }
            sizes.push(part.len());
        }
        assert_eq!(sizes, [500, 500, 234]);
        drop(stream);
        let mut none = connection.stream(text("SELECT id FROM users WHERE id < 0")).await.unwrap();
        assert_eq!(none.next::<i64>().await.unwrap(), None);
    }

    /// [RES-10] A stream that is dropped half-way frees its connection.
    #[case]
    async fn a_dropped_stream_frees_the_connection(db: Db) {
        numbered(&db, 3000).await;
        let mut connection = db.engine.connect().await.unwrap();
        for read in [0, 1, 700] {
            let mut stream = connection.stream(text("SELECT id FROM users ORDER BY id")).await.unwrap();
            assert_eq!(stream.partition::<i64>(read).await.unwrap().len(), read);
            drop(stream);
            let count = connection.execute(text("SELECT count(*) FROM users")).await.unwrap();
            assert_eq!(count.scalar_one::<i64>().unwrap(), 3000);
        }
        let mut stream = connection.stream(text("SELECT id FROM users")).await.unwrap();
        stream.next::<i64>().await.unwrap();
        drop(stream);
        connection.execute(text("DELETE FROM users WHERE id > 10")).await.unwrap();
        connection.commit().await.unwrap();
        let mut stream = connection.stream(text("SELECT id FROM users")).await.unwrap();
        assert_eq!(stream.partition::<i64>(100).await.unwrap().len(), 10);
        drop(stream);
        connection.rollback().await.unwrap();
    }

    /// [RES-10] No more is read than was asked for, but for a few batches: this query has no end.
    #[case]
    async fn a_stream_without_an_end(db: Db) {
        let mut connection = db.engine.connect().await.unwrap();
        let mut stream = connection.stream(text_unchecked(endless(db.backend, "i"))).await.unwrap();
        assert_eq!(stream.partition::<i32>(1200).await.unwrap().last(), Some(&1200));
        drop(stream);
        assert_eq!(connection.execute(text("SELECT 1")).await.unwrap().scalar_one::<i32>().unwrap(), 1);
    }

    /// [RES-10] Neither does the end of the transaction read on, nor a connection that goes back with a stream half read.
    #[case]
    async fn the_end_of_a_transaction_leaves_the_rest(db: Db) {
        numbered(&db, 1).await;
        let builder = Engine::builder(&db.database.url).unwrap();
        let engine: Engine = builder.pool_size(1).max_overflow(0).open();
        let endless = |columns: &str| text_unchecked(endless(db.backend, columns));
        for commit in [true, false] {
            let mut connection = engine.connect().await.unwrap();
            let mut stream = connection.stream(endless("i")).await.unwrap();
            stream.next::<i32>().await.unwrap();
            drop(stream);
            if commit { connection.commit().await } else { connection.rollback().await }.unwrap();
        }
        let mut connection = engine.connect().await.unwrap();
        let mut stream = connection.stream(endless("i")).await.unwrap();
        stream.next::<i32>().await.unwrap();
        drop(stream);
        drop(connection);
        let mut session = engine.session();
        let query = endless("i AS id, 'x' AS name, 1 AS age");
        let mut stream = session.stream(query.entities::<User>(), 10).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().len(), 10);
        stream.rollback().await.unwrap();
        drop(stream);
        assert_eq!(session.all(User::select()).await.unwrap().len(), 1);
    }

    /// A stream that has failed goes on to say so.
    #[case]
    async fn a_failed_stream_is_no_end(db: Db) {
        let mut connection = db.engine.connect().await.unwrap();
        let fails = match db.backend {
            orm_tests::Backend::Sqlite => {
                text("SELECT abs(i) FROM (SELECT 1 AS i UNION ALL SELECT -9223372036854775808)")
            }
            orm_tests::Backend::MariaDb | orm_tests::Backend::MySql => {
                text("SELECT exp(i) FROM (SELECT 1 AS i UNION ALL SELECT 1000) AS t")
            }
            orm_tests::Backend::Postgres => text("SELECT 1 / i FROM generate_series(1, 0, -1) AS i"),
        };
        let mut stream = match connection.stream(fails).await {
            Ok(stream) => stream,
            Err(error) => return assert!(error.sql().is_some()),
        };
        let failed = loop {
            match stream.next::<i64>().await {
                Ok(row) => assert!(row.is_some(), "an end"),
                Err(error) => break error,
            }
        };
        assert_eq!(stream.next::<i64>().await.unwrap_err().kind(), failed.kind());
    }

    /// What cannot be streamed says so.
    #[case]
    async fn what_cannot_be_streamed(db: Db) {
        numbered(&db, 2).await;
        let mut connection = db.engine.connect().await.unwrap();
        let error = connection.stream(text("DELETE FROM users RETURNING id")).await.unwrap_err();
        assert_says(error, &["only a statement that reads can be streamed"]);
        // An error of the statement comes at the call or with the first row.
        let missing = match connection.stream(text("SELECT id FROM no_such")).await {
            Err(error) => error,
            Ok(mut stream) => stream.next::<i64>().await.unwrap_err(),
        };
        assert_eq!(missing.kind(), ErrorKind::MissingTable);
        connection.rollback().await.unwrap();
        let count = connection.execute(text("SELECT count(*) FROM users")).await.unwrap();
        assert_eq!(count.scalar_one::<i64>().unwrap(), 2);
        connection.rollback().await.unwrap();
        connection.set_autocommit(true).unwrap();
        let error = connection.stream(text("SELECT 1")).await.unwrap_err();
        assert_says(error, &["a stream needs a transaction"]);
    }

    /// [ASY-9, RES-10] Entities in partitions, which can be changed and flushed while more are to come.
    #[case]
    async fn entities_in_partitions(db: Db) {
        numbered(&db, 25).await;
        let mut session = db.session();
        let mut stream = session.stream(User::select().order_by(User::ID.asc()), 10).await.unwrap();
        let mut sizes = Vec::new();
        while let Some(users) = stream.next().await.unwrap() {
            sizes.push(users.len());
            for user in users {
                stream[user].age = Some(1);
            }
            stream.flush().await.unwrap();
        }
        assert_eq!(sizes, [10, 10, 5]);
        drop(stream);
        session.commit().await.unwrap();
        let mut connection = db.engine.connect().await.unwrap();
        let changed = connection.execute(text("SELECT count(*) FROM users WHERE age = 1")).await.unwrap();
        assert_eq!(changed.scalar_one::<i64>().unwrap(), 25);
        drop(connection);

        let mut stream =
            session.stream(text("SELECT age, name, id FROM users").entities::<User>(), 7).await.unwrap();
        let some = stream.next().await.unwrap().unwrap();
        assert_eq!((some.len(), stream[some[0]].age), (7, Some(1)));
        drop(stream);
        assert_eq!(session.all(User::select()).await.unwrap().len(), 25, "the session goes on");
        session.commit().await.unwrap();
    }

    /// [ASY-9] A stream does not outlive its transaction.
    #[case]
    async fn a_stream_ends_with_its_transaction(db: Db) {
        numbered(&db, 25).await;
        let mut session = db.session();
        let mut stream = session.stream(User::select(), 10).await.unwrap();
        stream.next().await.unwrap();
        stream.commit().await.unwrap();
        let error = stream.next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_says(error, &["has ended"]);
        drop(stream);
        assert_eq!(session.all(User::select()).await.unwrap().len(), 25);
    }
}
