//! One row, one entity.

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Account, Pair, User};

/// Its key is set by the program, and it refers to somebody.
#[derive(Model, Debug)]
#[model(table = "labels")]
struct Label {
    #[model(key)]
    text: String,
    user: Option<BelongsTo<User>>,
}

#[both_forms]
mod identity {
    use super::*;

    /// [IDM-1]
    #[case]
    async fn the_same_row_is_the_same_entity(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30), ('Bob', 25)").await;
        let mut session = db.session();
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        let both = session.all(User::select().order_by(User::ID.asc())).await.unwrap();
        assert_eq!(both[0], alice);
        assert_ne!(both[1], alice);
        session[both[0]].age = Some(31);
        assert_eq!(session[alice].age, Some(31));
        assert_eq!(session.first(User::select().filter(User::NAME.eq("Alice"))).await.unwrap(), Some(alice));
    }

    /// [QRY-10]
    #[case]
    async fn get_asks_only_for_what_is_not_loaded(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name) VALUES ('Alice')").await;
        let mut session = db.session();
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(alice));
        assert_eq!(db.trace.take_statements().len(), 0);
        assert_eq!(session.get::<User>(2).await.unwrap(), None);
        assert_eq!(db.trace.take_statements().len(), 1);
    }

    /// [IDM-2]
    #[case]
    async fn a_second_entity_for_a_known_row_is_refused(db: Db) {
        db.create::<(User, Account)>().await;
        db.script("INSERT INTO accounts (code, balance) VALUES ('a', 1)").await;
        let mut session = db.session();
        let known = session.get::<Account>("a").await.unwrap().unwrap();
        let twin = session.add(Account::new("a", 2));
        db.trace.take();
        let error = session.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IdentityConflict);
        assert_says(error, &["Account", "in this session already"]);
        assert!(db.trace.take_statements().is_empty(), "nothing was sent");

        session.detach(twin).unwrap();
        session[known].balance = 3;
        session.commit().await.unwrap();
        assert_eq!(session.rows(Account::select()).await.unwrap()[0].balance, 3);
    }

    /// [IDM-2] Also while it waits for the key of a row that it refers to: that is no part of its own.
    #[case]
    async fn a_second_entity_is_refused_whatever_it_waits_for(db: Db) {
        db.create::<Label>().await;
        let mut session = db.session();
        session.add(Label::new("a"));
        session.commit().await.unwrap();
        let user = session.add(User::new("Alice"));
        session.add(Label { user: user.into(), ..Label::new("a") });
        db.trace.take();
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::IdentityConflict);
        assert!(db.trace.take_statements().is_empty(), "nothing was sent");
    }

    /// [IDM-3]
    #[case]
    async fn a_change_is_written_though_its_handle_was_dropped(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30)").await;
        let mut session = db.session();
        {
            let alice = session.get::<User>(1).await.unwrap().unwrap();
            session[alice].age = Some(31);
            session.add(User::new("Bob"));
        }
        session.commit().await.unwrap();
        let users = session.rows(User::select().order_by(User::ID.asc())).await.unwrap();
        assert_eq!((users.len(), users[0].age), (2, Some(31)));
    }

    /// [IDM-4]
    #[case]
    async fn a_row_that_is_gone_is_not_found_and_comes_back_with_a_rollback(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name) VALUES ('Alice')").await;
        let mut session = db.session();
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        session.expire(alice).unwrap();
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(alice));
        session.commit().await.unwrap();
        db.script("DELETE FROM users").await;
        assert_eq!(session.get::<User>(1).await.unwrap(), None);
        assert!(!session.contains(alice));
        session.rollback().await.unwrap();
        assert!(session.contains(alice));
    }

    /// [KEY-1]
    #[case]
    async fn text_and_composite_keys_are_identities_too(db: Db) {
        db.create::<(Account, Pair)>().await;
        let mut session = db.session();
        let account = session.add(Account::new("a", 1));
        let pairs = session.add_all([Pair::new(1, "x"), Pair::new(1, "y"), Pair::new(2, "x")]);
        session.commit().await.unwrap();
        assert_eq!(session.get::<Account>("a").await.unwrap(), Some(account));
        assert_eq!(session.get::<Pair>((1, "y".to_owned())).await.unwrap(), Some(pairs[1]));
        assert_eq!(session.get::<Pair>((2, "y".to_owned())).await.unwrap(), None);
        assert_eq!(session.all(Pair::select()).await.unwrap().len(), 3);
    }

    /// A row that somebody else deleted, whose number the database gives out again.
    #[case(sqlite)]
    async fn a_number_given_out_again_is_a_new_entity(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        db.script("DELETE FROM users").await;
        let bob = session.add(User::new("Bob"));
        session.commit().await.unwrap();
        assert_eq!(session[bob].id, 1);
        assert!(!session.contains(alice));
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(bob));
    }
}
