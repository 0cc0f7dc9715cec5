//! Rows without repetitions, and where NULL is sorted.

use orm::dialect::{Postgres, Sqlite};
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Post, User};

/// [QRY-11] What a database cannot do is refused, by name.
#[test]
fn distinct_in_sql() {
    let query = select((User::AGE, User::NAME)).distinct();
    let sql = r#"SELECT DISTINCT "age", "name" FROM "users""#;
    assert_eq!(query.to_sql(&Sqlite).unwrap(), sql);
    assert_eq!(query.to_sql(&Postgres).unwrap(), sql);
    let last = select(Post::TITLE)
        .distinct_on((Post::AUTHOR_ID, Post::ID))
        .order_by((Post::AUTHOR_ID, Post::ID.desc()));
    assert_eq!(
        last.to_sql(&Postgres).unwrap(),
        r#"SELECT DISTINCT ON ("author_id", "id") "title" FROM "posts" ORDER BY "author_id" ASC, "id" DESC"#
    );
    let error = last.to_sql(&Sqlite).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_says(error, &["sqlite", "DISTINCT ON"]);
}

/// Keys come one by one, in tuples and in lists.
#[test]
fn orders_in_sql() {
    let query = select(User::ID)
        .order_by((User::AGE.desc().nulls_last(), User::NAME))
        .order_by(vec![User::ID.asc().nulls_first()]);
    let order = r#" ORDER BY "age" DESC NULLS LAST, "name" ASC, "id" ASC NULLS FIRST"#;
    for sql in [query.to_sql(&Sqlite).unwrap(), query.to_sql(&Postgres).unwrap()] {
        assert_eq!(sql, format!(r#"SELECT "id" FROM "users"{order}"#));
    }
}

#[both_forms]
mod distinct {
    use crate::models::{Post, User};
    use orm_tests::Backend;
    use orm_tests::prelude::*;

    async fn people(db: &Db) -> Session {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let ages = [("a", Some(1)), ("b", None), ("c", Some(2)), ("d", Some(1))];
        let users = ages.map(|(name, age)| session.add(User { age, ..User::new(name) }));
        for (author, title) in [(0, "x"), (0, "y"), (1, "z")] {
            session.add(Post::new(title, users[author]));
        }
        session.commit().await.unwrap();
        session
    }

    /// [QRY-11] Equal rows come once; the limit counts what is left.
    #[case]
    async fn equal_rows_come_once(db: Db) {
        let mut session = people(&db).await;
        let ages = select(User::AGE).distinct().order_by(User::AGE.asc().nulls_first());
        assert_eq!(session.all(ages.clone()).await.unwrap(), [None, Some(1), Some(2)]);
        assert_eq!(session.all(ages.offset(1).limit(1)).await.unwrap(), [Some(1)]);
        let authors = User::select().join(Post::AUTHOR.reverse()).distinct().order_by(User::ID);
        let authors = session.all(authors).await.unwrap();
        assert_eq!(authors.iter().map(|user| session[*user].name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let last =
            select(Post::TITLE).distinct_on(Post::AUTHOR_ID).order_by((Post::AUTHOR_ID, Post::ID.desc()));
        match db.backend {
            Backend::Postgres => assert_eq!(session.all(last).await.unwrap(), ["y", "z"]),
            Backend::Sqlite | Backend::MariaDb | Backend::MySql => {
                assert_eq!(session.all(last).await.unwrap_err().kind(), ErrorKind::Unsupported);
            }
        }
    }

    /// NULL is sorted where the order says.
    #[case]
    async fn null_is_sorted_where_it_is_said(db: Db) {
        let mut session = people(&db).await;
        let cases = [
            (User::AGE.asc().nulls_first(), "badc"),
            (User::AGE.asc().nulls_last(), "adcb"),
            (User::AGE.desc().nulls_first(), "bcad"),
            (User::AGE.desc().nulls_last(), "cadb"),
        ];
        for (order, expected) in cases {
            let names = session.all(select(User::NAME).order_by((order, User::ID))).await.unwrap();
            assert_eq!(names.concat(), expected);
        }
    }
}
