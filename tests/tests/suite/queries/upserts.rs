//! ON CONFLICT: what an insert does about a row that is there already.

use orm::dialect::Sqlite;
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use super::inserts::check;
use crate::models::{Pair, User};

#[test]
fn conflicts_as_sql() {
    let alice = || User::insert().set(User::NAME, "Alice").set(User::AGE, 30);
    check(
        alice().on_conflict(User::NAME).do_nothing(),
        r#"INSERT INTO "users" ("name", "age") VALUES (?, ?) ON CONFLICT ("name") DO NOTHING"#,
        r#"INSERT INTO "users" ("name", "age") VALUES ($1, $2) ON CONFLICT ("name") DO NOTHING"#,
    );
    check(
        alice().or_ignore().returning(User::ID),
        r#"INSERT INTO "users" ("name", "age") VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING "id""#,
        r#"INSERT INTO "users" ("name", "age") VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING "id""#,
    );
    check(
        alice()
            .on_conflict(User::NAME)
            .do_update()
            .set(User::AGE, excluded(User::AGE))
            .filter(User::AGE.lt(excluded(User::AGE)).or(User::AGE.is_null()))
            .returning(User::AGE),
        r#"INSERT INTO "users" ("name", "age") VALUES (?, ?) ON CONFLICT ("name") DO UPDATE SET "age" = "excluded"."age" WHERE ("users"."age" < "excluded"."age" OR "users"."age" IS NULL) RETURNING "age""#,
        r#"INSERT INTO "users" ("name", "age") VALUES ($1, $2) ON CONFLICT ("name") DO UPDATE SET "age" = "excluded"."age" WHERE ("users"."age" < "excluded"."age" OR "users"."age" IS NULL) RETURNING "age""#,
    );
    let pair = Pair { a: 1, b: "b".to_owned(), data: None };
    check(
        Pair::insert().values([pair]).on_conflict_key().do_update().set_excluded(Pair::DATA),
        r#"INSERT INTO "pairs" ("a", "b", "data") VALUES (?, ?, ?) ON CONFLICT ("a", "b") DO UPDATE SET "data" = "excluded"."data""#,
        r#"INSERT INTO "pairs" ("a", "b", "data") VALUES ($1, $2, $3) ON CONFLICT ("a", "b") DO UPDATE SET "data" = "excluded"."data""#,
    );
    check(
        alice().on_conflict_constraint("uq_users_name").do_nothing(),
        "not supported: sqlite has no ON CONFLICT ON CONSTRAINT; name the constraint's columns instead",
        r#"INSERT INTO "users" ("name", "age") VALUES ($1, $2) ON CONFLICT ON CONSTRAINT "uq_users_name" DO NOTHING"#,
    );
    check(
        User::insert().from_select(User::NAME, select(Pair::B)).on_conflict(User::NAME).do_nothing(),
        r#"INSERT INTO "users" ("name") SELECT * FROM (SELECT "b" FROM "pairs") AS orm_rows WHERE 1 = 1 ON CONFLICT ("name") DO NOTHING"#,
        r#"INSERT INTO "users" ("name") SELECT * FROM (SELECT "b" FROM "pairs") AS orm_rows WHERE 1 = 1 ON CONFLICT ("name") DO NOTHING"#,
    );
}

#[test]
fn mistakes_are_told() {
    let alice = || User::insert().set(User::NAME, "Alice");
    let told = |statement: &dyn orm::Executable, words: &[&str]| {
        let error = statement.to_sql(&Sqlite).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_says(error, words);
    };
    told(&alice().on_conflict(User::AGE).do_nothing(), &["users", "unique", "(age)"]);
    told(&alice().on_conflict(User::NAME).do_update(), &["users", "sets nothing"]);
    told(&User::select().filter(excluded(User::AGE).gt(1)), &["excluded(age)", "do_update"]);
}

#[both_forms]
mod upserts {
    use crate::models::User;
    use orm_tests::prelude::*;
    use orm_tests::{Backend, assert_says};

    /// A row that is there is left alone, or updated, many at once; a session sees it in the entities that it has.
    #[case]
    async fn rows_are_inserted_or_updated(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User { age: Some(30), ..User::new("Alice") });
        session.commit().await.unwrap();
        let again = |age| User { age, ..User::new("Alice") };
        let nothing =
            User::insert().values([again(Some(31)), User::new("Bob")]).on_conflict(User::NAME).do_nothing();
        assert_eq!(session.execute(&nothing).await.unwrap().rows_affected(), 1);
        assert_eq!(session[alice].age, Some(30));
        db.trace.take();

        let rows = User::insert().values([again(Some(32)), User { age: Some(5), ..User::new("Bob") }]);
        let upsert = rows.on_conflict(User::NAME).do_update().set_excluded(User::AGE);
        let found = match db.backend {
            Backend::MySql => {
                let refused = session.all(upsert.clone().returning(User::entity())).await.unwrap_err();
                assert_eq!(refused.kind(), ErrorKind::Unsupported);
                session.execute(upsert).await.unwrap();
                assert_eq!(db.trace.take_statements().len(), 1);
                assert_eq!(session.try_get(alice).unwrap_err().kind(), ErrorKind::Expired);
                session.all(User::select().order_by(User::NAME)).await.unwrap()
            }
            _ => {
                let found = session.all(upsert.returning(User::entity())).await.unwrap();
                assert_eq!(db.trace.take_statements().len(), 1);
                found
            }
        };
        db.trace.take();
        if db.backend == Backend::MySql {
            assert_eq!(session.load(alice).await.unwrap().age, Some(32));
        }
        assert_eq!((found[0], session[alice].age, session[found[1]].age), (alice, Some(32), Some(5)));
        session.flush().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        session.rollback().await.unwrap();
        assert_eq!(session.load(alice).await.unwrap().age, Some(30));
        assert_eq!(session.try_get(found[1]).unwrap_err().kind(), ErrorKind::Expired);

        // A value in the update beside rows of values.
        let rows = User::insert().values([again(None), User::new("Carl")]);
        let upsert = rows.on_conflict(User::NAME).do_update().set(User::AGE, 77);
        let filtered = upsert.clone().filter(User::AGE.gt(1));
        let upsert = match db.backend {
            Backend::Sqlite | Backend::Postgres => filtered,
            // A condition in each assignment would do, but rows that are left alone would be counted and returned with the others.
            Backend::MariaDb | Backend::MySql => {
                db.trace.take();
                let error = session.execute(filtered).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                let name = db.backend.name();
                assert_says(
                    &error,
                    &[&format!("{name} has no filter of what is done about a row that is there")],
                );
                assert!(db.trace.take_statements().is_empty());
                upsert
            }
        };
        if db.backend == Backend::MySql {
            session.execute(upsert).await.unwrap();
            assert_eq!(session.load(alice).await.unwrap().age, Some(77));
        } else {
            let ages = session.all(upsert.returning((User::NAME, User::AGE))).await.unwrap();
            assert_eq!(ages, [("Alice".to_owned(), Some(77)), ("Carl".to_owned(), None)]);
        }
        assert_eq!(session[alice].age, Some(77));
        session.commit().await.unwrap();
        assert_eq!(session.load(alice).await.unwrap().age, Some(77));
    }
}
