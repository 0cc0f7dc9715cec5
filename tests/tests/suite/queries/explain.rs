//! What a statement would be, and how it would be run.

use orm_tests::both_forms;

/// The text and the values are shown without a database, and a text's as well as a query's.
#[test]
fn a_statement_shows_its_sql_and_parameters() {
    use crate::models::User;
    use orm::dialect::{Postgres, Sqlite};
    use orm::{SqlType, Value};
    use orm_tests::prelude::*;

    let query = select(User::NAME).filter(User::AGE.gt(28)).filter(User::NAME.eq("O'Hara"));
    let sql = query.to_sql(&Sqlite).unwrap();
    assert_eq!(sql, r#"SELECT "name" FROM "users" WHERE "age" > ? AND "name" = ?"#);
    assert_eq!(sql.parameters(), [Value::Int(28), Value::Text("O'Hara".into())]);
    assert_eq!(sql.types(), [SqlType::Integer, SqlType::Text]);
    assert_eq!((sql.to_string().as_str(), sql.sql()), (&*sql, &*sql));
    let debug = format!("{sql:?}");
    assert!(debug.contains("> ?") && debug.contains("28") && debug.contains("O'Hara"), "{debug}");
    let sql = query.to_sql(&Postgres).unwrap();
    assert_eq!(sql, r#"SELECT "name" FROM "users" WHERE "age" > $1 AND "name" = $2"#);
    assert_ne!(sql, query.to_sql(&Sqlite).unwrap());

    let words = text("SELECT :a, 'it''s :b', :a").bind("a", 7_i64);
    let sql = words.to_sql(&Postgres).unwrap();
    assert_eq!(sql, "SELECT $1, 'it''s :b', $2");
    assert_eq!(sql.parameters(), [Value::Int(7), Value::Int(7)]);
    assert_eq!(words.entities::<User>().to_sql(&Sqlite).unwrap(), "SELECT ?, 'it''s :b', ?");
    let error = text("SELECT :a").to_sql(&Sqlite).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidQuery);
}

#[both_forms]
mod explain {
    use crate::models::{Post, User};
    use orm_tests::prelude::*;
    use orm_tests::{Backend, assert_says};

    /// The plan is the database's own, as lines; what a step reads from is indented.
    #[case]
    async fn a_plan_is_lines(db: Db) {
        db.create::<(User, Post)>().await;
        let query = select((User::NAME, Post::TITLE))
            .join(Post::entity().on(Post::AUTHOR_ID.eq(User::ID)))
            .filter(User::NAME.eq("x"))
            .order_by(Post::TITLE.asc());
        let mut session = db.session();
        let plan = session.explain(query.clone()).await.unwrap();
        let same = db.engine.connect().await.unwrap().explain(&query).await.unwrap();
        assert_eq!(plan, same);
        match db.backend {
            Backend::Sqlite => {
                assert!(plan.lines().len() >= 3, "{plan}");
                assert_says(&plan, &["users", "posts", "USE TEMP B-TREE FOR ORDER BY"]);
            }
            Backend::MariaDb => assert_says(&plan, &["query_block"]),
            Backend::MySql => assert!(plan.lines().iter().all(|line| line.contains("->")), "{plan}"),
            Backend::Postgres => {
                assert!(plan.lines()[0].starts_with("Sort "), "{plan}");
                assert!(plan.lines().iter().any(|line| line.contains("->")), "{plan}");
                assert_says(&plan, &["users", "posts", "'x'", "cost="]);
            }
        }
        assert_eq!(plan.to_string(), plan.lines().join("\n"));
        let statements = db.trace.take_statements();
        assert_eq!(statements.len(), 2);
        assert!(statements.iter().all(|sql| sql.starts_with("EXPLAIN ")), "{statements:?}");

        let text = text("SELECT name FROM users WHERE id = :id").bind("id", 3_i64);
        let word = match db.backend {
            Backend::Sqlite | Backend::Postgres => "users",
            Backend::MariaDb => "query_block",
            // The row that is not there was looked for already.
            Backend::MySql => "Zero rows",
        };
        assert_says(session.explain(text).await.unwrap(), &[word]);
    }

    /// A subquery's steps are below it.
    #[case]
    async fn a_tree_is_indented(db: Db) {
        db.create::<User>().await;
        let nested = "SELECT name FROM users WHERE age = (SELECT max(age) FROM users)";
        let plan = db.session().explain(text(nested)).await.unwrap();
        assert!(!plan.lines()[0].starts_with(' '), "{plan}");
        assert!(plan.lines().iter().any(|line| line.starts_with("  ")), "{plan}");
    }

    /// To explain is not to execute.
    #[case]
    async fn explain_writes_nothing(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        session.add(User::new("Alice"));
        session.commit().await.unwrap();
        let plan = session.explain(text("DELETE FROM users WHERE age IS NULL")).await.unwrap();
        assert_says(plan, &[if db.backend == Backend::MySql { "->" } else { "users" }]);
        let mut connection = db.engine.connect().await.unwrap();
        let insert = text("INSERT INTO users (name) VALUES (:name)").bind("name", "Bob");
        connection.explain(insert.clone()).await.unwrap();
        let error = connection.explain_analyze(insert).await.unwrap_err();
        let expected = match db.backend {
            Backend::Sqlite | Backend::MariaDb => ErrorKind::Unsupported,
            Backend::Postgres | Backend::MySql => ErrorKind::InvalidQuery,
        };
        assert_eq!(error.kind(), expected);
        connection.commit().await.unwrap();
        assert_eq!(session.all(select(User::NAME)).await.unwrap(), ["Alice"]);
        let two = text("SELECT 1; DELETE FROM users");
        assert!(session.explain(two).await.is_err());
        session.rollback().await.unwrap();
        assert_eq!(session.all(select(User::NAME)).await.unwrap(), ["Alice"]);
    }

    /// What SQLite cannot measure it says so, before anything is sent.
    #[case]
    async fn explain_analyze_measures(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        session.add(User::new("Alice"));
        session.flush().await.unwrap();
        db.trace.take();
        let plan = session.explain_analyze(User::select().filter(User::NAME.eq("Alice"))).await;
        match db.backend {
            Backend::Postgres => assert_says(plan.unwrap(), &["actual time", "rows=1", "Execution Time"]),
            Backend::MySql => assert_says(plan.unwrap(), &["actual time", "rows=1"]),
            Backend::Sqlite | Backend::MariaDb => {
                let error = plan.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                assert_says(error, &["EXPLAIN ANALYZE"]);
                assert!(db.trace.take().is_empty());
                let mut connection = db.engine.connect().await.unwrap();
                assert!(connection.explain_analyze(User::select()).await.is_err());
            }
        }
    }
}
