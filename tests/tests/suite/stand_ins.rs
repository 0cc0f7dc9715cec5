//! Stand-ins: entities that are known by their keys alone.

use orm_tests::prelude::*;
use orm_tests::{assert_says, assert_statements, both_forms};

use crate::models::{Account, Entry, Node, Pair, PairNote, Post, User};

#[derive(Model, Debug)]
#[model(table = "files")]
struct File {
    #[model(key)]
    digest: Vec<u8>,
    name: String,
}

#[both_forms]
mod stand_ins {
    use super::*;

    /// A key is shown in messages, whatever its type.
    #[case]
    async fn a_key_of_bytes_is_shown(db: Db) {
        db.create::<File>().await;
        let mut session = db.session();
        let file = session.reference::<File>(vec![0xAB, 1]).unwrap();
        assert_says(session.try_get(file).unwrap_err(), &["File", "with key X'AB01'"]);
        assert_eq!(session.load(file).await.unwrap_err().kind(), ErrorKind::RowGone);
    }

    /// [STA-8]
    #[case]
    async fn a_key_is_enough_for_an_entity(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30)").await;
        let mut session = db.session();
        let alice = session.reference::<User>(1).unwrap();
        assert!(session.contains(alice));
        assert_eq!(session.reference::<User>(1).unwrap(), alice);
        session.flush().await.unwrap();
        assert!(db.trace.take().is_empty());

        let error = session.try_get(alice).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotLoaded);
        assert_says(error, &["User", "with key 1", "session.load(entity)"]);
        assert_eq!(session.try_get_mut(alice).unwrap_err().kind(), ErrorKind::NotLoaded);

        assert_eq!(session.load(alice).await.unwrap().name, "Alice");
        assert_statements(&db.trace.take_statements(), &["SELECT id, name, age FROM users WHERE id = ?"]);
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(alice));
        assert!(db.trace.take_statements().is_empty());
    }

    /// [STA-8]
    #[case]
    async fn a_stand_in_is_filled_by_whatever_meets_its_row(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name) VALUES ('Alice'), ('Bob'), ('Carol')").await;
        let mut session = db.session();
        let stand_ins = [1, 2, 3].map(|key| session.reference::<User>(key).unwrap());
        assert_eq!(session.get::<User>(2).await.unwrap(), Some(stand_ins[1]));
        session.refresh(stand_ins[2]).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);
        let all = session.all(User::select().order_by(User::ID.asc())).await.unwrap();
        assert_eq!(all, stand_ins);
        assert_eq!(session[all[0]].name, "Alice");
    }

    /// [STA-8] A loaded or new entity is its own stand-in.
    #[case]
    async fn an_identity_that_is_known_is_that_entity(db: Db) {
        db.create::<(User, Pair)>().await;
        db.script("INSERT INTO users (name) VALUES ('Alice')").await;
        let mut session = db.session();
        let alice = session.get_one::<User>(1).await.unwrap();
        let pair = session.add(Pair::new(1, "b"));
        session.flush().await.unwrap();
        assert_eq!(session.reference::<User>(1).unwrap(), alice);
        assert_eq!(session.reference::<Pair>((1, "b".to_owned())).unwrap(), pair);
        assert_eq!(session[alice].name, "Alice");
    }

    /// [STA-8]
    #[case]
    async fn a_stand_in_can_be_referred_to(db: Db) {
        db.create::<(Post, Entry, PairNote)>().await;
        db.script("INSERT INTO users (name) VALUES ('Alice'); INSERT INTO accounts VALUES ('x', 0)").await;
        db.script("INSERT INTO pairs (a, b) VALUES (1, 'b')").await;
        let mut session = db.session();
        let alice = session.reference::<User>(1).unwrap();
        let account = session.reference::<Account>("x".to_owned()).unwrap();
        let pair = session.reference::<Pair>((1, "b".to_owned())).unwrap();
        let post = session.add(Post::new("Hello", alice));
        let entry = session.add(Entry::new(account, 5));
        let note = session.add(PairNote::new(pair, "note"));
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 3);
        assert_eq!(session[post].author.get(), Some(&1));
        assert_eq!(session[entry].account.get().map(String::as_str), Some("x"));
        assert_eq!(session[note].pair.get(), Some(&(1, "b".to_owned())));
        assert_eq!(session.try_get(alice).unwrap_err().kind(), ErrorKind::NotLoaded);
    }

    /// [STA-8] In a query it stands for its key.
    #[case]
    async fn a_stand_in_can_be_asked_for(db: Db) {
        db.create::<Post>().await;
        db.script(
            "INSERT INTO users (name) VALUES ('Alice'); INSERT INTO posts (title, author_id) VALUES ('a', 1)",
        )
        .await;
        let mut session = db.session();
        let alice = session.reference::<User>(1).unwrap();
        let posts = session.all(Post::select().filter(Post::AUTHOR.eq(alice))).await.unwrap();
        assert_eq!(posts.len(), 1);
        assert_eq!(db.trace.take_statements().len(), 1);
    }

    /// [STA-8]
    #[case]
    async fn a_stand_in_is_deleted_without_being_read(db: Db) {
        db.create::<(User, Node)>().await;
        db.script("INSERT INTO users (name) VALUES ('Alice'), ('Bob')").await;
        db.script("INSERT INTO nodes (data) VALUES ('a')").await;
        let mut session = db.session();
        let alice = session.reference::<User>(1).unwrap();
        let node = session.reference::<Node>(1).unwrap();
        session.delete(alice).unwrap();
        session.delete(node).unwrap();
        session.flush().await.unwrap();
        assert!(!session.contains(alice));
        let statements = db.trace.take_statements();
        assert_eq!(statements.len(), 2);
        assert!(statements.iter().all(|statement| statement.starts_with("DELETE FROM ")), "{statements:?}");

        session.rollback().await.unwrap();
        assert!(session.contains(alice));
        assert_eq!(session.try_get(alice).unwrap_err().kind(), ErrorKind::NotLoaded);
        assert_eq!(session.load(alice).await.unwrap().name, "Alice");
        session.delete(alice).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.rows(User::select()).await.unwrap().len(), 1);
    }

    /// [STA-8, EXP-7]
    #[case]
    async fn a_row_that_is_not_there_is_gone(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let nobody = session.reference::<User>(7).unwrap();
        let error = session.load(nobody).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RowGone);
        assert_says(error, &["User", "with key 7"]);
        assert!(session.contains(nobody));
        assert_eq!(session.get::<User>(7).await.unwrap(), None);
        assert!(!session.contains(nobody));
    }

    /// [STA-8] What would need its values says that they are not there; its key is taken.
    #[case]
    async fn what_needs_values_is_refused(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name) VALUES ('Alice')").await;
        let mut session = db.session();
        let alice = session.reference::<User>(1).unwrap();
        assert_eq!(session.detach(alice).unwrap_err().kind(), ErrorKind::NotLoaded);
        session.expire(alice).unwrap();
        session.expire_all();
        assert_eq!(session.try_get(alice).unwrap_err().kind(), ErrorKind::NotLoaded);
        session.commit().await.unwrap();
        session.rollback().await.unwrap();
        assert!(session.contains(alice));

        session.add(User { id: 1, name: "Alice".to_owned(), age: None });
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::IdentityConflict);
    }

    /// [STA-8] A statement that writes shows in a stand-in when it is read.
    #[case]
    async fn statements_do_not_fill_a_stand_in(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name) VALUES ('Alice')").await;
        let mut session = db.session();
        let alice = session.reference::<User>(1).unwrap();
        session.execute(User::update().set(User::NAME, "Al").filter(User::ID.eq(1))).await.unwrap();
        session.update_many([User::values().set(User::ID, 1).set(User::AGE, 3)]).await.unwrap();
        assert_eq!(session.try_get(alice).unwrap_err().kind(), ErrorKind::NotLoaded);
        assert_eq!(session.load(alice).await.unwrap().name, "Al");
        session.rollback().await.unwrap();
        assert_eq!(session.load(alice).await.unwrap().name, "Alice");
        session.execute(User::delete().filter(User::ID.eq(1))).await.unwrap();
        assert!(!session.contains(alice));
    }
}
