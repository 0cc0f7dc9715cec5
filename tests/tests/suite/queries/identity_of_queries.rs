//! What a session makes of the rows of a query: one entity for each key, new values or those it has.

use orm_tests::both_forms;

#[both_forms]
mod identity_of_queries {
    use crate::models::{Post, User};
    use orm_tests::assert_says;
    use orm_tests::prelude::*;

    async fn people(db: &Db) -> (Session, [Entity<User>; 2]) {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let users = ["Alice", "Bob"].map(|name| session.add(User { age: Some(30), ..User::new(name) }));
        session.add(Post::new("x", users[1]));
        session.add(Post::new("x", users[0]));
        session.add(Post::new("y", users[1]));
        session.commit().await.unwrap();
        db.trace.take();
        (session, users)
    }

    /// [QRY-6] A join gives the entity once for each row; `unique` once in all, where it comes first.
    #[case]
    async fn unique_gives_each_entity_once(db: Db) {
        let (mut session, [alice, bob]) = people(&db).await;
        let query = User::select().join(Post::AUTHOR.reverse()).order_by(Post::ID.asc());
        assert_eq!(session.all(query.clone()).await.unwrap(), [bob, alice, bob]);
        assert_eq!(session.all(query.clone().unique()).await.unwrap(), [bob, alice]);
        assert_eq!(session.all(query.clone().limit(1).offset(1).unique()).await.unwrap(), [alice]);
        assert_eq!(session.first(query.clone().unique()).await.unwrap(), Some(bob));
        let of_bob = query.clone().filter(User::NAME.eq("Bob"));
        assert_eq!(session.one(of_bob.clone()).await.unwrap_err().kind(), ErrorKind::MultipleResults);
        assert_eq!(session.one(of_bob.clone().unique()).await.unwrap(), bob);
        assert_eq!(session.one_or_none(of_bob.clone().unique()).await.unwrap(), Some(bob));
        let rows = session.rows(query.clone().unique()).await.unwrap();
        assert_eq!(rows.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["Bob", "Alice"]);

        let titles =
            select((User::entity(), Post::TITLE)).join(Post::AUTHOR.reverse()).order_by(Post::ID.asc());
        session.add(Post::new("x", bob));
        assert_eq!(session.all(titles.clone()).await.unwrap().len(), 4);
        let unique = session.all(titles.clone().unique()).await.unwrap();
        assert_eq!(unique, [(bob, "x".to_owned()), (alice, "x".to_owned()), (bob, "y".to_owned())]);
        session.commit().await.unwrap();

        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.all(query.clone().unique()).await.unwrap().len(), 2);
        assert_eq!(connection.one(of_bob.unique()).await.unwrap().name, "Bob");
        assert_eq!(connection.execute(titles.unique()).await.unwrap().len(), 3);
        db.trace.take();
        let error = connection.stream(query.clone().unique()).await.unwrap_err();
        assert_says(error, &["unique()", "all("]);
        assert_eq!(session.stream(query.unique(), 2).await.unwrap_err().kind(), ErrorKind::InvalidQuery);
        assert!(db.trace.take().is_empty());
    }

    /// [QRY-12] What is loaded keeps its values and its changes when a query returns its row; with `populate_existing` its columns are
    /// overwritten, after what was changed has been written.
    #[case]
    async fn populate_existing_overwrites_what_is_loaded(db: Db) {
        let (mut session, [alice, bob]) = people(&db).await;
        session.rollback().await.unwrap();
        let query = User::select().order_by(User::ID.asc());
        assert_eq!(session.all(query.clone()).await.unwrap(), [alice, bob]);
        session.execute(text("UPDATE users SET age = 40")).await.unwrap();
        session[bob].name = "Rob".to_owned();
        db.trace.take();
        session.all(query.clone()).await.unwrap();
        assert_eq!((session[alice].age, session[bob].age), (Some(30), Some(30)));
        assert_eq!(session[bob].name, "Rob");
        assert_eq!(db.trace.take_statements().len(), 2);
        session[bob].name = "Robert".to_owned();
        assert_eq!(session.all(query.clone().populate_existing()).await.unwrap(), [alice, bob]);
        assert_eq!((session[alice].age, session[bob].age), (Some(40), Some(40)));
        assert_eq!(session[bob].name, "Robert");
        assert_eq!(db.trace.take_statements().len(), 2);

        session.execute(text("UPDATE users SET age = 50")).await.unwrap();
        session.all(query.clone()).await.unwrap();
        assert_eq!(session[alice].age, Some(40));
        let mut stream = session.stream(query.clone().populate_existing(), 1).await.unwrap();
        assert_eq!(stream.next().await.unwrap(), Some(vec![alice]));
        drop(stream);
        assert_eq!(session[alice].age, Some(50));
        session.all(query).await.unwrap();
        assert_eq!(session[bob].age, Some(40));
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 4);
        session.load(bob).await.unwrap();
        assert_eq!((session[bob].age, session[bob].name.as_str()), (Some(50), "Robert"));
    }

    /// [QRY-10] `get` costs nothing for what is loaded and one statement otherwise; `get_one` makes an error of a missing row.
    #[case]
    async fn get_one_finds_the_row_or_says_that_there_is_none(db: Db) {
        let (mut session, [alice, _]) = people(&db).await;
        assert_eq!(session.get_one::<User>(1).await.unwrap(), alice);
        assert_eq!(db.trace.take_statements().len(), 1);
        assert_eq!(session.get_one::<User>(1).await.unwrap(), alice);
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(alice));
        assert_eq!(db.trace.take_statements().len(), 0);
        assert_eq!(session.get::<User>(9).await.unwrap(), None);
        let error = session.get_one::<User>(9).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoResult);
        assert_says(error, &["no row with this key", "User"]);
        assert_eq!(db.trace.take_statements().len(), 2);
    }
}
