//! The rows of several queries.

use orm::Select;
use orm_tests::both_forms;
use orm_tests::prelude::*;

use super::subqueries::assert_sql;
use crate::models::{Post, User};

fn older(than: i32) -> Select<i64> {
    select(User::ID).filter(User::AGE.gt(than))
}

fn authors() -> Select<i64> {
    select(Post::AUTHOR_ID)
}

#[test]
fn operators() {
    assert_sql(
        &older(1).union(authors()).union_all(older(2)).except(authors()),
        r#"SELECT "id" FROM "users" WHERE "age" > ? UNION SELECT "author_id" FROM "posts" UNION ALL SELECT "id" FROM "users" WHERE "age" > ? EXCEPT SELECT "author_id" FROM "posts""#,
        r#"SELECT "id" FROM "users" WHERE "age" > $1 UNION SELECT "author_id" FROM "posts" UNION ALL SELECT "id" FROM "users" WHERE "age" > $2 EXCEPT SELECT "author_id" FROM "posts""#,
    );
    assert_sql(
        &authors().intersect_all(older(1)),
        "! not supported: sqlite has no INTERSECT ALL",
        r#"SELECT "author_id" FROM "posts" INTERSECT ALL SELECT "id" FROM "users" WHERE "age" > $1"#,
    );
    assert_sql(
        &authors().except_all(older(1)),
        "! not supported: sqlite has no EXCEPT ALL",
        r#"SELECT "author_id" FROM "posts" EXCEPT ALL SELECT "id" FROM "users" WHERE "age" > $1"#,
    );
}

/// INTERSECT binds closer than the others on PostgreSQL and not on SQLite; here it is from left to right on both.
#[test]
fn from_left_to_right() {
    assert_sql(
        &older(1).union(authors()).intersect(older(2)),
        r#"SELECT * FROM (SELECT "id" FROM "users" WHERE "age" > ? UNION SELECT "author_id" FROM "posts") INTERSECT SELECT "id" FROM "users" WHERE "age" > ?"#,
        r#"(SELECT "id" FROM "users" WHERE "age" > $1 UNION SELECT "author_id" FROM "posts") INTERSECT SELECT "id" FROM "users" WHERE "age" > $2"#,
    );
    assert_sql(
        &older(1).except(authors().except(older(2))),
        r#"SELECT "id" FROM "users" WHERE "age" > ? EXCEPT SELECT * FROM (SELECT "author_id" FROM "posts" EXCEPT SELECT "id" FROM "users" WHERE "age" > ?)"#,
        r#"SELECT "id" FROM "users" WHERE "age" > $1 EXCEPT (SELECT "author_id" FROM "posts" EXCEPT SELECT "id" FROM "users" WHERE "age" > $2)"#,
    );
}

#[test]
fn orders_and_limits_of_their_own() {
    assert_sql(
        &older(1)
            .order_by(User::AGE.desc())
            .limit(2)
            .union_all(authors().limit(3))
            .order_by(User::ID.asc())
            .limit(4)
            .offset(5),
        r#"SELECT * FROM (SELECT "id" FROM "users" WHERE "age" > ? ORDER BY "age" DESC LIMIT ? + 0) UNION ALL SELECT * FROM (SELECT "author_id" FROM "posts" LIMIT ? + 0) ORDER BY "id" ASC LIMIT ? + 0 OFFSET ?"#,
        r#"(SELECT "id" FROM "users" WHERE "age" > $1 ORDER BY "age" DESC LIMIT $2) UNION ALL (SELECT "author_id" FROM "posts" LIMIT $3) ORDER BY "id" ASC LIMIT $4 OFFSET $5"#,
    );
    // A limit on the whole makes it a part of the next one.
    assert_sql(
        &older(1).union(authors()).limit(2).union(older(3)),
        r#"SELECT * FROM (SELECT "id" FROM "users" WHERE "age" > ? UNION SELECT "author_id" FROM "posts" LIMIT ? + 0) UNION SELECT "id" FROM "users" WHERE "age" > ?"#,
        r#"(SELECT "id" FROM "users" WHERE "age" > $1 UNION SELECT "author_id" FROM "posts" LIMIT $2) UNION SELECT "id" FROM "users" WHERE "age" > $3"#,
    );
    // By an expression.
    assert_sql(
        &older(1).union(authors()).order_by(User::ID.gt(3).asc()).limit(2),
        r#"SELECT * FROM (SELECT "id" FROM "users" WHERE "age" > ? UNION SELECT "author_id" FROM "posts") AS "rows" ORDER BY "id" > ? ASC LIMIT ? + 0"#,
        r#"SELECT * FROM (SELECT "id" FROM "users" WHERE "age" > $1 UNION SELECT "author_id" FROM "posts") AS "rows" ORDER BY "id" > $2 ASC LIMIT $3"#,
    );
}

#[test]
fn what_could_mean_two_things_is_refused() {
    let says = "! invalid query: filter stands behind a union, intersect or except, and could mean one of the queries or the whole: \
                say it in the queries, or make the whole a .subquery(\"name\") and select from that";
    assert_sql(&older(1).union(authors()).filter(User::ID.eq(1)), says, says);
    for query in [
        older(1).union(authors()).join(Post::entity().on(Post::ID.eq(1))),
        older(1).union(authors()).group_by(User::ID),
        older(1).union(authors()).from(User::entity()),
        older(1).union(authors()).columns(User::ID),
        older(1).union(authors()).filter(User::ID.eq(1)).union(authors()),
    ] {
        let error = query.to_sql(&orm::dialect::Sqlite).unwrap_err();
        orm_tests::assert_says(error, &["stands behind a union", "subquery"]);
    }
    let says = "! invalid query: column users.age is not among the columns that come out of the query: id";
    assert_sql(&older(1).union(authors()).order_by(User::AGE.asc()), says, says);
    let says = "! invalid query: unique() is done when rows are read, and this query stands inside another one; say it of the outermost one";
    assert_sql(&older(1).unique().union(authors()), says, says);
    assert_sql(&older(1).union(authors()).unique().union(authors()), says, says);
    assert_sql(&select(User::ID).filter(User::ID.in_(authors().unique())), says, says);
    let years = User::AGE.label("years");
    let says = "! invalid query: years is not among the columns that come out of the query: id";
    assert_sql(&older(1).union(authors()).order_by(years.clone().asc()), says, says);
    let aged = || select((User::ID, years.clone()));
    let sql = r#"SELECT "id", "age" AS "years" FROM "users" UNION SELECT "id", "age" AS "years" FROM "users" ORDER BY "years" ASC"#;
    assert_sql(&aged().union(aged()).order_by(years.clone().asc()), sql, sql);
    let pairs = || select((User::ID, Post::ID)).join(Post::entity().on(Post::AUTHOR_ID.eq(User::ID)));
    let says = "! invalid query: more than one column id comes out of the query; give them labels";
    assert_sql(&pairs().union(pairs()).order_by(User::ID.asc()), says, says);
}

#[derive(Model, Debug)]
#[model(table = "prices")]
pub(crate) struct Price {
    #[model(key)]
    id: i64,
    amount: rust_decimal::Decimal,
}

#[both_forms]
mod behaviour {
    use super::Price;
    use crate::models::{Post, User};
    use orm_tests::prelude::*;
    use orm_tests::{Backend, assert_says};
    use rust_decimal::Decimal;

    async fn people(db: &Db) -> Session {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        for (name, age) in [("Alice", 30), ("Bob", 25), ("Carol", 20), ("Dora", 35)] {
            let user = session.add(User { age: Some(age), ..User::new(name) });
            session.add(Post::new(format!("by {name}"), user));
        }
        session.commit().await.unwrap();
        db.trace.take();
        session
    }

    fn names(from: i32, to: i32) -> orm::Select<String> {
        select(User::NAME).filter(User::AGE.between(from, to))
    }

    /// [QRY-11] UNION, INTERSECT and EXCEPT, each part with a filter, an order and a limit of its own.
    #[case]
    async fn values(db: Db) {
        let mut session = people(&db).await;
        let sorted = |query: orm::Select<String>| query.order_by(User::NAME.asc());
        let found = session.all(sorted(names(20, 25).union(names(25, 30)))).await.unwrap();
        assert_eq!(found, ["Alice", "Bob", "Carol"]);
        let found = session.all(sorted(names(20, 25).union_all(names(25, 30)))).await.unwrap();
        assert_eq!(found, ["Alice", "Bob", "Bob", "Carol"]);
        let found = session.all(sorted(names(20, 25).intersect(names(25, 30)))).await.unwrap();
        assert_eq!(found, ["Bob"]);
        let found = session.all(sorted(names(20, 35).except(names(25, 30)))).await.unwrap();
        assert_eq!(found, ["Carol", "Dora"]);
        // (20..=30) ∩ (30..=35): the same on both, although the databases differ in what binds closer.
        let found =
            session.all(sorted(names(20, 20).union(names(25, 30)).intersect(names(30, 35)))).await.unwrap();
        assert_eq!(found, ["Alice"]);
        let found =
            session.all(sorted(names(20, 35).except(names(20, 30).except(names(20, 20))))).await.unwrap();
        assert_eq!(found, ["Carol", "Dora"]);

        let eldest = || names(0, 99).order_by(User::AGE.desc()).limit(1);
        let youngest = || names(0, 99).order_by(User::AGE.asc()).limit(1);
        let found = session.all(eldest().union(youngest()).order_by(User::NAME.desc())).await.unwrap();
        assert_eq!(found, ["Dora", "Carol"]);
        let found =
            session.all(eldest().union(youngest()).order_by(User::NAME.eq("Dora").asc())).await.unwrap();
        assert_eq!(found, ["Carol", "Dora"]);
        let found = session.all(sorted(names(20, 25).union(names(25, 30))).offset(1).limit(1)).await.unwrap();
        assert_eq!(found, ["Bob"]);
    }

    /// [QRY-2] `first` on several queries asks for one row of the whole.
    #[case]
    async fn the_first_of_a_union(db: Db) {
        let mut session = people(&db).await;
        let query = names(20, 25).union(names(25, 30)).order_by(User::NAME.asc());
        assert_eq!(session.first(query.clone()).await.unwrap().as_deref(), Some("Alice"));
        let sent = db.trace.take_statements();
        assert!(sent[0].contains(r#"ORDER BY "name" ASC LIMIT "#), "{sent:?}");
        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.first(query.clone().offset(2)).await.unwrap().as_deref(), Some("Carol"));
        assert_eq!(connection.first(query.offset(3)).await.unwrap(), None);
    }

    /// [QRY-11] A union of entity queries gives entities; it can be read from and counted like any query.
    #[case]
    async fn entities(db: Db) {
        let mut session = people(&db).await;
        let alice = session.one(User::select().filter(User::NAME.eq("Alice"))).await.unwrap();
        let query = User::select()
            .filter(User::AGE.eq(30))
            .union(User::select().filter(User::AGE.between(30, 35)))
            .order_by(User::AGE.asc());
        let found = session.all(query.clone()).await.unwrap();
        assert_eq!((found.len(), found[0]), (2, alice));
        assert_eq!(session[found[1]].name, "Dora");
        assert_eq!(session.count(query.clone()).await.unwrap(), 2);
        assert_eq!(session.all(query.clone().unique()).await.unwrap(), found);
        assert!(session.exists(query.clone()).await.unwrap());
        assert!(!session.exists(query.clone().offset(2)).await.unwrap());

        let both = query.subquery("both");
        let found =
            session.all(select(both.entity::<User>()).filter(User::AGE.of(&both).gt(30))).await.unwrap();
        assert_eq!(found.len(), 1);
        let ids = select(User::ID).filter(User::AGE.lt(25)).union(select(User::ID).filter(User::AGE.gt(30)));
        let titles = select(Post::TITLE).filter(Post::AUTHOR_ID.in_(ids)).order_by(Post::ID.asc());
        assert_eq!(session.all(titles).await.unwrap(), ["by Carol", "by Dora"]);
    }

    /// A union of a query with a name is read in partitions like any other query.
    #[case]
    async fn streams(db: Db) {
        let mut session = people(&db).await;
        let grown = cte("grown", User::select().filter(User::AGE.gt(20)));
        let part = |age: i32| select(grown.entity::<User>()).filter(User::AGE.of(&grown).eq(age));
        let mut stream = session.stream(part(25).union_all(part(30)).union_all(part(20)), 1).await.unwrap();
        let mut names = Vec::new();
        while let Some(users) = stream.next().await.unwrap() {
            names.extend(users.into_iter().map(|user| stream[user].name.clone()));
        }
        names.sort();
        assert_eq!(names, ["Alice", "Bob"]);
    }

    /// Numbers are in the order of numbers, and each is there once, behind a union as well.
    #[case]
    async fn decimals(db: Db) {
        db.create::<Price>().await;
        let mut session = db.session();
        for (id, cents) in [(1, 950), (2, 1000), (3, 95)] {
            session.add(Price { id, amount: Decimal::new(cents, 2) });
        }
        session.commit().await.unwrap();
        let amounts = || select(Price::AMOUNT);
        let union = amounts().union(amounts()).order_by(Price::AMOUNT.asc());
        let expected = [Decimal::new(95, 2), Decimal::new(95, 1), Decimal::new(10, 0)];
        assert_eq!(session.all(union).await.unwrap(), expected);
        let s = amounts().union_all(amounts()).subquery("s");
        let above = select(Price::AMOUNT.of(&s)).filter(Price::AMOUNT.of(&s).gt(Decimal::new(96, 1)));
        assert_eq!(session.all(above).await.unwrap(), [expected[2], expected[2]]);
    }

    /// What a database does not have is an error that names it; nothing is sent.
    #[case]
    async fn as_often_as_they_come(db: Db) {
        let mut session = people(&db).await;
        let twice = || names(20, 25).union_all(names(20, 25));
        let except = twice().except_all(names(20, 20)).order_by(User::NAME.asc());
        let intersect = twice().intersect_all(names(25, 25));
        if db.backend == Backend::Sqlite {
            assert_says(session.all(except).await.unwrap_err(), &["sqlite", "EXCEPT ALL"]);
            assert_says(session.all(intersect).await.unwrap_err(), &["sqlite", "INTERSECT ALL"]);
            assert!(db.trace.take().is_empty());
            return;
        }
        assert_eq!(session.all(except).await.unwrap(), ["Bob", "Bob", "Carol"]);
        assert_eq!(session.all(intersect).await.unwrap(), ["Bob"]);
    }
}
