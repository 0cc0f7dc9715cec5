//! What statements that write say of their rows.

use orm_tests::both_forms;
use orm_tests::prelude::*;

use super::inserts::check;
use crate::models::{Account, Post, User};

#[test]
fn returning_as_sql() {
    check(
        User::update().set(User::AGE, User::AGE + 1).every_row().returning((User::entity(), User::AGE.gt(3))),
        r#"UPDATE "users" SET "age" = "age" + ? RETURNING "id", "name", "age", "age" > ?"#,
        r#"UPDATE "users" SET "age" = "age" + $1 RETURNING "id", "name", "age", "age" > $2"#,
    );
    let joined =
        User::update().set(User::NAME, Post::TITLE).from(Post::entity()).filter(Post::AUTHOR_ID.eq(User::ID));
    check(
        joined.clone().returning(User::ID),
        r#"UPDATE "users" SET "name" = "posts"."title" FROM "posts" WHERE "posts"."author_id" = "users"."id" RETURNING "id""#,
        r#"UPDATE "users" SET "name" = "posts"."title" FROM "posts" WHERE "posts"."author_id" = "users"."id" RETURNING "users"."id""#,
    );
    check(
        joined.returning((User::ID, Post::ID)),
        "not supported: sqlite has no RETURNING of tables other than the one that is written",
        r#"UPDATE "users" SET "name" = "posts"."title" FROM "posts" WHERE "posts"."author_id" = "users"."id" RETURNING "users"."id", "posts"."id""#,
    );
}

#[test]
fn common_table_expressions_that_write_as_sql() {
    let gone = cte("gone", User::delete().filter(User::AGE.lt(18)).returning((User::NAME, User::ID)));
    let columns = select((User::NAME.of(&gone), User::ID.of(&gone)));
    check(
        Account::insert().from_select((Account::CODE, Account::BALANCE), columns),
        "not supported: sqlite has no common table expressions that write",
        r#"WITH "gone" AS (DELETE FROM "users" WHERE "age" < $1 RETURNING "name", "id") INSERT INTO "accounts" ("code", "balance") SELECT "name", "id" FROM "gone""#,
    );
    let new = cte("new", User::insert().set(User::NAME, "x").returning(User::ID));
    check(
        Post::insert().set(Post::TITLE, "y").set(Post::AUTHOR_ID, select(User::ID.of(&new))),
        "not supported: sqlite has no common table expressions that write",
        r#"WITH "new" AS (INSERT INTO "users" ("name") VALUES ($1) RETURNING "id") INSERT INTO "posts" ("title", "author_id") VALUES ($2, (SELECT "new"."id" FROM "new"))"#,
    );
}

#[both_forms]
mod behaviour {
    use crate::models::{Account, User};
    use crate::queries::deferred::{Doc, Leaf};
    use orm_tests::Backend;
    use orm_tests::prelude::*;

    /// [QRY-14] Deferred columns are left out of entities that are returned, and are written where they were loaded; what the
    /// database computes is left to it, and shows in memory after an update.
    #[case]
    async fn deferred_and_computed_columns(db: Db) {
        db.create::<(Doc, Leaf)>().await;
        let mut session = db.session();
        let docs = [Doc::new("text", "A", 3), Doc::new("more", "B", 4)];
        let found =
            session.all(Doc::insert().values(docs).returning((Doc::entity(), Doc::BODY))).await.unwrap();
        let (doc, body) = &found[1];
        assert_eq!((session[*doc].body.is_loaded(), body.as_str()), (false, "more"));
        let update = || Doc::update().set(Doc::BODY, "new").set(Doc::TITLE, "C").filter(Doc::ID.eq(2));
        session.execute(update()).await.unwrap();
        assert_eq!((session[*doc].body.is_loaded(), session[*doc].title.as_str()), (false, "C"));
        assert_eq!(session.load_deferred(*doc, Doc::BODY).await.unwrap().body.get().unwrap(), "new");
        session.execute(update().set(Doc::PAGES, Doc::PAGES * 2)).await.unwrap();
        assert_eq!((session[*doc].body.get().unwrap().as_str(), session[*doc].pages), ("new", 8));

        let mut lacking = Doc::new("", "A", 1);
        lacking.body = Deferred::not_loaded();
        let error = session.execute(Doc::insert().values([lacking])).await.unwrap_err();
        assert_eq!((error.kind(), error.column()), (ErrorKind::NotLoaded, Some("body")));
        session.rollback().await.unwrap();

        let leaf = session.add(Leaf::new("x", "oak", 1));
        session.commit().await.unwrap();
        session.load_deferred(leaf, Leaf::SIZE).await.unwrap();
        session.execute(Leaf::update().set(Leaf::TEXT, "longer").every_row()).await.unwrap();
        assert_eq!(session[leaf].size.get(), Some(&Some(6)));
        assert!(session.execute(Leaf::update().set(Leaf::SIZE, 1).every_row()).await.is_err());
    }

    /// What writes is not read in batches, in the middle of which it could be left.
    #[case]
    async fn no_streams(db: Db) {
        db.create::<User>().await;
        let delete = || User::delete().every_row().returning(User::ID);
        let expected = match db.backend {
            Backend::MySql => ErrorKind::Unsupported,
            _ => ErrorKind::InvalidQuery,
        };
        let mut session = db.session();
        assert_eq!(session.stream(delete(), 5).await.err().unwrap().kind(), ErrorKind::InvalidQuery);
        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.stream(delete()).await.err().unwrap().kind(), expected);
    }

    /// Rows move from one table to another in one statement, where the database has that.
    #[case]
    async fn common_table_expressions_that_write(db: Db) {
        db.create::<(User, Account)>().await;
        let mut session = db.session();
        session.add(User { age: Some(15), ..User::new("Bob") });
        session.add(User { age: Some(30), ..User::new("Alice") });
        let gone = cte("gone", User::delete().filter(User::AGE.lt(18)).returning((User::NAME, User::ID)));
        let columns = select((User::NAME.of(&gone), User::ID.of(&gone)));
        let archive = Account::insert().from_select((Account::CODE, Account::BALANCE), columns);
        let moved = session.all(archive.returning(Account::entity())).await;
        match db.backend {
            Backend::Sqlite | Backend::MariaDb | Backend::MySql => {
                assert_eq!(moved.unwrap_err().kind(), ErrorKind::Unsupported)
            }
            Backend::Postgres => {
                assert_eq!(session[moved.unwrap()[0]].code, "Bob");
                assert_eq!(session.all(select(User::NAME)).await.unwrap(), ["Alice"]);
            }
        }
    }
}
