//! Migrations: steps that a database goes through once.

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

fn steps() -> Vec<Migration> {
    vec![
        Migration::new(
            "0001_pets",
            "CREATE TABLE pets (id BIGINT); INSERT INTO pets (id) VALUES (1); -- one; pet",
        ),
        Migration::new("0002_names", "ALTER TABLE pets ADD COLUMN name TEXT"),
    ]
}

#[both_forms]
mod migrations {
    use super::*;

    async fn pets(db: &Db) -> i64 {
        let mut connection = db.other().connect().await.unwrap();
        let count = connection.execute(text("SELECT count(*) FROM pets")).await.unwrap();
        count.scalar_one().unwrap()
    }

    async fn recorded(db: &Db) -> Vec<String> {
        let mut connection = db.other().connect().await.unwrap();
        let names = text("SELECT name FROM orm_migrations ORDER BY position");
        connection.execute(names).await.unwrap().all().unwrap()
    }

    /// [DDL-11] Pending steps run once, in order, and are recorded; a second run does nothing.
    #[case]
    async fn pending_steps_run_once(db: Db) {
        let first = steps().remove(0);
        assert_eq!(db.engine.migrate([first]).await.unwrap(), ["0001_pets"]);
        assert_eq!(pets(&db).await, 1);
        assert_eq!(db.engine.migrate(steps()).await.unwrap(), ["0002_names"]);
        assert_eq!(recorded(&db).await, ["0001_pets", "0002_names"]);
        db.trace.take();
        assert!(db.engine.migrate(steps()).await.unwrap().is_empty());
        let written: Vec<_> = db.trace.take_statements();
        assert!(written.iter().all(|sql| sql.starts_with("SELECT")), "{written:?}");
        assert_eq!(pets(&db).await, 1);
    }

    /// [DDL-11] A step that fails leaves no trace, and those before it stay.
    #[case(sqlite, postgres)]
    async fn a_step_that_fails(db: Db) {
        let mut all = steps();
        all.push(Migration::new(
            "0003_broken",
            "CREATE TABLE toys (id BIGINT); INSERT INTO no_such (id) VALUES (1)",
        ));
        let error = db.engine.migrate(all.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingTable);
        assert_says(&error, &["migration 0003_broken failed", "no_such"]);
        assert!(error.sql().is_some());
        assert_eq!(recorded(&db).await, ["0001_pets", "0002_names"]);
        assert!(!db.engine.inspect().await.unwrap().has_table("toys"));

        all[2] = Migration::new("0003_broken", "CREATE TABLE toys (id BIGINT)");
        assert_eq!(db.engine.migrate(all).await.unwrap(), ["0003_broken"], "and is mended");
    }

    /// Steps of statements that a database runs outside of transactions alone.
    #[case(sqlite, postgres)]
    async fn a_step_without_a_transaction(db: Db) {
        let vacuum = Migration::new("0003_tidy", "VACUUM");
        let all = || steps().into_iter().chain([vacuum.clone()]);
        assert!(db.engine.migrate(all()).await.is_err(), "not in a transaction");
        let all = || steps().into_iter().chain([vacuum.clone().without_transaction()]);
        assert_eq!(db.engine.migrate(all()).await.unwrap(), ["0003_tidy"]);
        assert!(db.engine.migrate(all()).await.unwrap().is_empty());
    }

    /// SQLite makes a table anew to change it; what refers to it stays only with foreign keys off, which it ignores in a transaction.
    #[case(sqlite)]
    async fn a_table_made_anew(db: Db) {
        let tables = Migration::new(
            "1",
            "CREATE TABLE p (id INTEGER PRIMARY KEY);
             CREATE TABLE c (p INTEGER REFERENCES p (id) ON DELETE CASCADE);
             INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);",
        );
        let anew = Migration::new(
            "2",
            "PRAGMA foreign_keys = OFF; CREATE TABLE q (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO q (id) SELECT id FROM p;
             DROP TABLE p; ALTER TABLE q RENAME TO p; PRAGMA foreign_keys = ON;",
        );
        let error = db.engine.migrate([tables.clone(), anew.clone()]).await.unwrap_err();
        assert_says(&error, &["migration 2 failed", "no effect in a transaction"]);
        db.engine.migrate([tables, anew.without_transaction()]).await.unwrap();
        let mut connection = db.engine.connect().await.unwrap();
        let children = connection.execute(text("SELECT count(*) FROM c")).await.unwrap();
        assert_eq!(children.scalar_one::<i64>().unwrap(), 1, "and nothing is lost");
        let pragma = connection.execute(text("PRAGMA foreign_keys = OFF")).await.unwrap_err();
        assert_eq!(pragma.kind(), ErrorKind::Unsupported);
    }

    /// Steps that were run cannot be changed, left out or put elsewhere.
    #[case]
    async fn what_was_run_stays(db: Db) {
        db.engine.migrate(steps()).await.unwrap();
        let wrong = [
            (
                vec![steps().remove(0), Migration::new("0002_names", "SELECT 1")],
                "text of 0002_names has changed",
            ),
            (steps().into_iter().rev().collect(), "where the list has 0002_names"),
            (vec![steps().remove(0)], "0002_names, which is not in the list"),
            (vec![steps().remove(0), steps().remove(0)], "two migrations are named 0001_pets"),
        ];
        for (steps, word) in wrong {
            let error = db.engine.migrate(steps).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Migration);
            assert_says(error, &[word]);
        }
        db.script("UPDATE orm_migrations SET position = 5 WHERE position = 1").await;
        assert_says(db.engine.migrate(steps()).await.unwrap_err(), &["gap before 0002_names"]);
        db.script("UPDATE orm_migrations SET position = 1 WHERE position = 5").await;
        let ends_itself = Migration::new("0003", "CREATE TABLE toys (id BIGINT); COMMIT");
        let error = db.engine.migrate(steps().into_iter().chain([ends_itself])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_eq!(recorded(&db).await.len(), 2);
    }
}

/// Several programs at once: each step is run by one of them.
#[test]
fn programs_that_migrate_at_the_same_time() {
    for backend in orm_tests::Backend::ALL {
        orm_tests::sync_form::run(backend, |db| {
            let steps: Vec<_> = (0..20)
                .map(|number| {
                    let name = format!("{number:04}");
                    Migration::new(
                        name.clone(),
                        orm::schema::RawSql::unchecked(format!("CREATE TABLE t{name} (id BIGINT)")),
                    )
                })
                .collect();
            let (db, steps) = (&db, &steps);
            let run: Vec<String> = std::thread::scope(|scope| {
                let threads: Vec<_> =
                    (0..4).map(|_| scope.spawn(|| db.other().migrate(steps.clone()).unwrap())).collect();
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(run.len(), 20, "{backend:?}: {run:?}");
        });
    }
}
