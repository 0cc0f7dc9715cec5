//! Queries with a name.

use orm::{Select, recursive, recursive_distinct, values};
use orm_tests::both_forms;
use orm_tests::prelude::*;

use super::subqueries::assert_sql;
use crate::models::{Node, Post, User};

#[test]
fn with() {
    let adults = cte("adults", select((User::ID, User::NAME)).filter(User::AGE.gt(28)));
    assert_sql(
        &select((Post::TITLE, User::NAME.of(&adults)))
            .join(adults.on(Post::AUTHOR_ID.eq(User::ID.of(&adults))))
            .filter(Post::ID.lt(9)),
        r#"WITH "adults" AS (SELECT "id", "name" FROM "users" WHERE "age" > ?) SELECT "posts"."title", "adults"."name" FROM "posts" JOIN "adults" ON "posts"."author_id" = "adults"."id" WHERE "posts"."id" < ?"#,
        r#"WITH "adults" AS (SELECT "id", "name" FROM "users" WHERE "age" > $1) SELECT "posts"."title", "adults"."name" FROM "posts" JOIN "adults" ON "posts"."author_id" = "adults"."id" WHERE "posts"."id" < $2"#,
    );
    // Each once, behind those that it uses itself; parameters in the order of the text.
    let named = cte("named", select(User::ID.of(&adults)).filter(User::NAME.of(&adults).eq("x")));
    let other = adults.alias("other");
    assert_sql(
        &select(Post::TITLE)
            .filter(Post::ID.gt(3))
            .filter(Post::AUTHOR_ID.in_(select(User::ID.of(&named))))
            .filter(Post::AUTHOR_ID.in_(select(User::ID.of(&other)).filter(User::ID.of(&other).gt(4)))),
        r#"WITH "adults" AS (SELECT "id", "name" FROM "users" WHERE "age" > ?), "named" AS (SELECT "id" FROM "adults" WHERE "name" = ?) SELECT "title" FROM "posts" WHERE "id" > ? AND "author_id" IN (SELECT "named"."id" FROM "named") AND "author_id" IN (SELECT "other"."id" FROM "adults" AS "other" WHERE "other"."id" > ?)"#,
        r#"WITH "adults" AS (SELECT "id", "name" FROM "users" WHERE "age" > $1), "named" AS (SELECT "id" FROM "adults" WHERE "name" = $2) SELECT "title" FROM "posts" WHERE "id" > $3 AND "author_id" IN (SELECT "named"."id" FROM "named") AND "author_id" IN (SELECT "other"."id" FROM "adults" AS "other" WHERE "other"."id" > $4)"#,
    );
}

#[test]
fn hints() {
    let once = cte("once", select(User::ID)).materialized();
    let sql = r#"WITH "once" AS MATERIALIZED (SELECT "id" FROM "users") SELECT "id" FROM "once""#;
    assert_sql(&select(User::ID.of(&once)), sql, sql);
    let inline = cte("inline", select(User::ID)).not_materialized();
    let sql = r#"WITH "inline" AS NOT MATERIALIZED (SELECT "id" FROM "users") SELECT "id" FROM "inline""#;
    assert_sql(&select(User::ID.of(&inline)), sql, sql);
}

/// Rows of the program's own; none are a query that finds none.
#[test]
fn lists_of_values() {
    let v = values("v", ["id", "what"], [(1i64, "a".to_owned()), (2, "b".to_owned())]);
    assert_sql(
        &select(User::NAME).join(v.on(User::ID.eq(v.column::<i64>("id")))).filter(User::AGE.gt(3)),
        r#"WITH "v" ("id", "what") AS (VALUES (?, ?), (?, ?)) SELECT "users"."name" FROM "users" JOIN "v" ON "users"."id" = "v"."id" WHERE "users"."age" > ?"#,
        r#"WITH "v" ("id", "what") AS (VALUES ($1, $2), ($3, $4)) SELECT "users"."name" FROM "users" JOIN "v" ON "users"."id" = "v"."id" WHERE "users"."age" > $5"#,
    );
    let none = values("none", ["id"], Vec::<i64>::new());
    assert_sql(
        &select(none.column::<i64>("id")),
        r#"WITH "none" ("id") AS (SELECT CAST(NULL AS INTEGER) WHERE 1 = 0) SELECT "id" FROM "none""#,
        r#"WITH "none" ("id") AS (SELECT CAST(NULL AS bigint) WHERE 1 = 0) SELECT "id" FROM "none""#,
    );
    let narrow = values("narrow", ["id"], [(1i64, 2i64)]);
    let says = "! invalid query: values: 1 names for 2 columns";
    assert_sql(&select(narrow.column::<i64>("id")), says, says);
}

fn below(name: &'static str) -> orm::Cte {
    recursive("tree", Node::select().filter(Node::DATA.eq(name)), |tree| {
        Node::select().join(tree.on(Node::PARENT_ID.eq(tree.column::<Option<i64>>("id"))))
    })
}

#[test]
fn recursion() {
    assert_sql(
        &select(Node::DATA.of(below("root"))),
        r#"WITH RECURSIVE "tree" AS (SELECT "id", "data", "parent_id" FROM "nodes" WHERE "data" = ? UNION ALL SELECT "nodes"."id", "nodes"."data", "nodes"."parent_id" FROM "nodes" JOIN "tree" ON "nodes"."parent_id" = "tree"."id") SELECT "data" FROM "tree""#,
        r#"WITH RECURSIVE "tree" AS (SELECT "id", "data", "parent_id" FROM "nodes" WHERE "data" = $1 UNION ALL SELECT "nodes"."id", "nodes"."data", "nodes"."parent_id" FROM "nodes" JOIN "tree" ON "nodes"."parent_id" = "tree"."id") SELECT "data" FROM "tree""#,
    );
    let step = |tree: &orm::Source| select(Node::ID).join(tree.on(Node::ID.gt(Node::ID.of(tree))));
    let ids = recursive_distinct("ids", select(Node::ID).limit(1), step);
    assert_sql(
        &select(Node::ID.of(&ids)),
        r#"WITH RECURSIVE "ids" AS (SELECT * FROM (SELECT "id" FROM "nodes" LIMIT ? + 0) UNION SELECT "nodes"."id" FROM "nodes" JOIN "ids" ON "nodes"."id" > "ids"."id") SELECT "id" FROM "ids""#,
        r#"WITH RECURSIVE "ids" AS ((SELECT "id" FROM "nodes" LIMIT $1) UNION SELECT "nodes"."id" FROM "nodes" JOIN "ids" ON "nodes"."id" > "ids"."id") SELECT "id" FROM "ids""#,
    );
}

#[test]
fn one_name_means_one_thing() {
    let a = cte("big", select(User::ID));
    let b = cte("big", select(Post::ID));
    let query: Select<i64> = select(User::ID.of(&a)).filter(User::ID.of(&a).in_(select(Post::ID.of(&b))));
    let says = "! invalid query: two different common table expressions are called big; rename one of them";
    assert_sql(&query, says, says);
    // One that uses another of its own name.
    let c = cte("big", select(User::ID.of(&a)));
    assert_sql(&select(User::ID.of(&c)), says, says);
    // Made twice, it is the same.
    let make = || cte("big", select(User::ID).filter(User::AGE.gt(3)));
    let query = select(User::ID)
        .filter(User::ID.in_(select(User::ID.of(make()))) | User::ID.in_(select(User::ID.of(make()))));
    let sql = query.to_sql(&orm::dialect::Sqlite).unwrap().to_string();
    assert_eq!(sql.matches("\"big\" AS (").count(), 1);
    // A table of that name would be hidden.
    let users = cte("users", select(User::ID));
    let says = "! invalid query: a common table expression of the statement is called users like the table; give it another name";
    assert_sql(&select(User::ID.of(&users)), says, says);
    assert!(select(User::ID.of(cte("USERS", select(User::ID)))).to_sql(&orm::dialect::Sqlite).is_err());
    // What the step was given means something in the step alone.
    let mut outside = None;
    let tree = recursive("tree", select(Node::ID), |tree| {
        outside = Some(tree.clone());
        select(Node::ID).join(tree.on(Node::ID.eq(Node::ID.of(tree))))
    });
    let says = "! invalid query: what the step of the recursive tree was given is used outside of it; read from tree itself";
    assert_sql(&select(Node::ID.of(outside.unwrap())), says, says);
    assert!(select(Node::ID.of(&tree)).to_sql(&orm::dialect::Postgres).is_ok());
}

#[both_forms]
mod behaviour {
    use crate::models::{Node, Post, User};
    use crate::queries::ctes::below;
    use orm::schema::{ColumnDef, Table};
    use orm::{recursive_distinct, values};
    use orm_tests::Backend;
    use orm_tests::prelude::*;

    /// Alice, 30, wrote two posts; Bob, 25, one.
    async fn people(db: &Db) -> Session {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let alice = session.add(User { age: Some(30), ..User::new("Alice") });
        let bob = session.add(User { age: Some(25), ..User::new("Bob") });
        session.add(Post::new("Hello", alice));
        session.add(Post::new("Again", alice));
        session.add(Post::new("Bob's", bob));
        session.commit().await.unwrap();
        db.trace.take();
        session
    }

    /// [QRY-11] A named query is read from, with filters, an order and a limit of its own, also from inside of others.
    #[case]
    async fn read_like_tables(db: Db) {
        let mut session = people(&db).await;
        let newest = cte("newest", select((Post::AUTHOR_ID, Post::TITLE)).order_by(Post::ID.desc()).limit(2));
        let query = select((User::NAME, Post::TITLE.of(&newest)))
            .join(newest.on(Post::AUTHOR_ID.of(&newest).eq(User::ID)))
            .filter(User::AGE.gt(20))
            .order_by(User::NAME.asc());
        let expected = [("Alice".to_owned(), "Again".to_owned()), ("Bob".to_owned(), "Bob's".to_owned())];
        assert_eq!(session.all(query.clone()).await.unwrap(), expected);
        assert_eq!(session.count(query.clone()).await.unwrap(), 2);
        assert!(session.exists(query.clone()).await.unwrap());
        assert_eq!(session.first(query.clone()).await.unwrap().unwrap(), expected[0]);
        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.all(query).await.unwrap(), expected);

        // Inside of a subquery inside of a union, with a parameter before and behind it.
        let with = |name: &'static str| {
            let authors = select(Post::AUTHOR_ID.of(&newest)).filter(Post::TITLE.of(&newest).ne("Bob's"));
            User::select().filter(User::NAME.eq(name)).filter(User::ID.in_(authors)).filter(User::AGE.gt(1))
        };
        let found = session.all(with("Alice").union(with("Bob"))).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(session[found[0]].name, "Alice");
        assert_eq!(
            session.all(select(newest.entity::<Post>())).await.unwrap_err().kind(),
            ErrorKind::InvalidQuery
        );
        let grown = cte("grown", User::select().filter(User::AGE.gt(28))).materialized();
        assert_eq!(session.all(select(grown.entity::<User>())).await.unwrap(), found);
    }

    /// [QRY-11] A query that reads from itself walks a tree, and ends where it goes round in a circle.
    #[case]
    async fn recursion(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let root = session.add(Node::new("root"));
        let left = session.add(Node { parent: Some(root.into()), ..Node::new("left") });
        session.add(Node { parent: Some(left.into()), ..Node::new("leaf") });
        session.add(Node::new("alone"));
        session.commit().await.unwrap();
        let tree = below("root");
        let data = select(Node::DATA.of(&tree)).order_by(Node::DATA.of(&tree).asc());
        assert_eq!(session.all(data).await.unwrap(), ["leaf", "left", "root"]);
        let nodes =
            session.all(select(tree.entity::<Node>()).order_by(Node::ID.of(&tree).asc())).await.unwrap();
        assert_eq!(nodes[..2], [root, left]);

        session[root].parent = Some(left.into());
        let circle = recursive_distinct("circle", Node::select().filter(Node::DATA.eq("root")), |circle| {
            Node::select().join(circle.on(Node::PARENT_ID.eq(circle.column::<Option<i64>>("id"))))
        });
        assert_eq!(session.count(select(Node::ID.of(&circle))).await.unwrap(), 3);
    }

    /// The program's own rows are joined like a table.
    #[case]
    async fn lists_of_values(db: Db) {
        let mut session = people(&db).await;
        let v =
            values("v", ["name", "points"], [("Alice".to_owned(), Some(3)), ("Zoe".to_owned(), None::<i32>)]);
        let points = v.column::<Option<i32>>("points");
        let query = select((User::AGE, points.clone())).join(v.on(User::NAME.eq(v.column::<String>("name"))));
        assert_eq!(session.all(query).await.unwrap(), [(Some(30), Some(3))]);
        let zoe = select(v.column::<String>("name")).filter(points.is_null());
        assert_eq!(session.all(zoe).await.unwrap(), ["Zoe"]);
        let none = values("none", ["id"], Vec::<i64>::new());
        let query = User::select().filter(User::ID.in_(select(none.column::<i64>("id"))));
        assert!(session.all(query).await.unwrap().is_empty());
    }

    /// A plan of a statement with a named query in it.
    #[case]
    async fn explained(db: Db) {
        let mut session = people(&db).await;
        let grown = cte("grown", User::select().filter(User::AGE.gt(28))).materialized();
        let query = select(User::NAME.of(&grown)).filter(User::ID.of(&grown).gt(0));
        let plan = session.explain(query.clone()).await.unwrap().to_string();
        // MariaDB has it in the query before it makes a plan.
        assert!(plan.contains(if db.backend.is_mysql() { "users" } else { "grown" }), "{plan}");
        let sent = db.trace.take_statements();
        let with = match db.backend {
            Backend::Sqlite | Backend::Postgres => "WITH \"grown\" AS MATERIALIZED (",
            // It decides by itself.
            Backend::MariaDb | Backend::MySql => "WITH \"grown\" AS (",
        };
        assert!(sent[0].starts_with("EXPLAIN") && sent[0].contains(with), "{sent:?}");
        assert_eq!(session.all(query).await.unwrap(), ["Alice"]);
    }

    /// A table that was described at run time, named and read from.
    #[case]
    async fn run_time_tables(db: Db) {
        let mut session = people(&db).await;
        let users = Table::new("users")
            .column(ColumnDef::of::<i64>("id").auto_key())
            .column(ColumnDef::of::<String>("name"))
            .build()
            .unwrap();
        let body = select((users.column::<i64>("id"), users.column::<String>("name").label("who")));
        let named = cte("named", body.filter(users.column::<String>("name").starts_with("B")));
        let query = select((named.column::<String>("who"), Post::TITLE))
            .join(Post::entity().on(Post::AUTHOR_ID.eq(named.column::<i64>("id"))));
        assert_eq!(session.all(query).await.unwrap(), [("Bob".to_owned(), "Bob's".to_owned())]);
        assert!(session.all(select(named.column::<String>("name"))).await.is_err());
    }
}
