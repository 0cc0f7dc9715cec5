//! How many rows a query would return, and whether any.

use orm_tests::both_forms;

#[both_forms]
mod counting {
    use crate::models::{Post, User};
    use orm_tests::prelude::*;
    use orm_tests::{Backend, assert_says, assert_statements};

    /// Alice and Bob are 30, Carol is of no age; Alice wrote two posts.
    async fn people(db: &Db) -> Session {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let alice = session.add(User { age: Some(30), ..User::new("Alice") });
        session.add(User { age: Some(30), ..User::new("Bob") });
        session.add(User::new("Carol"));
        session.add(Post::new("Hello", alice));
        session.add(Post::new("Again", alice));
        session.commit().await.unwrap();
        db.trace.take();
        session
    }

    /// [QRY-7] A plain query is counted as it stands, without its order; 1 statement.
    #[case]
    async fn plain_queries(db: Db) {
        let mut session = people(&db).await;
        assert_eq!(session.count(User::select()).await.unwrap(), 3);
        let aged = User::select().filter(User::AGE.eq(30)).order_by(User::NAME.asc());
        assert_eq!(session.count(aged.clone()).await.unwrap(), 2);
        let joined =
            select((User::NAME, Post::TITLE)).left_join(Post::entity().on(Post::AUTHOR_ID.eq(User::ID)));
        assert_eq!(session.count(joined.clone()).await.unwrap(), 4);
        assert_statements(
            &db.trace.take_statements(),
            &[
                "SELECT COUNT(*) FROM users",
                "SELECT COUNT(*) FROM users WHERE age = ?",
                "SELECT COUNT(*) FROM users LEFT JOIN posts ON posts.author_id = users.id",
            ],
        );
        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.count(aged.clone()).await.unwrap(), 2);
        assert_eq!(
            connection.count(joined.clone()).await.unwrap(),
            connection.execute(joined).await.unwrap().len() as u64
        );
        assert_eq!(connection.count(aged.filter(User::NAME.eq("Zoe"))).await.unwrap(), 0);
    }

    /// [QRY-7] Limits, groups, unions and subqueries count as the query would return them; 1 statement.
    #[case]
    async fn as_the_query_returns_them(db: Db) {
        let mut session = people(&db).await;
        assert_eq!(session.count(User::select().limit(2)).await.unwrap(), 2);
        assert_eq!(session.count(User::select().limit(0)).await.unwrap(), 0);
        assert_eq!(session.count(User::select().order_by(User::ID.asc()).offset(1)).await.unwrap(), 2);
        assert_eq!(session.count(select(User::AGE).group_by(User::AGE)).await.unwrap(), 2);
        assert_eq!(session.count(select(User::AGE).union(select(User::AGE))).await.unwrap(), 2);
        let (limit, offset) = match db.backend {
            Backend::Sqlite => ("LIMIT ? + 0", "LIMIT -1 OFFSET ?"),
            Backend::Postgres => ("LIMIT ?", "OFFSET ?"),
            Backend::MariaDb | Backend::MySql => ("LIMIT ?", "LIMIT 18446744073709551615 OFFSET ?"),
        };
        let limited = format!("SELECT COUNT(*) FROM (SELECT id, name, age FROM users {limit}) AS rows");
        let rest = format!(
            "SELECT COUNT(*) FROM (SELECT id, name, age FROM users ORDER BY id ASC {offset}) AS rows"
        );
        assert_statements(
            &db.trace.take_statements(),
            &[
                &limited,
                &limited,
                &rest,
                "SELECT COUNT(*) FROM (SELECT age FROM users GROUP BY age) AS rows",
                "SELECT COUNT(*) FROM (SELECT age FROM users UNION SELECT age FROM users) AS rows",
            ],
        );
        let both = User::select().subquery("both");
        assert_eq!(session.count(select(User::ID.of(&both))).await.unwrap(), 3);
        // Two columns of one name, in brackets.
        let pairs = select((User::ID, Post::ID)).join(Post::entity().on(Post::AUTHOR_ID.eq(User::ID)));
        assert_eq!(session.count(pairs.limit(1)).await.unwrap(), 1);
        assert_eq!(session.count(select((User::NAME, User::AGE.gt(3)))).await.unwrap(), 3);
    }

    /// [QRY-7] Whether there is any row is 1 statement and a bool.
    #[case]
    async fn existence(db: Db) {
        let mut session = people(&db).await;
        let aged = User::select().filter(User::AGE.eq(30)).order_by(User::NAME.asc());
        assert!(session.exists(aged.clone()).await.unwrap());
        assert!(!session.exists(aged.clone().offset(2)).await.unwrap());
        assert!(!session.exists(User::select().limit(0)).await.unwrap());
        assert!(session.exists(select(User::AGE).group_by(User::AGE).offset(1)).await.unwrap());
        let sent = db.trace.take_statements();
        assert_statements(&sent[..1], &["SELECT EXISTS (SELECT 1 FROM users WHERE age = ?)"]);
        assert_eq!(sent.len(), 4);
        let mut connection = db.engine.connect().await.unwrap();
        assert!(connection.exists(aged.clone()).await.unwrap());
        assert!(!connection.exists(aged.filter(User::NAME.eq("Zoe"))).await.unwrap());
    }

    /// Both see what was not flushed yet, and refuse what the query would.
    #[case]
    async fn pending_changes_and_mistakes(db: Db) {
        let mut session = people(&db).await;
        session.add(User::new("Dora"));
        assert_eq!(session.count(User::select()).await.unwrap(), 4);
        session.add(User::new("Emil"));
        assert!(session.exists(User::select().filter(User::NAME.eq("Emil"))).await.unwrap());
        db.trace.take();
        let lost = User::select().filter(Post::ID.eq(1));
        assert_says(session.count(lost.clone()).await.unwrap_err(), &["posts.id", "join posts"]);
        assert_says(session.exists(lost).await.unwrap_err(), &["posts.id", "join posts"]);
        let lost = select((User::NAME, Post::TITLE));
        assert_says(session.count(lost.clone()).await.unwrap_err(), &["posts.title", "join posts"]);
        assert_says(session.exists(lost).await.unwrap_err(), &["posts.title", "join posts"]);
        assert!(db.trace.take().is_empty());
    }
}
