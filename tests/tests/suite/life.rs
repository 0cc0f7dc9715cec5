//! The life cycle as a program sees it: states, lists, what was changed.

use orm::{Change, EntityState, History, Value};
use orm_tests::prelude::*;
use orm_tests::{assert_says, assert_statements, both_forms};

use crate::models::{Account, Address, Page, Post, User};

#[both_forms]
mod life {
    use super::*;

    /// [STA-1] [STA-2] [STA-3] [STA-4] Every state, asked of any handle, never an error and never a statement.
    #[case]
    async fn each_state_has_its_name(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        assert_eq!(session.state(alice), EntityState::Pending);
        session.flush().await.unwrap();
        assert_eq!(session.state(alice), EntityState::Persistent);
        session.rollback().await.unwrap();
        assert_eq!(session.state(alice), EntityState::Transient);
        let again = session.detach(alice).unwrap();
        assert_eq!(session.state(alice), EntityState::Detached);

        let alice = session.add(again);
        session.commit().await.unwrap();
        session.delete(alice).unwrap();
        assert_eq!(session.state(alice), EntityState::Persistent, "marked only");
        session.flush().await.unwrap();
        assert_eq!(session.state(alice), EntityState::Deleted);
        session.rollback().await.unwrap();
        assert_eq!(session.state(alice), EntityState::Persistent);
        session.delete(alice).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.state(alice), EntityState::Detached);
        let other = db.session();
        assert_eq!(other.state(alice), EntityState::Detached, "of another session");
    }

    /// [STA-1] [STA-2] Listed in `new` until it is flushed, in `deleted` until that is, in the order of the requests and by model.
    #[case]
    async fn lists_name_what_a_flush_is_about(db: Db) {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        assert!(
            !session.has_changes() && session.new::<User>().is_empty() && session.dirty::<User>().is_empty()
        );
        let users = session.add_all([User::new("Alice"), User::new("Bob"), User::new("Carol")]);
        let post = session.add(Post::new("Hello", users[1]));
        assert_eq!(session.new::<User>(), users);
        assert_eq!(session.new::<Post>(), [post]);
        assert!(
            session.has_changes()
                && session.dirty::<User>().is_empty()
                && session.deleted::<User>().is_empty()
        );
        session.commit().await.unwrap();
        assert!(session.new::<User>().is_empty() && !session.has_changes());

        session.delete(users[2]).unwrap();
        session[users[2]].age = Some(1);
        session[users[0]].age = Some(1);
        session[users[1]].age = None;
        db.trace.take();
        assert_eq!(session.deleted::<User>(), [users[2]]);
        assert_eq!(
            session.dirty::<User>(),
            [users[0]],
            "not what was only touched, nor what is to be deleted"
        );
        assert!(session.has_changes() && session.dirty::<Post>().is_empty());
        assert!(db.trace.take().is_empty());
        session.flush().await.unwrap();
        assert!(
            session.deleted::<User>().is_empty()
                && session.dirty::<User>().is_empty()
                && !session.has_changes()
        );
        session.rollback().await.unwrap();
        assert!(session.deleted::<User>().is_empty() && !session.has_changes());
    }

    /// [STA-7] Set to its own value it is not modified, to another it is, after the flush it is not; and no statement.
    #[case]
    async fn a_column_set_to_its_own_value_is_no_change(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User { age: Some(30), ..User::new("Alice") });
        assert!(session.is_modified(alice), "a new one is all change");
        session.commit().await.unwrap();
        db.trace.take();
        assert!(!session.is_modified(alice));
        session[alice].age = Some(30);
        session[alice].name = "Alice".into();
        assert!(!session.is_modified(alice) && !session.has_changes());
        session[alice].age = Some(31);
        assert!(session.is_modified(alice) && session.has_changes());
        session[alice].age = Some(30);
        assert!(!session.is_modified(alice), "set back");
        session[alice].age = None;
        assert!(db.trace.take().is_empty());
        session.flush().await.unwrap();
        assert!(!session.is_modified(alice));
        session.delete(alice).unwrap();
        assert!(!session.is_modified(alice) && session.has_changes(), "deleted, not changed");
        session.commit().await.unwrap();
        assert!(!session.is_modified(alice));
    }

    /// [STA-7] References: to a row that is new it is a change, to the one that it refers to already it is none.
    #[case]
    async fn a_reference_that_waits_is_compared_by_its_key(db: Db) {
        db.create::<(User, Address)>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let home = session.add(Address { user: alice.into(), ..Address::new("a@example.org") });
        session.commit().await.unwrap();
        session[home].user = alice.into();
        assert!(!session.is_modified(home), "the same row");
        session[home].user = None;
        assert!(session.is_modified(home));
        session.commit().await.unwrap();
        let bob = session.add(User::new("Bob"));
        session[home].user = bob.into();
        assert!(session.is_modified(home), "from none to one that has no key yet");
        let history = session.history(home).unwrap();
        assert_eq!(history.of(Address::USER_ID), Some((Some(None), None)));
        assert_says(&history, &["user_id NULL -> (not known yet)"]);
        session.flush().await.unwrap();
        assert!(!session.is_modified(home));
        session[home].user = alice.into();
        let history = session.history(home).unwrap();
        assert_eq!(history.of(Address::USER_ID), Some((Some(Some(2)), Some(Some(1)))));
    }

    fn shown(history: &History<User>) -> Vec<(&'static str, Option<Value<'static>>, Option<Value<'static>>)> {
        history
            .into_iter()
            .map(|Change { column, old, new, .. }| (*column, old.clone(), new.clone()))
            .collect()
    }

    /// [STA-7] The old and the new value of each column that differs, typed and not; it outlives the flush.
    #[case]
    async fn history_has_the_old_and_the_new_value(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User { age: Some(30), ..User::new("Alice") });
        let history = session.history(alice).unwrap();
        assert_eq!(history.of(User::NAME), Some((None, Some("Alice".to_owned()))));
        assert_eq!(history.of(User::ID), None, "the database numbers it");
        assert_eq!(history.to_string(), "new User: name 'Alice', age 30");
        session.commit().await.unwrap();
        assert!(session.history(alice).unwrap().is_empty());
        assert_eq!(session.history(alice).unwrap().to_string(), "User with key 1: unchanged");

        session[alice].age = Some(31);
        session[alice].name = "Alice".to_owned();
        let history = session.history(alice).unwrap();
        assert_eq!(history.of(User::AGE), Some((Some(Some(30)), Some(Some(31)))));
        assert_eq!((history.of(User::NAME), history.changes().len()), (None, 1));
        assert_eq!(shown(&history), [("age", Some(Value::Int(30)), Some(Value::Int(31)))]);
        session[alice].age = None;
        session[alice].name = "Al".to_owned();
        let history = session.history(alice).unwrap();
        assert_eq!(history.of(User::AGE), Some((Some(Some(30)), Some(None))));
        assert_eq!(history.to_string(), "User with key 1: name 'Alice' -> 'Al', age 30 -> NULL");
        assert_eq!(format!("{history:?}"), format!("History({history})"));
        session.flush().await.unwrap();
        assert!(session.history(alice).unwrap().is_empty() && !history.is_empty());
        session.rollback().await.unwrap();
        session.delete(alice).unwrap();
        session.flush().await.unwrap();
        assert_eq!(session.history(alice).unwrap_err().kind(), ErrorKind::Detached);
    }

    /// An engine that hides parameters hides them here as well.
    #[case]
    async fn history_hides_what_the_engine_hides(db: Db) {
        db.create::<User>().await;
        let engine = Engine::builder(&db.database.url).unwrap().hide_parameters(true).open();
        let mut session = engine.session();
        let alice = session.add(User { age: Some(30), ..User::new("Alice") });
        session.commit().await.unwrap();
        session[alice].name = "Secret".to_owned();
        let history = session.history(alice).unwrap();
        assert_eq!(history.to_string(), "User with a hidden key: name");
        assert_eq!(
            format!("{:?} {:?}", history, history.changes()),
            format!("History({history}) [Change(name)]")
        );
        assert_eq!(history.of(User::NAME), Some((Some("Alice".to_owned()), Some("Secret".to_owned()))));
    }

    /// [STA-7] A deferred column that was set without being loaded has no old value; one that is not loaded is no change.
    #[case]
    async fn a_deferred_column_that_was_set_is_a_change(db: Db) {
        db.create::<Page>().await;
        let mut session = db.session();
        session.add(Page::new("A", "text"));
        session.commit().await.unwrap();
        let mut session = db.session();
        let doc = session.get::<Page>(1).await.unwrap().unwrap();
        session[doc].title = "A".into();
        assert!(!session.is_modified(doc));
        session[doc].body = "new".into();
        let history = session.history(doc).unwrap();
        assert_eq!(history.of(Page::BODY), Some((None, Some("new".to_owned()))));
        assert_eq!(history.changes().len(), 1);
    }

    /// [QRY-10] What the session knows under a key, without a statement: loaded, stale or expired, and not what has no row.
    #[case]
    async fn peek_asks_nobody(db: Db) {
        db.create::<(User, Account)>().await;
        let mut session = db.session();
        assert_eq!(session.peek::<User>(1), None);
        let account = session.add(Account::new("a", 1));
        let alice = session.add(User::new("Alice"));
        assert_eq!(session.peek::<Account>("a"), None, "it has no row yet");
        session.commit().await.unwrap();
        db.trace.take();
        assert_eq!((session.peek::<Account>("a"), session.peek::<User>(1)), (Some(account), Some(alice)));
        assert_eq!(session.peek::<User>(2), None);
        assert!(session.is_stale(alice) && !session.is_expired(alice), "a commit makes it stale");
        session.expire(alice).unwrap();
        assert!(!session.is_stale(alice) && session.is_expired(alice));
        assert_eq!(session.peek::<User>(1), Some(alice));
        assert!(db.trace.take().is_empty());
        session.load(alice).await.unwrap();
        assert!(!session.is_stale(alice) && !session.is_expired(alice));
        session.delete(alice).unwrap();
        assert_eq!(session.peek::<User>(1), Some(alice));
        session.flush().await.unwrap();
        assert_eq!(session.peek::<User>(1), None);
    }

    /// [COM-2] What was changed and not flushed is neither stale nor read over.
    #[case]
    async fn a_changed_entity_is_not_stale(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        assert!(!session.is_stale(alice) && !session.is_expired(alice));
        session.commit().await.unwrap();
        assert!(session.is_stale(alice));
        session[alice].age = Some(1);
        assert!(!session.is_stale(alice));
        assert!(!db.session().is_stale(alice));
    }

    /// [R7] The last request counts: a deletion that is taken back is not flushed, and changes made meanwhile are.
    #[case]
    async fn a_deletion_can_be_taken_back(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        session.commit().await.unwrap();
        for &user in &users {
            session.delete(user).unwrap();
        }
        session[users[0]].age = Some(7);
        session.undelete(users[0]).unwrap();
        session.undelete(users[0]).unwrap();
        assert_eq!(session.deleted::<User>(), [users[1]]);
        db.trace.take();
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE users SET age = ? WHERE id = ?", "DELETE FROM users WHERE id = ?"],
        );
        let error = session.undelete(users[1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotPersistent);
        assert_says(error, &["User", "flushed", "rollback"]);
        session.delete(users[0]).unwrap();
        session.undelete(users[0]).unwrap();
        session.delete(users[0]).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.state(users[0]), EntityState::Detached);
        let new = session.add(User::new("Carol"));
        assert_says(session.undelete(new).unwrap_err(), &["not flushed yet"]);
        assert_eq!(session.undelete(users[0]).unwrap_err().kind(), ErrorKind::Detached);
    }
}
