//! Connections without a session: transactions, blocks, savepoints, isolation.

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, assert_statements, both_forms};

use crate::models::User;

#[both_forms]
mod transactions {
    use super::*;

    async fn users(db: &Db) -> Vec<String> {
        let mut connection = db.other().connect().await.unwrap();
        connection.execute(text("SELECT name FROM users ORDER BY id")).await.unwrap().all().unwrap()
    }

    async fn insert(connection: &mut Connection, name: &'static str) -> orm::Result<u64> {
        let insert = text("INSERT INTO users (name) VALUES (:name)").bind("name", name);
        Ok(connection.execute(insert).await?.rows_affected())
    }

    /// [TXN-1, ASY-1, ASY-8] The first statement begins a transaction, and without a commit nothing is stored.
    #[case]
    async fn a_transaction_begins_with_the_first_statement(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        assert!(!connection.in_transaction());
        assert_eq!(insert(&mut connection, "Ann").await.unwrap(), 1);
        assert!(connection.in_transaction());
        drop(connection);
        assert!(users(&db).await.is_empty());
        assert_eq!(db.trace.take().len(), 3, "BEGIN, INSERT, ROLLBACK");

        let mut connection = db.engine.connect().await.unwrap();
        insert(&mut connection, "Ann").await.unwrap();
        connection.commit().await.unwrap();
        assert!(!connection.in_transaction());
        insert(&mut connection, "Bob").await.unwrap();
        connection.rollback().await.unwrap();
        drop(connection);
        assert_eq!(users(&db).await, ["Ann"]);
    }

    /// [TXN-2] A block of the engine commits when it ends well.
    #[case]
    async fn a_block_commits_or_rolls_back(db: Db) {
        db.create::<User>().await;
        let inserted = db
            .engine
            .begin(async |connection| {
                insert(connection, "Ann").await?;
                insert(connection, "Bob").await
            })
            .await;
        assert_eq!(inserted.unwrap(), 1);
        assert_eq!(users(&db).await, ["Ann", "Bob"]);

        #[derive(Debug, PartialEq)]
        struct Mine(u8);
        impl std::fmt::Display for Mine {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "mine")
            }
        }
        impl std::error::Error for Mine {}
        let failed = db
            .engine
            .begin(async |connection| {
                insert(connection, "Cid").await?;
                Err::<(), _>(orm::Error::other(Mine(7)))
            })
            .await;
        assert_eq!(failed.unwrap_err().other_ref::<Mine>(), Some(&Mine(7)), "the error comes out as it was");
        assert_eq!(users(&db).await, ["Ann", "Bob"]);
    }

    /// [TXN-3] Ending what was not begun does nothing; beginning what is open is an error, and leaves it open.
    #[case]
    async fn misplaced_steps(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        connection.commit().await.unwrap();
        connection.rollback().await.unwrap();
        assert!(db.trace.take().is_empty());

        insert(&mut connection, "Ann").await.unwrap();
        let error = connection.begin().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_says(error, &["begin", "a transaction is open", "commit or roll back first"]);
        connection.commit().await.unwrap();

        let mut transaction = connection.begin().await.unwrap();
        assert!(transaction.in_transaction());
        assert_eq!(transaction.begin().await.unwrap_err().kind(), ErrorKind::Misuse);
        insert(&mut transaction, "Bob").await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(users(&db).await, ["Ann", "Bob"]);
    }

    /// [TXN-4] After the end of a block's transaction there is nothing to do in it but to leave.
    #[case]
    async fn a_block_whose_transaction_has_ended_is_left(db: Db) {
        db.create::<User>().await;
        let block = async |connection: &mut Connection| {
            insert(connection, "Ann").await?;
            connection.commit().await?;
            let error = insert(connection, "Bob").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Misuse);
            assert_says(error, &["has ended", "leave the block"]);
            Ok(())
        };
        db.engine.begin(block).await.unwrap();
        assert_eq!(users(&db).await, ["Ann"]);
        assert_eq!(db.trace.take(), ["BEGIN", &insert_sql(&db), "COMMIT"], "and leaving it sends nothing");
    }

    fn insert_sql(db: &Db) -> String {
        let parameter = if db.backend == Backend::Postgres { "$1" } else { "?" };
        format!("INSERT INTO users (name) VALUES ({parameter})")
    }

    /// [R8] A guard that is dropped, and a block that panics, roll back; the connection can be used on.
    #[case]
    async fn a_dropped_guard_rolls_back(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        let mut transaction = connection.begin().await.unwrap();
        insert(&mut transaction, "Ann").await.unwrap();
        drop(transaction);
        assert!(!connection.in_transaction());
        let transaction = connection.begin().await.unwrap();
        transaction.rollback().await.unwrap();
        insert(&mut connection, "Bob").await.unwrap();
        connection.commit().await.unwrap();
        assert_eq!(users(&db).await, ["Bob"]);
    }

    /// [TXN-5] A savepoint that is rolled back takes with it what was done since, and no more.
    #[case]
    async fn savepoints(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        insert(&mut connection, "before").await.unwrap();
        let mut nested = connection.begin_nested().await.unwrap();
        insert(&mut nested, "inside").await.unwrap();
        nested.rollback().await.unwrap();
        insert(&mut connection, "after").await.unwrap();
        connection.commit().await.unwrap();
        assert_eq!(users(&db).await, ["before", "after"]);
        db.trace.take();

        let mut nested = connection.begin_nested().await.unwrap();
        insert(&mut nested, "kept").await.unwrap();
        let mut inner = nested.begin_nested().await.unwrap();
        insert(&mut inner, "dropped").await.unwrap();
        drop(inner);
        insert(&mut nested, "too").await.unwrap();
        nested.commit().await.unwrap();
        connection.commit().await.unwrap();
        assert_eq!(users(&db).await, ["before", "after", "kept", "too"]);
        let insert = insert_sql(&db);
        assert_eq!(
            db.trace.take(),
            [
                "BEGIN",
                "SAVEPOINT orm_2",
                &insert,
                "SAVEPOINT orm_3",
                &insert,
                "ROLLBACK TO orm_3",
                &insert,
                "RELEASE orm_2",
                "COMMIT"
            ],
            "a savepoint without a transaction begins one"
        );
    }

    /// A savepoint whose transaction has ended is gone.
    #[case]
    async fn a_savepoint_of_a_transaction_that_has_ended(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        let mut nested = connection.begin_nested().await.unwrap();
        insert(&mut nested, "Ann").await.unwrap();
        let outer: &mut Connection = &mut nested;
        outer.commit().await.unwrap();
        let error = nested.commit().await.unwrap_err();
        assert_says(error, &["savepoint is gone"]);
        assert_eq!(users(&db).await, ["Ann"]);
    }

    /// [TXN-6] A failed statement leaves the transaction open until its owner ends it.
    #[case]
    async fn a_failed_statement_ends_nothing(db: Db) {
        db.create::<User>().await;
        db.script("CREATE UNIQUE INDEX one_name ON users (name)").await;
        let mut connection = db.engine.connect().await.unwrap();
        insert(&mut connection, "Ann").await.unwrap();
        let error = insert(&mut connection, "Ann").await.unwrap_err();
        assert!(error.is_unique_violation(), "{error}");
        assert!(connection.in_transaction());
        assert_eq!(db.trace.take().len(), 3, "BEGIN and two statements");
        if db.backend == Backend::Postgres {
            // PostgreSQL's rule: it has aborted the transaction, and would answer a COMMIT with success.
            let error = insert(&mut connection, "Bob").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PendingRollback);
            assert_eq!(connection.commit().await.unwrap_err().kind(), ErrorKind::PendingRollback);
            connection.rollback().await.unwrap();
            assert!(users(&db).await.is_empty());
        } else {
            insert(&mut connection, "Bob").await.unwrap();
            connection.commit().await.unwrap();
            assert_eq!(users(&db).await, ["Ann", "Bob"]);
        }
    }

    /// [TXN-1] After a COMMIT that failed the transaction is over: what is run next is another one.
    #[case(sqlite, postgres)]
    async fn a_failed_commit_ends_the_transaction(db: Db) {
        db.script("CREATE TABLE p (id INTEGER PRIMARY KEY)").await;
        db.script("CREATE TABLE c (p INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)").await;
        let mut connection = db.engine.connect().await.unwrap();
        let insert = || text("INSERT INTO c (p) VALUES (1)");
        let count = || text("SELECT count(*) FROM c");
        connection.execute(insert()).await.unwrap();
        assert!(connection.commit().await.unwrap_err().is_foreign_key_violation());
        assert!(!connection.in_transaction());
        connection.execute(insert()).await.unwrap();
        assert!(connection.in_transaction());
        connection.rollback().await.unwrap();
        assert_eq!(connection.execute(count()).await.unwrap().scalar_one::<i64>().unwrap(), 0);
    }

    /// Nothing can be read-only without a transaction.
    #[case]
    async fn read_only_and_autocommit_exclude_each_other(db: Db) {
        let mut connection = db.engine.connect().await.unwrap();
        connection.set_read_only(true).unwrap();
        assert_says(connection.set_autocommit(true).unwrap_err(), &["read-only", "each statement by itself"]);
        connection.set_read_only(false).unwrap();
        connection.set_autocommit(true).unwrap();
        assert_eq!(connection.set_read_only(true).unwrap_err().kind(), ErrorKind::Misuse);
    }

    /// What SQLite has rolled back by itself is not gone on with, statement by statement, outside of a transaction.
    #[case(sqlite)]
    async fn a_transaction_that_sqlite_rolled_back(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        insert(&mut connection, "Ann").await.unwrap();
        let error = connection
            .execute(text("INSERT OR ROLLBACK INTO users (name) VALUES ('Ann')"))
            .await
            .unwrap_err();
        assert!(error.is_unique_violation());
        assert_eq!(insert(&mut connection, "Bob").await.unwrap_err().kind(), ErrorKind::PendingRollback);
        let error = connection.begin_nested().await.unwrap_err();
        assert_says(error, &["rolled the transaction back"]);
        connection.rollback().await.unwrap();
        insert(&mut connection, "Cid").await.unwrap();
        connection.commit().await.unwrap();
        assert_eq!(users(&db).await, ["Cid"]);
    }

    /// Several statements are a script; text is one.
    #[case]
    async fn scripts(db: Db) {
        let mut connection = db.engine.connect().await.unwrap();
        let script = "CREATE TABLE a (id BIGINT); -- one; two\n INSERT INTO a (id) VALUES (1); INSERT INTO a (id) VALUES (2);";
        connection.script(script).await.unwrap();
        let error = connection.execute(text("SELECT 1; SELECT 2")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Statement, "{error}");
        connection.rollback().await.unwrap();
        if db.backend.is_mysql() {
            // Which commits when a table is created.
            assert!(connection.execute(text("SELECT * FROM a")).await.is_ok());
            return;
        }
        let error = connection.execute(text("SELECT * FROM a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingTable, "a script is a part of the transaction");
    }

    /// [TXN-6] A statement that failed inside a savepoint is undone with it.
    #[case]
    async fn a_savepoint_survives_a_failed_statement(db: Db) {
        db.create::<User>().await;
        db.script("CREATE UNIQUE INDEX one_name ON users (name)").await;
        let mut connection = db.engine.connect().await.unwrap();
        for name in ["Ann", "Bob", "Ann", "Cid"] {
            let mut nested = connection.begin_nested().await.unwrap();
            match insert(&mut nested, name).await {
                Ok(_) => nested.commit().await.unwrap(),
                Err(error) => {
                    assert!(error.is_unique_violation());
                    nested.rollback().await.unwrap();
                }
            }
        }
        connection.commit().await.unwrap();
        assert_eq!(users(&db).await, ["Ann", "Bob", "Cid"]);
    }

    /// The level of the transaction that is open, or of one that begins with this.
    async fn level(backend: Backend, connection: &mut Connection) -> String {
        if backend == Backend::Postgres {
            let shown = connection.execute(text("SHOW transaction_isolation")).await.unwrap();
            return shown.scalar_one().unwrap();
        }
        loop {
            // InnoDB shows a transaction once it has read something, and not more often than each tenth of a second.
            connection.execute(text("SELECT count(*) FROM users")).await.unwrap();
            std::thread::sleep(std::time::Duration::from_millis(150));
            let level = text(
                "SELECT lower(trx_isolation_level) FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id = connection_id()",
            );
            let mut shown = connection.execute(level).await.unwrap();
            if let Some(level) = shown.next().unwrap() {
                return level;
            }
        }
    }

    /// [TXN-7] A level is one connection's own, and does not stay with it.
    #[case(postgres, mariadb, mysql)]
    async fn isolation_of_one_connection(db: Db) {
        db.create::<User>().await;
        let level = async |connection: &mut Connection| level(db.backend, connection).await;
        let mut one = db.engine.connect().await.unwrap();
        let mut other = db.engine.connect().await.unwrap();
        one.set_isolation(Isolation::Serializable).unwrap();
        assert_eq!(level(&mut one).await, "serializable");
        let usual = if db.backend.is_mysql() { "repeatable read" } else { "read committed" };
        assert_eq!(level(&mut other).await, usual);
        let error = one.set_isolation(Isolation::ReadCommitted).unwrap_err();
        assert_says(error, &["set_isolation", "a transaction is open"]);
        one.commit().await.unwrap();
        assert_eq!(level(&mut one).await, "serializable", "for as long as it is borrowed");
        drop(one);
        let mut again = db.engine.connect().await.unwrap();
        assert_eq!(level(&mut again).await, usual);
    }

    /// [TXN-7] SQLite keeps every transaction as far apart as any level asks.
    #[case(sqlite)]
    async fn every_level_is_serializable(db: Db) {
        db.create::<User>().await;
        let mut reader = db.engine.connect().await.unwrap();
        reader.set_isolation(Isolation::ReadUncommitted).unwrap();
        let count = text("SELECT count(*) FROM users");
        assert_eq!(reader.execute(count.clone()).await.unwrap().scalar_one::<i64>().unwrap(), 0);
        db.script("INSERT INTO users (name) VALUES ('Ann')").await;
        assert_eq!(reader.execute(count.clone()).await.unwrap().scalar_one::<i64>().unwrap(), 0);
        assert!(reader.set_isolation(Isolation::Serializable).is_err());
        reader.commit().await.unwrap();
        assert_eq!(reader.execute(count).await.unwrap().scalar_one::<i64>().unwrap(), 1);
    }

    /// The level of an engine is that of its connections and sessions.
    #[case(postgres, mariadb, mysql)]
    async fn isolation_of_an_engine(db: Db) {
        let builder = Engine::builder(&db.database.url).unwrap();
        let engine: Engine = builder.isolation(Isolation::Serializable).open();
        db.create::<User>().await;
        let mut connection = engine.connect().await.unwrap();
        assert_eq!(level(db.backend, &mut connection).await, "serializable");
        if db.backend == Backend::Postgres {
            let show = text("SHOW transaction_isolation");
            let level: String = engine.session().execute(show).await.unwrap().scalar_one().unwrap();
            assert_eq!(level, "serializable");
        }
    }

    /// A read-only transaction does not write, and the next user of the connection does.
    #[case]
    async fn read_only_transactions(db: Db) {
        db.create::<User>().await;
        let builder = Engine::builder(&db.database.url).unwrap();
        let engine: Engine = builder.pool_size(1).max_overflow(0).open();
        let mut connection = engine.connect().await.unwrap();
        connection.set_read_only(true).unwrap();
        let count = connection.execute(text("SELECT count(*) FROM users")).await.unwrap();
        assert_eq!(count.scalar_one::<i64>().unwrap(), 0);
        let error = insert(&mut connection, "Ann").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
        drop(connection);
        let mut connection = engine.connect().await.unwrap();
        insert(&mut connection, "Ann").await.unwrap();
        connection.commit().await.unwrap();
        assert_eq!(users(&db).await, ["Ann"]);
    }

    /// Statements that a database runs only outside of a transaction.
    #[case]
    async fn autocommit(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        insert(&mut connection, "Ann").await.unwrap();
        let error = connection.set_autocommit(true).unwrap_err();
        assert_says(error, &["set_autocommit", "a transaction is open"]);
        connection.commit().await.unwrap();
        connection.set_autocommit(true).unwrap();
        db.trace.take();
        let outside = if db.backend.is_mysql() { "FLUSH STATUS" } else { "VACUUM" };
        connection.execute(text_unchecked(outside)).await.unwrap();
        insert(&mut connection, "Bob").await.unwrap();
        assert!(!connection.in_transaction());
        assert_eq!(users(&db).await, ["Ann", "Bob"], "without a commit");
        assert_eq!(db.trace.take().len(), 2, "and without a transaction of ours");
        assert_eq!(connection.begin().await.unwrap_err().kind(), ErrorKind::Misuse);
        assert_eq!(connection.begin_nested().await.unwrap_err().kind(), ErrorKind::Misuse);
    }

    /// Text that would end the transaction behind the connection's back is refused.
    #[case]
    async fn control_statements_as_text_are_refused(db: Db) {
        let mut connection = db.engine.connect().await.unwrap();
        for sql in ["COMMIT", " -- now\nrollback", "BEGIN", "SAVEPOINT a", "START TRANSACTION", "END"] {
            let error = connection.execute(text(sql)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Misuse);
            assert_says(error, &["transaction", "use commit"]);
            assert_eq!(connection.script(sql).await.unwrap_err().kind(), ErrorKind::Misuse);
        }
        assert_eq!(connection.script("SELECT 1; COMMIT").await.unwrap_err().kind(), ErrorKind::Misuse);
        for sql in ["COMMIT", "BEGIN"] {
            let error = connection.execute_many(text(sql), [Params::new()]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Misuse);
        }
        assert!(db.trace.take().is_empty(), "nothing was sent");
    }

    /// [TXN-8] Many sets of values are one batch, and one that lacks a value stops all of them.
    #[case]
    async fn many_sets_are_one_batch(db: Db) {
        db.create::<User>().await;
        let insert = || text("INSERT INTO users (name, age) VALUES (:name, :age)");
        let set = |name: &'static str, age: Option<i32>| Params::new().bind("age", age).bind("name", name);
        let mut connection = db.engine.connect().await.unwrap();
        let sets = [set("Ann", Some(30)), set("Bob", None), set("Cid", Some(20))];
        assert_eq!(connection.execute_many(insert(), sets).await.unwrap(), 3);
        assert_statements(
            &db.trace.take_statements(),
            &["INSERT INTO users (name, age) VALUES (?, ?) -- 3 rows"],
        );

        let sets = [set("Dan", Some(1)), Params::new().bind("name", "Eve")];
        let error = connection.execute_many(insert(), sets).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_says(error, &["set 2", ":age"]);
        let sets = [set("Dan", Some(1)), set("Eve", None).bind("size", 3)];
        assert_says(connection.execute_many(insert(), sets).await.unwrap_err(), &["set 2", "size"]);
        let sets = [set("Dan", Some(1)), Params::new().bind("name", 5_i64).bind("age", Some(1))];
        assert_says(connection.execute_many(insert(), sets).await.unwrap_err(), &["set 2", ":name"]);
        assert!(db.trace.take().is_empty(), "nothing was sent");
        let sets = [set("Dan", Some(1)).bind("age", Some(2))];
        assert_says(connection.execute_many(insert(), sets).await.unwrap_err(), &["set 1", "`age` twice"]);
        assert_eq!(connection.execute_many(insert(), []).await.unwrap(), 0);
        connection.commit().await.unwrap();
        assert_eq!(users(&db).await, ["Ann", "Bob", "Cid"]);
    }

    /// [TXN-8] A batch that the database stops in its middle leaves nothing of itself, and neither does a script.
    #[case]
    async fn a_batch_is_all_or_nothing(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        let insert = || text("INSERT INTO users (name) VALUES (:name)");
        let names = ["Ann", "Bob", "Ann"].map(|name| Params::new().bind("name", name));
        assert!(connection.execute_many(insert(), names).await.unwrap_err().is_unique_violation());
        let script = "INSERT INTO users (name) VALUES ('Cid'); INSERT INTO users (name) VALUES ('Cid')";
        // PostgreSQL has aborted the transaction already.
        assert!(connection.script(script).await.is_err());
        let _ = connection.commit().await;
        drop(connection);
        assert!(users(&db).await.is_empty());

        let mut connection = db.engine.connect().await.unwrap();
        let returning = text("INSERT INTO users (name) VALUES (:name) RETURNING id");
        let error =
            connection.execute_many(returning, [Params::new().bind("name", "Ann")]).await.unwrap_err();
        assert_says(error, &["invalid query", "execute_many gives no rows back"]);
        connection.commit().await.unwrap();
        assert!(users(&db).await.is_empty());
    }

    /// A session runs statements in its own transaction, after a flush.
    #[case]
    async fn statements_of_a_session(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let ann = session.add(User::new("Ann"));
        let names: Vec<String> =
            session.execute(text("SELECT name FROM users")).await.unwrap().all().unwrap();
        assert_eq!(names, ["Ann"], "it sees what was only added");
        let update = text("UPDATE users SET age = :age WHERE id = :id");
        let changed = session.execute(update.bind("age", 7).bind("id", session[ann].id)).await.unwrap();
        assert_eq!(changed.rows_affected(), 1);
        session.refresh(ann).await.unwrap();
        assert_eq!(session[ann].age, Some(7));
        session.rollback().await.unwrap();
        assert!(users(&db).await.is_empty());
    }
}
