//! Commit, rollback, and what is left of a session after a failure.

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Post, User};

#[both_forms]
mod commit {
    use super::*;

    /// [COM-1]
    #[case]
    async fn a_commit_is_visible_and_ends_the_transaction(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        session.add(User::new("Alice"));
        session.commit().await.unwrap();
        assert_eq!(db.trace.take().len(), 3);
        assert_eq!(db.other().session().rows(User::select()).await.unwrap().len(), 1);
        session.commit().await.unwrap();
        assert!(db.trace.take().is_empty());
        session.all(User::select()).await.unwrap();
        assert_eq!(db.trace.take()[0], "BEGIN");
    }

    /// [A2] Last known values are served after a commit, and replaced by what a query of a new transaction finds.
    #[case]
    async fn a_commit_makes_entities_stale(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob"), User::new("Carol")]);
        session.commit().await.unwrap();
        db.script("UPDATE users SET age = 77").await;
        db.trace.take();
        assert_eq!(session[users[0]].age, None, "reading is memory access");
        assert!(db.trace.take().is_empty());

        session[users[1]].name = "Bobby".to_owned();
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(users[0]));
        assert_eq!(session[users[0]].age, Some(77));
        assert_eq!(session.load(users[2]).await.unwrap().age, Some(77), "so does `load`, once");
        db.trace.take();
        session.load(users[2]).await.unwrap();
        assert!(db.trace.take().is_empty());
        session.all(User::select()).await.unwrap();
        assert_eq!(session[users[2]].age, Some(77));
        session.commit().await.unwrap();
        let bob = &session.rows(User::select().filter(User::NAME.eq("Bobby"))).await.unwrap()[0];
        assert_eq!(bob.age, Some(77), "a column that was not changed is not written");
    }

    /// [COM-3]
    #[case]
    async fn a_rollback_restores_values_keys_and_states(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob"), User::new("Carol")]);
        session.commit().await.unwrap();

        session[users[0]].age = Some(1);
        session.flush().await.unwrap();
        session[users[0]].age = Some(2);
        session.flush().await.unwrap();
        session[users[0]].name = "unflushed".to_owned();
        session.delete(users[1]).unwrap();
        session.flush().await.unwrap();
        session.delete(users[2]).unwrap();
        let dave = session.add(User::new("Dave"));
        session.flush().await.unwrap();
        session.rollback().await.unwrap();

        assert_eq!(session[users[0]], User { id: 1, name: "Alice".to_owned(), age: None });
        assert!(users.iter().all(|&user| session.contains(user)));
        assert!(!session.contains(dave));
        assert_eq!(session.all(User::select().order_by(User::ID.asc())).await.unwrap(), users);
        db.trace.take();
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
    }

    /// [COM-3] Changes made before the transaction began are undone as well.
    #[case]
    async fn a_rollback_without_a_transaction_undoes_changes(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session[alice].age = Some(5);
        db.trace.take();
        session.rollback().await.unwrap();
        assert_eq!(session[alice].age, None);
        assert!(db.trace.take().is_empty());
    }

    /// [COM-4] [ERR-1] [ERR-2]
    #[case]
    async fn a_failed_flush_rolls_back_and_asks_for_a_rollback(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();

        session[alice].age = Some(50);
        session.add(User::new("Bob"));
        session.flush().await.unwrap();
        session.add(User::new("Alice"));
        let error = session.commit().await.unwrap_err();
        assert!(error.is_unique_violation() && error.is_constraint_violation());
        assert_eq!(error.model(), Some("User"));
        assert!(error.constraint().is_some_and(|name| name.contains("name")), "{error:?}");
        assert!(error.sql().is_some_and(|sql| sql.starts_with("INSERT INTO")));
        assert!(error.sqlstate().is_some());
        assert!(!format!("{error} {error:?}").contains("Alice"), "a bound value is not shown: {error:?}");

        for _ in 0..2 {
            let error = session.all(User::select()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PendingRollback);
            assert_says(error, &["roll back", "unique"]);
            assert_eq!(session.get::<User>(1).await.unwrap_err().kind(), ErrorKind::PendingRollback);
            assert_eq!(session.commit().await.unwrap_err().kind(), ErrorKind::PendingRollback);
        }
        session.rollback().await.unwrap();
        assert_eq!(session[alice].age, None);
        assert_eq!(session.all(User::select()).await.unwrap(), [alice], "nothing is stored");
        session[alice].age = Some(51);
        session.commit().await.unwrap();
    }

    /// A statement that fails inside a transaction must not end as a commit that stored nothing.
    #[case]
    async fn a_failed_query_does_not_become_a_silent_commit(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        session.add(User::new("Alice"));
        session.flush().await.unwrap();
        let error = session.all(Post::select()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingTable);
        let stored = match session.commit().await {
            Ok(()) => 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::PendingRollback);
                session.rollback().await.unwrap();
                0
            }
        };
        assert_eq!(db.other().session().rows(User::select()).await.unwrap().len(), stored);
    }

    /// [COM-9] [ASY-8]
    #[case]
    async fn a_dropped_session_rolls_back(db: Db) {
        db.create::<User>().await;
        {
            let mut session = db.session();
            session.add(User::new("Alice"));
            session.flush().await.unwrap();
        }
        let mut session = db.session();
        assert!(session.all(User::select()).await.unwrap().is_empty());
        session.add(User::new("Alice"));
        session.commit().await.unwrap();
    }

    /// A flush that fails half-way leaves nothing behind.
    #[case]
    async fn nothing_is_half_written(db: Db) {
        db.create::<Post>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let post = session.add(Post::new("Hello", alice));
        session.add(Post { author: BelongsTo::key(12345), ..Post::new("lost", alice) });
        let error = session.commit().await.unwrap_err();
        assert!(error.is_foreign_key_violation(), "{error:?}");
        session.rollback().await.unwrap();
        assert!(session.rows(User::select()).await.unwrap().is_empty());
        assert_eq!((session[alice].id, session[post].id), (0, 0));
    }
}
