//! Queries as values, and structs that their rows are read into.

use orm::{Select, all_of, any_of};
use orm_tests::both_forms;
use orm_tests::prelude::*;

use super::subqueries::assert_sql;
use crate::models::User;

#[test]
fn lists_of_conditions() {
    assert_sql(
        &select(User::ID)
            .filter(all_of([User::AGE.gt(1), User::AGE.lt(9)]))
            .filter(any_of(vec![User::ID.eq(1), User::ID.eq(2)])),
        r#"SELECT "id" FROM "users" WHERE ("age" > ? AND "age" < ?) AND ("id" = ? OR "id" = ?)"#,
        r#"SELECT "id" FROM "users" WHERE ("age" > $1 AND "age" < $2) AND ("id" = $3 OR "id" = $4)"#,
    );
    let none = || Vec::<orm::Condition>::new();
    let sql = r#"SELECT "id" FROM "users" WHERE 1 = 1 AND 1 = 0"#;
    assert_sql(&select(User::ID).filter(all_of(none())).filter(any_of(none())), sql, sql);
    let sql = r#"SELECT "id" FROM "users" WHERE "age" IS NULL"#;
    assert_sql(&select(User::ID).filter(all_of([None, Some(User::AGE.is_null())])), sql, sql);
}

/// Any query, a page of it.
fn page<S>(query: Select<S>, number: u32) -> Select<S> {
    query.limit(2).offset(number * 2)
}

#[both_forms]
mod behaviour {
    use crate::models::{Post, User};
    use crate::queries::dynamic::page;
    use orm::{Condition, Select, any_of};
    use orm_tests::assert_says;
    use orm_tests::prelude::*;

    #[derive(FromRow, Debug, PartialEq)]
    struct Summary {
        title: String,
        #[row(column = "author")]
        name: String,
    }

    async fn people(db: &Db) -> Session {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        for (name, age) in [("Alice", 30), ("Bob", 25), ("Carol", 20)] {
            let user = session.add(User { age: Some(age), ..User::new(name) });
            session.add(Post::new(format!("by {name}"), user));
        }
        session.commit().await.unwrap();
        db.trace.take();
        session
    }

    /// What a program was asked for, and a query that is kept for later.
    #[derive(Clone)]
    struct Search {
        name: Option<String>,
        at_least: Option<i32>,
        ages: Vec<i32>,
        query: Select<User>,
    }

    impl Search {
        fn query(&self) -> Select<User> {
            let mut query = self.query.clone();
            if let Some(name) = &self.name {
                query = query.filter(User::NAME.starts_with(name));
            }
            let ages =
                (!self.ages.is_empty()).then(|| any_of(self.ages.iter().map(|age| User::AGE.eq(*age))));
            query.filter(self.at_least.map(|age| User::AGE.ge(age))).filter(ages)
        }
    }

    /// [QRY-1] A query is a value: cloned, stored, extended in an `if`, passed on, put together from what may be there.
    #[case]
    async fn queries_are_values(db: Db) {
        let mut session = people(&db).await;
        let search = Search {
            name: None,
            at_least: None,
            ages: Vec::new(),
            query: User::select().order_by(User::AGE.asc()),
        };
        assert_eq!(session.all(search.query()).await.unwrap().len(), 3);
        let narrow = Search { name: Some("A".into()), at_least: Some(25), ..search.clone() };
        let found = session.one(narrow.query()).await.unwrap();
        assert_eq!(session[found].name, "Alice");
        let of_ages = Search { ages: vec![20, 30], ..search.clone() };
        assert_eq!(session.count(of_ages.query()).await.unwrap(), 2);

        let filters: Vec<Condition> = vec![User::AGE.gt(20), !User::NAME.eq("Bob")];
        let filtered = filters.into_iter().fold(search.query(), Select::filter);
        assert_eq!(session.all(filtered).await.unwrap(), [found]);

        assert_eq!(session.all(page(search.query(), 1)).await.unwrap(), [found]);
        let names = page(select(User::NAME).order_by(User::NAME.asc()), 0);
        assert_eq!(session.all(names).await.unwrap(), ["Alice", "Bob"]);
    }

    /// Rows are read into structs by the names of columns and labels, in whatever order they are selected.
    #[case]
    async fn rows_into_structs(db: Db) {
        let mut session = people(&db).await;
        let query = select((User::AGE, User::NAME.label("author"), Post::TITLE))
            .join(Post::entity().on(Post::AUTHOR_ID.eq(User::ID)))
            .order_by(User::NAME.asc())
            .into::<Summary>();
        let summary = |name: &str| Summary { title: format!("by {name}"), name: name.into() };
        assert_eq!(session.first(query.clone()).await.unwrap(), Some(summary("Alice")));
        assert_eq!(session.all(page(query.clone(), 1)).await.unwrap(), [summary("Carol")]);
        assert_eq!(session.rows(query.clone()).await.unwrap().len(), 3);
        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.all(query.clone()).await.unwrap()[1], summary("Bob"));
        let union = query.clone().filter(User::AGE.gt(28)).union(query.filter(User::AGE.lt(22)));
        let found = connection.all(union.order_by(User::AGE.asc())).await.unwrap();
        assert_eq!(found, [summary("Carol"), summary("Alice")]);

        // The columns of an entity beside one with a label; a model as a plain struct.
        let query = select((Post::entity(), User::NAME.label("author")))
            .join(User::entity().on(Post::AUTHOR_ID.eq(User::ID)))
            .order_by(Post::ID.asc());
        assert_eq!(session.all(query.clone().into::<Summary>()).await.unwrap()[2], summary("Carol"));
        assert_eq!(session.all(query.into::<Post>()).await.unwrap()[0].title, "by Alice");
    }

    /// A union is put into the same order in each of its parts.
    #[case]
    async fn unions_into_structs(db: Db) {
        let mut session = people(&db).await;
        let part = |age: i32| {
            select((User::NAME.label("author"), Post::TITLE))
                .join(Post::entity().on(Post::AUTHOR_ID.eq(User::ID)))
                .filter(User::AGE.eq(age))
        };
        let union = part(30).union(part(20)).order_by(Post::TITLE.desc()).into::<Summary>();
        let found = session.all(union).await.unwrap();
        assert_eq!(found[0], Summary { title: "by Carol".into(), name: "Carol".into() });
        assert_eq!(found.len(), 2);
    }

    /// A name that is not there, or twice, is an error that says so; nothing is sent.
    #[case]
    async fn names_that_are_missing(db: Db) {
        let mut session = people(&db).await;
        let error = session.all(select((User::ID, Post::TITLE)).into::<Summary>()).await.unwrap_err();
        assert_says(error, &["no column author", "id, title"]);
        let twice = select((Post::TITLE, User::NAME.label("author"), Post::TITLE.label("author")));
        assert_says(session.all(twice.into::<Summary>()).await.unwrap_err(), &["more than one", "author"]);
        assert!(db.trace.take().is_empty());
    }
}
