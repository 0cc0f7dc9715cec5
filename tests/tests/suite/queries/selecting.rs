//! What is selected, and from where.

use orm_tests::both_forms;

#[both_forms]
mod selecting {
    use crate::models::{Post, User};
    use orm::functions::{row_number, window};
    use orm::schema::{ColumnDef, Table};
    use orm_tests::assert_says;
    use orm_tests::prelude::*;

    async fn people(db: &Db) -> Session {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let alice = session.add(User { age: Some(30), ..User::new("Alice") });
        session.add(User::new("Bob"));
        session.add(Post::new("Hello", alice));
        session.add(Post::new("Again", alice));
        session.commit().await.unwrap();
        db.trace.take();
        session
    }

    /// Rows are values, tuples of them, and entities beside them.
    #[case]
    async fn rows_are_what_was_selected(db: Db) {
        let mut session = people(&db).await;
        let names = session.all(select(User::NAME).order_by(User::NAME.asc())).await.unwrap();
        assert_eq!(names, ["Alice", "Bob"]);
        let pairs = session.all(select((User::NAME, User::AGE)).order_by(User::NAME.desc())).await.unwrap();
        assert_eq!(pairs, [("Bob".to_owned(), None), ("Alice".to_owned(), Some(30))]);

        let joined = select((User::entity(), Post::TITLE))
            .join(Post::entity().on(Post::AUTHOR_ID.eq(User::ID)))
            .order_by(Post::ID.asc());
        let found = session.all(joined.clone()).await.unwrap();
        let alice = found[0].0;
        assert_eq!(found, [(alice, "Hello".to_owned()), (alice, "Again".to_owned())]);
        assert_eq!(session[alice].age, Some(30));

        let mut connection = db.engine.connect().await.unwrap();
        let rows = connection.all(joined).await.unwrap();
        assert_eq!((rows[0].0.name.as_str(), rows[0].1.as_str()), ("Alice", "Hello"));
        assert_eq!(rows.len(), 2);
        assert_eq!(
            connection.first(select(User::NAME).order_by(User::ID.desc())).await.unwrap().unwrap(),
            "Bob"
        );
        assert_eq!(connection.one(User::select()).await.unwrap_err().kind(), ErrorKind::MultipleResults);
        let nobody = User::select().filter(User::NAME.eq("Zoe"));
        assert_eq!(connection.one(nobody.clone()).await.unwrap_err().kind(), ErrorKind::NoResult);
        assert_eq!(connection.one_or_none(nobody).await.unwrap(), None);
    }

    /// [QRY-5] An outer join keeps parents without children; the entity that is not there is `None`.
    #[case]
    async fn an_outer_join_has_optional_entities(db: Db) {
        let mut session = people(&db).await;
        let query = select((Post::entity().optional(), User::NAME))
            .from(User::entity())
            .left_join(Post::entity().on(Post::AUTHOR_ID.eq(User::ID)))
            .order_by(User::ID.asc())
            .order_by(Post::ID.asc());
        let found = session.all(query.clone()).await.unwrap();
        let titles: Vec<_> =
            found.iter().map(|(post, _)| post.map(|post| session[post].title.clone())).collect();
        assert_eq!(titles, [Some("Hello".to_owned()), Some("Again".to_owned()), None]);
        let rows = session.rows(query).await.unwrap();
        assert_eq!(rows[0].0.as_ref().map(|post| post.title.as_str()), Some("Hello"));
        assert_eq!((rows[2].0.is_none(), rows[2].1.as_str()), (true, "Bob"));
    }

    /// [QRY-5] So it has optional columns; those that are not are an error where there is no row, which says what to do.
    #[case]
    async fn an_outer_join_has_optional_columns(db: Db) {
        let mut session = people(&db).await;
        let bob = User::select().filter(User::NAME.eq("Bob")).left_join(Post::AUTHOR.reverse());
        let title = session.one(bob.clone().columns((User::NAME, Post::TITLE.optional()))).await.unwrap();
        assert_eq!(title, ("Bob".to_owned(), None));
        let age = session.one(bob.clone().columns(User::AGE.optional())).await.unwrap();
        assert_eq!(age, None::<i32>);
        let error = session.one(bob.clone().columns(Post::TITLE)).await.unwrap_err();
        assert_says(error, &["NULL", "select it as .optional()"]);
        let error = session.one(bob.columns(Post::entity())).await.unwrap_err();
        assert_says(error, &["primary key is NULL", ".optional()"]);
    }

    /// What is sorted by, and the scalar of a column that may be NULL, are the same everywhere.
    #[case]
    async fn keys_and_scalars_are_alike_everywhere(db: Db) {
        let mut session = people(&db).await;
        let number = row_number().over(window().order_by((User::AGE.is_null(), User::NAME)));
        let rows = session.all(select((User::NAME, number)).order_by(User::NAME)).await.unwrap();
        assert_eq!(rows, [("Alice".to_owned(), 1), ("Bob".to_owned(), 2)]);
        let oldest = User::select().filter(User::AGE.eq(orm::scalar(select(max(User::AGE)))));
        assert_eq!(session.count(oldest.clone()).await.unwrap(), 1);
        let age = orm::scalar(select(User::AGE).filter(User::NAME.eq("Alice")));
        assert_eq!(session.one(select(age)).await.unwrap(), Some(30));
    }

    /// A table can be in a query twice, under another name.
    #[case]
    async fn an_alias_is_a_table_of_its_own(db: Db) {
        let mut session = people(&db).await;
        let other = User::alias("other");
        let query =
            select((User::NAME, User::NAME.of(other))).join(other.on(User::ID.lt(User::ID.of(other))));
        let pairs = session.all(query).await.unwrap();
        assert_eq!(pairs, [("Alice".to_owned(), "Bob".to_owned())]);
        db.trace.take();
        let twice = select(User::NAME).join(User::entity().on(User::ID.lt(User::ID)));
        assert_says(session.all(twice).await.unwrap_err(), &["users is in the query twice", "alias"]);
        let missing = select(User::NAME).filter(User::NAME.of(other).eq("x"));
        assert_says(session.all(missing).await.unwrap_err(), &["other.name", "join other"]);
        assert!(db.trace.take().is_empty());
    }

    /// A table that was described at run time is queried like any other.
    #[case]
    async fn a_run_time_table_is_queried_as_well(db: Db) {
        let mut session = people(&db).await;
        let users = Table::new("users")
            .column(ColumnDef::of::<i64>("id").auto_key())
            .column(ColumnDef::of::<String>("name"))
            .build()
            .unwrap();
        let (id, name) = (users.column::<i64>("id"), users.column::<String>("name"));
        let found = session.all(select((id, name.clone())).filter(name.starts_with("A"))).await.unwrap();
        assert_eq!(found[0].1, "Alice");
        let error = session.all(select(users.column::<String>("id"))).await.unwrap_err();
        assert_says(error, &["users.id", "BigInt", "Text"]);
        let error = session.all(select(users.column::<String>("nam"))).await.unwrap_err();
        assert_says(error, &["users has no column nam", "id, name"]);
    }

    /// Another model of the same table.
    #[derive(Model, Debug)]
    #[model(table = "users")]
    struct Name {
        #[model(key)]
        name: String,
    }

    /// Queries are found again by their shape; what only looks alike is another shape.
    #[case]
    async fn queries_that_look_alike_are_told_apart(db: Db) {
        let mut session = people(&db).await;
        for name in ["Alice", "Bob"] {
            let one = session.one(User::select().filter(User::NAME.eq(name))).await.unwrap();
            assert_eq!(session[one].name, name);
        }
        assert_eq!(session.all(Name::select()).await.unwrap().len(), 2);
        assert_eq!(session.all(User::select()).await.unwrap().len(), 2);

        // One column, compared with parameters of two types.
        let users = Table::new("users")
            .column(ColumnDef::of::<i64>("id").auto_key())
            .column(ColumnDef::of::<i64>("age"))
            .build()
            .unwrap();
        let by = |age: i64| select(users.column::<i64>("id")).filter(users.column::<i64>("age").eq(age));
        let typed = select(User::ID).filter(User::AGE.eq(30));
        assert_eq!(session.all(typed.clone()).await.unwrap().len(), 1);
        let of_another_type = session.all(by(30)).await;
        assert_eq!(session.all(typed).await.unwrap().len(), 1);
        assert!(of_another_type.is_ok_and(|found| found.len() == 1));

        // An alias with the name of a table that is there is not that table.
        let titles = select(Post::TITLE).filter(Post::TITLE.eq("Hello"));
        assert_eq!(session.all(titles).await.unwrap(), ["Hello"]);
        let alias = Post::alias("posts");
        db.trace.take();
        let error = session.all(select(Post::TITLE).filter(Post::TITLE.of(alias).eq("Hello"))).await;
        assert_says(error.unwrap_err(), &["title of posts", "means something else"]);
        assert!(db.trace.take().is_empty());
        let named = select(Post::TITLE.of(alias)).filter(Post::TITLE.of(alias).eq("Hello"));
        assert_eq!(session.all(named).await.unwrap(), ["Hello"]);

        // Names with signs in them that shapes are made of.
        let odd = select(User::NAME.label("a\u{1}b\u{2}")).order_by(User::NAME.asc());
        for _ in 0..2 {
            assert_eq!(session.all(odd.clone()).await.unwrap(), ["Alice", "Bob"]);
        }
    }
}
