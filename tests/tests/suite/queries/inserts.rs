//! INSERT: one row and many, structs and single values, expressions and queries.

use orm::dialect::{Dialect, Postgres, Sqlite};
use orm::insert_into;
use orm::schema::{ColumnDef, Table, TableDef, TableRef};
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Address, Pair, Post, User};

#[track_caller]
pub(super) fn check(statement: impl orm::Executable, sqlite: &str, postgres: &str) {
    let dialects: [(&dyn Dialect, &str); 2] = [(&Sqlite, sqlite), (&Postgres, postgres)];
    for (dialect, expected) in dialects {
        match statement.to_sql(dialect) {
            Ok(sql) => assert_eq!(sql, *expected, "{}", dialect.name()),
            Err(error) => assert_eq!(error.to_string(), expected, "{}", dialect.name()),
        }
    }
}

/// A table that no model has.
pub(super) fn audit_definition() -> TableDef {
    Table::new("audit")
        .column(ColumnDef::of::<i64>("id").auto_key())
        .column(ColumnDef::of::<String>("what"))
        .column(ColumnDef::of::<i32>("times").default("1"))
        .unique(["what"])
}

pub(super) fn audit() -> TableRef {
    audit_definition().build().unwrap()
}

#[test]
fn rows_as_sql() {
    check(
        User::insert().set(User::NAME, "Alice").set(User::AGE, 30),
        r#"INSERT INTO "users" ("name", "age") VALUES (?, ?)"#,
        r#"INSERT INTO "users" ("name", "age") VALUES ($1, $2)"#,
    );
    check(
        User::insert().values([User::new("Alice"), User::new("Bob")]),
        r#"INSERT INTO "users" ("name", "age") VALUES (?, ?), (?, ?)"#,
        r#"INSERT INTO "users" ("name", "age") VALUES ($1, $2), ($3, $4)"#,
    );
    check(
        User::insert().values([User { id: 7, ..User::new("Alice") }]).returning((User::ID, User::NAME)),
        r#"INSERT INTO "users" ("id", "name", "age") VALUES (?, ?, ?) RETURNING "id", "name""#,
        r#"INSERT INTO "users" ("id", "name", "age") VALUES ($1, $2, $3) RETURNING "id", "name""#,
    );
    check(User::insert(), r#"INSERT INTO "users" DEFAULT VALUES"#, r#"INSERT INTO "users" DEFAULT VALUES"#);
    check(
        User::insert().values(Vec::<User>::new()),
        r#"INSERT INTO "users" ("name") SELECT CAST(NULL AS TEXT) WHERE 1 = 0"#,
        r#"INSERT INTO "users" ("name") SELECT CAST(NULL AS text) WHERE 1 = 0"#,
    );
}

#[test]
fn expressions_and_queries_as_sql() {
    let oldest = || select(User::AGE).order_by(User::AGE.desc()).limit(1);
    check(
        User::insert().set(User::NAME, "Alice").set(User::AGE, oldest()),
        r#"INSERT INTO "users" ("name", "age") VALUES (?, (SELECT "users"."age" FROM "users" ORDER BY "users"."age" DESC LIMIT ? + 0))"#,
        r#"INSERT INTO "users" ("name", "age") VALUES ($1, (SELECT "users"."age" FROM "users" ORDER BY "users"."age" DESC LIMIT $2))"#,
    );
    check(
        User::insert().from_select(User::NAME, select(Address::EMAIL)),
        r#"INSERT INTO "users" ("name") SELECT "email" FROM "addresses""#,
        r#"INSERT INTO "users" ("name") SELECT "email" FROM "addresses""#,
    );
    check(
        User::insert().from_select((User::AGE, User::NAME), select((Pair::A, Pair::B))).returning(User::ID),
        r#"INSERT INTO "users" ("age", "name") SELECT "a", "b" FROM "pairs" RETURNING "id""#,
        r#"INSERT INTO "users" ("age", "name") SELECT "a", "b" FROM "pairs" RETURNING "id""#,
    );
}

#[test]
fn mistakes_are_told_before_anything_is_sent() {
    let told = |statement: &dyn orm::Executable, words: &[&str]| {
        let error = statement.to_sql(&Sqlite).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_says(error, words);
    };
    told(&User::insert().set(User::NAME, "a").set(User::NAME, "b"), &["users.name", "twice"]);
    let rows = [User::values().set(User::NAME, "a"), User::values().set(User::NAME, "b").set(User::AGE, 1)];
    told(&User::insert().values(rows), &["the same columns", "row 2", "name, age"]);
    let rows = [User::new("a"), User { id: 4, ..User::new("b") }];
    told(&User::insert().values(rows), &["the same columns", "id, name, age"]);
    told(&User::insert().set(User::NAME, Post::TITLE), &["posts.title", "reads from nothing"]);
    let audit = audit();
    told(&insert_into(&audit).set(audit.column::<String>("wat"), "x"), &["audit has no column wat"]);
    told(&insert_into(&audit).set(audit.column::<i64>("what"), 1), &["audit.what", "Text", "BigInt"]);
    let other = Table::new("other").column(ColumnDef::of::<String>("what")).build().unwrap();
    told(&insert_into(&audit).set(other.column::<String>("what"), "x"), &["other.what", "audit"]);
}

#[both_forms]
mod inserts {
    use super::{audit, audit_definition};
    use crate::models::{Address, Post, User};
    use orm::insert_into;
    use orm_tests::assert_statements;
    use orm_tests::prelude::*;

    /// [RES-9] An INSERT gives what it is asked to return; on a connection as structs and values, in a session as entities.
    #[case(sqlite, postgres, mariadb)]
    async fn rows_come_back(db: Db) {
        db.create::<(User, Post, Address)>().await;
        let mut connection = db.engine.connect().await.unwrap();
        let insert = User::insert().set(User::NAME, "Alice").set(User::AGE, 30);
        assert_eq!(connection.execute(&insert).await.unwrap().rows_affected(), 1);
        let id = connection.one(User::insert().set(User::NAME, "Bob").returning(User::ID)).await.unwrap();
        assert_eq!(id, 2);
        let rows = User::insert().values([User::new("Carol"), User::new("Dave")]);
        let users = connection.all(rows.returning((User::entity(), User::NAME))).await.unwrap();
        assert_eq!((users[0].0.id, users[1].0.id, users[1].1.as_str()), (3, 4, "Dave"));
        let copied = User::insert().from_select(User::NAME, select(Address::EMAIL)).returning(User::ID);
        assert_eq!(connection.all(copied).await.unwrap(), Vec::<i64>::new());
        connection.commit().await.unwrap();

        let mut session = db.session();
        let erin =
            session.one(User::insert().set(User::NAME, "Erin").returning(User::entity())).await.unwrap();
        assert_eq!((session[erin].id, session[erin].name.as_str()), (5, "Erin"));
        // A reference by its entity, whose row is not there yet.
        let frank = session.add(User::new("Frank"));
        let posts = User::select();
        let title = session
            .one(Post::insert().values([Post::new("Hi", frank)]).returning(Post::TITLE))
            .await
            .unwrap();
        assert_eq!(title, "Hi");
        let author = session.one(select(Post::AUTHOR_ID)).await.unwrap();
        assert_eq!(author, session[frank].id);
        assert_eq!(session.all(posts).await.unwrap().len(), 6);
    }

    /// A table that was described at run time is written by the names of its columns; what is not set is the database's.
    #[case(sqlite, postgres, mariadb)]
    async fn a_run_time_table_is_written_as_well(db: Db) {
        let audit = audit();
        let mut metadata = Metadata::default();
        metadata.add(audit_definition()).unwrap();
        db.engine.create_all(&metadata).await.unwrap();
        let (what, times) = (audit.column::<String>("what"), audit.column::<i32>("times"));
        let mut connection = db.engine.connect().await.unwrap();
        db.trace.take();
        let rows = ["login", "logout"].map(|text| audit.values().set(what.clone(), text));
        let back = connection
            .all(insert_into(&audit).values(rows).returning((what.clone(), times.clone())))
            .await
            .unwrap();
        assert_eq!(back, [("login".to_owned(), 1), ("logout".to_owned(), 1)]);
        match db.backend {
            orm_tests::Backend::Sqlite | orm_tests::Backend::MariaDb | orm_tests::Backend::MySql => {
                assert_statements(
                    &db.trace.take_statements(),
                    &["INSERT INTO audit (what) VALUES (?) RETURNING what, times -- 2 rows"],
                )
            }
            orm_tests::Backend::Postgres => assert_statements(
                &db.trace.take_statements(),
                &[
                    "INSERT INTO audit (what) SELECT v.c0 FROM unnest(?::text[]) WITH ORDINALITY AS v(c0, n) ORDER BY v.n RETURNING what, times -- 2 rows",
                ],
            ),
        }
        let error = connection.execute(insert_into(&audit).set(what, "login")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UniqueViolation);
    }

    /// A value that the database cannot hold is refused before anything is sent, with the name of its column.
    #[case]
    async fn a_value_that_cannot_be_held_names_its_column(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        db.trace.take();
        for insert in [
            User::insert().set(User::NAME, "a\0b"),
            User::insert().values([User::new("ok"), User::new("a\0b")]),
        ] {
            let error = connection.execute(insert).await.unwrap_err();
            assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("name")));
            connection.rollback().await.unwrap();
        }
    }
}
