//! Queries inside of queries.

use orm::dialect::{Dialect, Postgres, Sqlite};
use orm::{Select, all, any, scalar};
use orm_tests::both_forms;
use orm_tests::prelude::*;

use crate::models::{Post, User};

/// The SQL of a query on SQLite and on PostgreSQL; one that begins with `! ` is what the error says.
#[track_caller]
pub(super) fn assert_sql<S>(query: &Select<S>, sqlite: &str, postgres: &str) {
    let dialects: [(&dyn Dialect, &str); 2] = [(&Sqlite, sqlite), (&Postgres, postgres)];
    for (dialect, expected) in dialects {
        let text = match query.to_sql(dialect) {
            Ok(sql) => sql.to_string(),
            Err(error) => format!("! {error}"),
        };
        assert_eq!(text, expected, "{}", dialect.name());
    }
}

#[test]
fn in_from() {
    let adults = select((User::ID, User::NAME)).filter(User::AGE.gt(28)).subquery("adults");
    assert_sql(
        &select(User::NAME.of(&adults)),
        r#"SELECT "name" FROM (SELECT "id", "name" FROM "users" WHERE "age" > ?) AS "adults""#,
        r#"SELECT "name" FROM (SELECT "id", "name" FROM "users" WHERE "age" > $1) AS "adults""#,
    );
    assert_sql(
        &select((Post::TITLE, User::NAME.of(&adults)))
            .join(adults.on(Post::AUTHOR_ID.eq(User::ID.of(&adults))))
            .filter(Post::ID.lt(9)),
        r#"SELECT "posts"."title", "adults"."name" FROM "posts" JOIN (SELECT "id", "name" FROM "users" WHERE "age" > ?) AS "adults" ON "posts"."author_id" = "adults"."id" WHERE "posts"."id" < ?"#,
        r#"SELECT "posts"."title", "adults"."name" FROM "posts" JOIN (SELECT "id", "name" FROM "users" WHERE "age" > $1) AS "adults" ON "posts"."author_id" = "adults"."id" WHERE "posts"."id" < $2"#,
    );
}

#[test]
fn names_of_columns() {
    let older = User::AGE.label("years");
    let s = select((User::NAME, older.clone(), User::AGE.gt(3))).subquery("s");
    assert_sql(
        &select(older.of(&s)).filter(s.column::<Option<i32>>("years").gt(3)),
        r#"SELECT "years" FROM (SELECT "name", "age" AS "years", "age" > ? FROM "users") AS "s" WHERE "years" > ?"#,
        r#"SELECT "years" FROM (SELECT "name", "age" AS "years", "age" > $1 FROM "users") AS "s" WHERE "years" > $2"#,
    );
    let missing = "! invalid query: s has no column id; it has name, years";
    assert_sql(&select(User::ID.of(&s)), missing, missing);
    let twice =
        select((User::ID, Post::ID)).join(Post::entity().on(Post::AUTHOR_ID.eq(User::ID))).subquery("s");
    let ambiguous = "! invalid query: s has more than one column id; give them labels";
    assert_sql(&select(User::ID.of(&twice)), ambiguous, ambiguous);
}

#[test]
fn values() {
    let eldest = select(User::AGE).order_by(User::AGE.desc()).limit(1);
    assert_sql(
        &User::select().filter(User::AGE.eq(eldest)),
        r#"SELECT "id", "name", "age" FROM "users" WHERE "age" = (SELECT "users"."age" FROM "users" ORDER BY "users"."age" DESC LIMIT ? + 0)"#,
        r#"SELECT "id", "name", "age" FROM "users" WHERE "age" = (SELECT "users"."age" FROM "users" ORDER BY "users"."age" DESC LIMIT $1)"#,
    );
    let title = select(Post::TITLE).filter(Post::AUTHOR_ID.eq(User::ID)).limit(1);
    assert_sql(
        &select((scalar(title), User::NAME)),
        r#"SELECT (SELECT "posts"."title" FROM "posts" WHERE "posts"."author_id" = "users"."id" LIMIT ? + 0), "name" FROM "users""#,
        r#"SELECT (SELECT "posts"."title" FROM "posts" WHERE "posts"."author_id" = "users"."id" LIMIT $1), "name" FROM "users""#,
    );
}

#[test]
fn lists_and_existence() {
    assert_sql(
        &User::select().filter(User::ID.in_(select(Post::AUTHOR_ID).filter(Post::TITLE.eq("x")))),
        r#"SELECT "id", "name", "age" FROM "users" WHERE "id" IN (SELECT "posts"."author_id" FROM "posts" WHERE "posts"."title" = ?)"#,
        r#"SELECT "id", "name", "age" FROM "users" WHERE "id" IN (SELECT "posts"."author_id" FROM "posts" WHERE "posts"."title" = $1)"#,
    );
    let theirs = Post::select().filter(Post::AUTHOR_ID.eq(User::ID)).order_by(Post::ID.asc());
    assert_sql(
        &User::select().filter(exists(theirs.clone()) & !exists(theirs)),
        r#"SELECT "id", "name", "age" FROM "users" WHERE (EXISTS (SELECT 1 FROM "posts" WHERE "posts"."author_id" = "users"."id") AND NOT (EXISTS (SELECT 1 FROM "posts" WHERE "posts"."author_id" = "users"."id")))"#,
        r#"SELECT "id", "name", "age" FROM "users" WHERE (EXISTS (SELECT 1 FROM "posts" WHERE "posts"."author_id" = "users"."id") AND NOT (EXISTS (SELECT 1 FROM "posts" WHERE "posts"."author_id" = "users"."id")))"#,
    );
}

#[test]
fn quantifiers() {
    assert_sql(
        &select(User::ID).filter(User::AGE.gt(any(select(User::AGE)))),
        "! not supported: sqlite has no ANY and ALL of a query",
        r#"SELECT "id" FROM "users" WHERE "age" > ANY (SELECT "users"."age" FROM "users")"#,
    );
    assert_sql(
        &select(User::ID).filter(User::AGE.le(all(select(User::AGE)))),
        "! not supported: sqlite has no ANY and ALL of a query",
        r#"SELECT "id" FROM "users" WHERE "age" <= ALL (SELECT "users"."age" FROM "users")"#,
    );
}

#[test]
fn lateral() {
    let last = select(Post::TITLE)
        .filter(Post::AUTHOR_ID.eq(User::ID))
        .order_by(Post::ID.desc())
        .limit(1)
        .subquery("last");
    assert_sql(
        &select((User::NAME, Post::TITLE.of(&last))).cross_join(last.clone().lateral()),
        "! not supported: sqlite has no LATERAL",
        r#"SELECT "users"."name", "last"."title" FROM "users" CROSS JOIN LATERAL (SELECT "posts"."title" FROM "posts" WHERE "posts"."author_id" = "users"."id" ORDER BY "posts"."id" DESC LIMIT $1) AS "last""#,
    );
    let blind = "! invalid query: column users.id is used, but users is not in the query, which reads from posts; join users first";
    assert_sql(&select((User::NAME, Post::TITLE.of(&last))).cross_join(&last), blind, blind);
}

/// What is outside is found from the innermost query outwards, and never guessed.
#[test]
fn scopes() {
    // From two levels further out, also from within FROM.
    let inner = select(Post::TITLE).filter(Post::AUTHOR_ID.eq(User::ID)).subquery("inner_posts");
    assert_sql(
        &select(User::ID).filter(exists(select(Post::TITLE.of(&inner)))),
        r#"SELECT "id" FROM "users" WHERE EXISTS (SELECT 1 FROM (SELECT "posts"."title" FROM "posts" WHERE "posts"."author_id" = "users"."id") AS "inner_posts")"#,
        r#"SELECT "id" FROM "users" WHERE EXISTS (SELECT 1 FROM (SELECT "posts"."title" FROM "posts" WHERE "posts"."author_id" = "users"."id") AS "inner_posts")"#,
    );
    // Of two tables of one name the inner one is meant, and the outer one needs an alias.
    let other = User::alias("other");
    assert_sql(
        &select(User::ID).filter(exists(select(User::ID.of(other)).filter(User::ID.of(other).lt(User::ID)))),
        r#"SELECT "id" FROM "users" WHERE EXISTS (SELECT 1 FROM "users" AS "other" WHERE "other"."id" < "users"."id")"#,
        r#"SELECT "id" FROM "users" WHERE EXISTS (SELECT 1 FROM "users" AS "other" WHERE "other"."id" < "users"."id")"#,
    );
    let s = select(User::ID).subquery("s");
    let hidden = select(Post::ID.of(Post::alias("s")));
    let query = select(User::ID.of(&s)).filter(exists(hidden.filter(User::ID.of(&s).eq(1))));
    let says = "! invalid query: id of s is used where s means something else, closer by; give one an alias";
    assert_sql(&query, says, says);
    // A query inside says nothing about what the one around it reads from.
    let missing = "! invalid query: column users.id is used, but users is not in the query, which reads from posts; join users first";
    assert_sql(&select(scalar(select(Post::TITLE).filter(Post::AUTHOR_ID.eq(User::ID)))), missing, missing);
    assert_sql(&select(exists(select(Post::TITLE).filter(Post::AUTHOR_ID.eq(User::ID)))), missing, missing);
}

#[both_forms]
mod behaviour {
    use crate::models::{Post, User};
    use orm::{all, any, scalar, scalar_one};
    use orm_tests::prelude::*;
    use orm_tests::{Backend, assert_says};

    /// Alice, 30, wrote two posts; Bob, 25, one; Carol, of no age, none.
    async fn people(db: &Db) -> Session {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let alice = session.add(User { age: Some(30), ..User::new("Alice") });
        let bob = session.add(User { age: Some(25), ..User::new("Bob") });
        session.add(User::new("Carol"));
        session.add(Post::new("Hello", alice));
        session.add(Post::new("Again", alice));
        session.add(Post::new("Bob's", bob));
        session.commit().await.unwrap();
        db.trace.take();
        session
    }

    /// [QRY-11] A query is read from like a table, with filters, an order and a limit of its own.
    #[case]
    async fn from_a_subquery(db: Db) {
        let mut session = people(&db).await;
        let newest =
            select((Post::AUTHOR_ID, Post::TITLE)).order_by(Post::ID.desc()).limit(2).subquery("newest");
        let query = select((User::NAME, Post::TITLE.of(&newest)))
            .join(newest.on(Post::AUTHOR_ID.of(&newest).eq(User::ID)))
            .filter(User::AGE.gt(20))
            .order_by(User::NAME.asc());
        let expected = [("Alice".to_owned(), "Again".to_owned()), ("Bob".to_owned(), "Bob's".to_owned())];
        assert_eq!(session.all(query.clone()).await.unwrap(), expected);
        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.all(query).await.unwrap(), expected);
        // The same subquery, twice.
        let a = select((User::ID, User::NAME)).filter(User::AGE.is_not_null()).subquery("a");
        let b = a.alias("b");
        let pairs =
            select((User::NAME.of(&a), User::NAME.of(&b))).join(b.on(User::ID.of(&a).lt(User::ID.of(&b))));
        assert_eq!(session.all(pairs).await.unwrap(), [("Alice".to_owned(), "Bob".to_owned())]);
    }

    /// [QRY-11] A query for one value stands wherever a value does.
    #[case]
    async fn values(db: Db) {
        let mut session = people(&db).await;
        let last =
            || select(Post::TITLE).filter(Post::AUTHOR_ID.eq(User::ID)).order_by(Post::ID.desc()).limit(1);
        let query =
            select((User::NAME, scalar(last()))).order_by(scalar(last()).asc()).filter(User::AGE.gt(0));
        let found = session.all(query).await.unwrap();
        assert_eq!(
            found,
            [("Alice".to_owned(), Some("Again".to_owned())), ("Bob".to_owned(), Some("Bob's".to_owned()))]
        );
        let carol = select(scalar(last())).from(User::entity()).filter(User::NAME.eq("Carol"));
        assert_eq!(session.one(carol).await.unwrap(), None);
        let carol = select(scalar_one(last())).from(User::entity()).filter(User::NAME.eq("Carol"));
        assert_eq!(session.one(carol).await.unwrap_err().kind(), ErrorKind::Decode);

        let youngest = select(User::AGE).filter(User::AGE.is_not_null()).order_by(User::AGE.asc()).limit(1);
        let found = session.one(User::select().filter(User::AGE.eq(youngest))).await.unwrap();
        assert_eq!(session[found].name, "Bob");
    }

    /// [QRY-3] [QRY-11] Lists may be queries; existence may depend on the row outside.
    #[case]
    async fn lists_and_existence(db: Db) {
        let mut session = people(&db).await;
        let names = |query: orm::Select<User>| query.columns(User::NAME).order_by(User::NAME.asc());
        let authors = || select(Post::AUTHOR_ID);
        let found = session.all(names(User::select().filter(User::ID.in_(authors())))).await.unwrap();
        assert_eq!(found, ["Alice", "Bob"]);
        let found = session.all(names(User::select().filter(User::ID.not_in(authors())))).await.unwrap();
        assert_eq!(found, ["Carol"]);
        let nobody = select(Post::AUTHOR_ID).filter(Post::TITLE.eq("no such"));
        assert!(session.all(User::select().filter(User::ID.in_(nobody.clone()))).await.unwrap().is_empty());
        assert_eq!(session.all(User::select().filter(User::ID.not_in(nobody))).await.unwrap().len(), 3);
        // A column that may be NULL.
        let same_age = User::select().filter(User::AGE.in_(select(User::AGE)));
        assert_eq!(session.all(names(same_age)).await.unwrap(), ["Alice", "Bob"]);

        let theirs = || Post::select().filter(Post::AUTHOR_ID.eq(User::ID)).filter(Post::TITLE.ne("Hello"));
        let found = session.all(names(User::select().filter(exists(theirs())))).await.unwrap();
        assert_eq!(found, ["Alice", "Bob"]);
        let found = session.all(names(User::select().filter(!exists(theirs().offset(1))))).await.unwrap();
        assert_eq!(found, ["Alice", "Bob", "Carol"]);
        let flags = select((User::NAME, exists(theirs()))).order_by(User::ID.desc()).limit(1);
        assert_eq!(session.all(flags).await.unwrap(), [("Carol".to_owned(), false)]);
    }

    /// What a database does not have is refused with its name, before anything is sent.
    #[case]
    async fn where_the_database_has_it(db: Db) {
        let mut session = people(&db).await;
        let known = || select(User::AGE).filter(User::AGE.is_not_null());
        let above = select(User::NAME).filter(User::AGE.gt(any(known())));
        let top = select(User::NAME).filter(User::AGE.ge(all(known())));
        let last = select(Post::TITLE)
            .filter(Post::AUTHOR_ID.eq(User::ID))
            .order_by(Post::ID.desc())
            .limit(1)
            .subquery("last");
        let lateral = select((User::NAME, last.column::<Option<String>>("title")))
            .left_join(last.clone().lateral().on(orm::all_of([None::<orm::Condition>])))
            .order_by(User::ID.asc());
        if db.backend == Backend::Sqlite {
            for query in [above, top] {
                let error = session.all(query).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                assert_says(error, &["sqlite", "ANY and ALL"]);
            }
            assert_says(session.all(lateral).await.unwrap_err(), &["sqlite", "LATERAL"]);
            assert!(db.trace.take().is_empty());
            return;
        }
        assert_eq!(session.all(above).await.unwrap(), ["Alice"]);
        assert_eq!(session.all(top).await.unwrap(), ["Alice"]);
        if db.backend == Backend::MariaDb {
            assert_says(session.all(lateral).await.unwrap_err(), &["mariadb", "LATERAL"]);
            return;
        }
        let found = session.all(lateral).await.unwrap();
        let found: Vec<_> = found.iter().map(|(name, title)| (name.as_str(), title.as_deref())).collect();
        assert_eq!(found, [("Alice", Some("Again")), ("Bob", Some("Bob's")), ("Carol", None)]);
    }

    /// A subquery that has the columns of a model gives its entities, the very ones that the session knows.
    #[case]
    async fn entities_of_a_subquery(db: Db) {
        let mut session = people(&db).await;
        let alice = session.one(User::select().filter(User::NAME.eq("Alice"))).await.unwrap();
        let grown = User::select().filter(User::AGE.gt(28)).subquery("grown");
        let user = grown.entity::<User>();
        assert_eq!(session.all(select(user.clone())).await.unwrap(), [alice]);
        let query = select((Post::TITLE, user.optional()))
            .left_join(grown.on(User::ID.of(&grown).eq(Post::AUTHOR_ID)))
            .order_by(Post::ID.asc());
        let found = session.all(query.clone()).await.unwrap();
        assert_eq!(found.iter().map(|(_, user)| *user).collect::<Vec<_>>(), [Some(alice), Some(alice), None]);
        let mut connection = db.engine.connect().await.unwrap();
        let rows = connection.all(query).await.unwrap();
        assert_eq!(rows[0].1.as_ref().map(|user| user.age), Some(Some(30)));
        assert!(rows[2].1.is_none());
        let part = select((User::ID, User::NAME)).subquery("part");
        let error = connection.all(select(part.entity::<User>())).await.unwrap_err();
        assert_says(error, &["part has no column age", "id, name"]);
    }
}
