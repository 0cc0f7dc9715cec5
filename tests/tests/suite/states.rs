//! The life cycle: pending, persistent, deleted, transient, detached.

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Node, Post, User};

#[both_forms]
mod states {
    use super::*;

    /// [STA-1]
    #[case]
    async fn a_new_entity_is_pending_until_it_is_flushed(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        assert!(session.contains(alice));
        assert_eq!(session[alice].id, 0);
        assert!(db.trace.take().is_empty());

        session.flush().await.unwrap();
        assert_eq!(session[alice].id, 1);
        assert!(session.contains(alice));
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(alice));
    }

    /// [STA-2]
    #[case]
    async fn a_flushed_deletion_is_undone_by_a_rollback(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();

        session.delete(alice).unwrap();
        session.flush().await.unwrap();
        assert!(!session.contains(alice));
        assert_says(session.try_get(alice).unwrap_err(), &["User", "with key 1", "deleted"]);
        assert_eq!(session.get::<User>(1).await.unwrap(), None);

        session.rollback().await.unwrap();
        assert!(session.contains(alice));
        assert_eq!(session[alice].name, "Alice");
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(alice));
    }

    /// [STA-2]
    #[case]
    async fn a_committed_deletion_ends_the_entity(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session.delete(alice).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.try_get(alice).unwrap_err().kind(), ErrorKind::Detached);

        let bob = session.add(User::new("Bob"));
        assert_ne!(alice, bob);
        assert_eq!(
            session.try_get(alice).unwrap_err().kind(),
            ErrorKind::Detached,
            "the slot is used again, the handle is not"
        );
        session.commit().await.unwrap();
        assert_eq!(session[bob].name, "Bob");
    }

    /// [STA-3]
    #[case]
    async fn what_was_added_leaves_with_the_rollback_and_can_be_added_again(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.flush().await.unwrap();
        let bob = session.add(User::new("Bob"));
        session.rollback().await.unwrap();
        for entity in [alice, bob] {
            assert!(!session.contains(entity));
        }
        assert_eq!(session[alice], User { id: 0, name: "Alice".to_owned(), age: None });
        let error = session.try_get_mut(alice).unwrap_err();
        assert_says(error, &["not persistent", "detach it and add it again"]);
        session.commit().await.unwrap();
        assert!(session.rows(User::select()).await.unwrap().is_empty());

        let alice = session.detach(alice).unwrap();
        let alice = session.add(alice);
        session.commit().await.unwrap();
        assert_eq!(session.rows(User::select()).await.unwrap().len(), 1);
        assert!(session.contains(alice));
    }

    /// [STA-3] [R8] The key that a reference was given goes with the row that had it, also when it comes out of a snapshot: another
    /// row may have that key by then.
    #[case]
    async fn references_among_rows_that_were_taken_back_wait_again(db: Db) {
        db.create::<Node>().await;
        let mut session = db.session();
        let root = session.add(Node::new("root"));
        let other = session.add(Node::new("other"));
        let changed = session.add(Node { parent: root.into(), ..Node::new("changed") });
        let moved = session.add(Node { parent: root.into(), ..Node::new("moved") });
        session.flush().await.unwrap();
        session[changed].data = "changed again".to_owned();
        session[moved].parent = other.into();
        session.flush().await.unwrap();
        session.rollback().await.unwrap();
        for node in [changed, moved] {
            assert_eq!(session[node].parent.as_ref().unwrap().get(), None);
        }
    }

    /// [STA-6]
    #[case]
    async fn what_has_no_row_cannot_be_deleted_expired_or_refreshed(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        assert_says(session.delete(alice).unwrap_err(), &["not persistent", "User", "not flushed yet"]);
        assert_eq!(session.expire(alice).unwrap_err().kind(), ErrorKind::NotPersistent);
        assert_eq!(session.refresh(alice).await.unwrap_err().kind(), ErrorKind::NotPersistent);
        session.commit().await.unwrap();

        session.delete(alice).unwrap();
        session.flush().await.unwrap();
        assert_says(session.delete(alice).unwrap_err(), &["its row was deleted"]);
    }

    /// [A8]
    #[case]
    async fn a_detached_entity_is_a_plain_struct(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session[alice].age = Some(99);
        let plain = session.detach(alice).unwrap();
        assert_eq!(plain, User { id: 1, name: "Alice".to_owned(), age: Some(99) });
        session.commit().await.unwrap();
        assert_eq!(
            session.rows(User::select()).await.unwrap()[0].age,
            None,
            "what was not flushed is not saved"
        );
        let again = session.get::<User>(1).await.unwrap().unwrap();
        assert_ne!(again, alice);
    }

    /// [A3]
    #[case]
    async fn a_handle_of_another_session_is_refused(db: Db) {
        db.create::<User>().await;
        let mut one = db.session();
        let mut two = db.session();
        let alice = one.add(User::new("Alice"));
        one.commit().await.unwrap();
        assert_says(two.try_get(alice).unwrap_err(), &["User", "belongs to another session"]);
        assert_eq!(two.delete(alice).unwrap_err().kind(), ErrorKind::Detached);
        assert!(!two.contains(alice));
        assert_eq!(two.refresh(alice).await.unwrap_err().kind(), ErrorKind::Detached);
    }

    /// [A3]
    #[case]
    async fn indexing_panics_with_a_message_that_says_what_to_do(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session.expire(alice).unwrap();
        let read = std::panic::AssertUnwindSafe(|| session[alice].id);
        let place = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let seen = place.clone();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if let Some(location) = panic.location().filter(|_| {
                panic.payload().downcast_ref::<String>().is_some_and(|text| text.contains("session[entity]"))
            }) {
                *seen.lock().unwrap() = location.file().to_owned();
            } else {
                before(panic);
            }
        }));
        let message = *std::panic::catch_unwind(read).unwrap_err().downcast::<String>().unwrap();
        assert!(
            place.lock().unwrap().ends_with("states.rs"),
            "the panic points at the program, not at the library"
        );
        assert_says(message, &["User", "with key 1", "expired", "session.refresh(entity)"]);
        assert_eq!(session.load(alice).await.unwrap().name, "Alice");
    }

    /// [R7] The last of several requests counts.
    #[case]
    async fn a_deletion_wins_over_a_change(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        db.trace.take();
        session[alice].age = Some(5);
        session.delete(alice).unwrap();
        session.delete(alice).unwrap();
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
    }

    /// [STA-3] [COM-3] A rollback puts values back and leaves references alone that were not changed: one to a row that was not
    /// inserted after all waits for a key again, and does not hold one that the database gives to another row.
    #[case]
    async fn a_rollback_leaves_references_alone(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let post = session.add(Post::new("Hello", alice));
        session.flush().await.unwrap();
        session[post].title = "Changed".to_owned();
        session.flush().await.unwrap();
        session.rollback().await.unwrap();
        assert_eq!(session[post].title, "Hello");
        assert_eq!(session[post].author.get(), None, "the row was not inserted after all");
    }

    /// [STA-6] Neither can what was rolled back, or what has left. A copy of what was deleted can be added, and is another entity.
    #[case]
    async fn what_has_left_cannot_be_deleted_expired_or_refreshed(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let gone = session.add(User::new("Gone"));
        session.rollback().await.unwrap();
        assert_says(session.delete(gone).unwrap_err(), &["not persistent", "rolled back"]);
        assert_eq!(session.expire(gone).unwrap_err().kind(), ErrorKind::NotPersistent);
        assert_eq!(session.refresh(gone).await.unwrap_err().kind(), ErrorKind::NotPersistent);
        session.detach(gone).unwrap();
        assert_eq!(session.delete(gone).unwrap_err().kind(), ErrorKind::Detached);
        assert_eq!(session.expire(gone).unwrap_err().kind(), ErrorKind::Detached);
        assert_eq!(session.refresh(gone).await.unwrap_err().kind(), ErrorKind::Detached);

        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        let key = session[alice].id;
        session.delete(alice).unwrap();
        session.flush().await.unwrap();
        let copy = session.add(User { id: key, ..User::new("Alice") });
        session.commit().await.unwrap();
        assert_ne!(copy, alice);
        assert_eq!(session.get::<User>(key).await.unwrap(), Some(copy));
        assert!(!session.contains(alice));
    }
}
