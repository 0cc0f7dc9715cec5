//! Expired and refreshed entities.

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::User;

#[both_forms]
mod expire {
    use super::*;

    /// [EXP-1] [ASY-3]
    #[case]
    async fn expire_drops_the_values_and_the_next_load_reads_them(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30)").await;
        let mut session = db.session();
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        session[alice].age = Some(99);
        db.trace.take();
        session.expire(alice).unwrap();
        let error = session.try_get(alice).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Expired);
        assert_says(error, &["User", "with key 1", "expired"]);
        assert!(db.trace.take().is_empty());

        assert_eq!(session.load(alice).await.unwrap().age, Some(30));
        assert_eq!(session.load(alice).await.unwrap().age, Some(30));
        assert_eq!(db.trace.take_statements().len(), 1);
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
    }

    /// [EXP-3]
    #[case]
    async fn expire_all_leaves_new_entities_alone(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30), ('Bob', 25)").await;
        let mut session = db.session();
        let users = session.all(User::select()).await.unwrap();
        session[users[0]].age = Some(99);
        let carol = session.add(User::new("Carol"));
        db.trace.take();
        session.expire_all();
        assert!(users.iter().all(|&user| session.try_get(user).is_err()));
        assert_eq!(session[carol].name, "Carol");
        assert!(db.trace.take().is_empty());

        assert_eq!(session.all(User::select()).await.unwrap().len(), 3);
        let ages: Vec<_> = users.iter().map(|&user| session[user].age).collect();
        assert_eq!(ages, [Some(30), Some(25)]);
    }

    /// [EXP-4]
    #[case]
    async fn a_refresh_gives_what_was_flushed(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session[alice].age = Some(40);
        session.flush().await.unwrap();
        session[alice].age = Some(50);
        session.refresh(alice).await.unwrap();
        assert_eq!(session[alice].age, Some(40));
        session.rollback().await.unwrap();
        assert_eq!(session.load(alice).await.unwrap().age, None);
    }

    /// [EXP-6]
    #[case]
    async fn a_refresh_drops_its_own_changes_and_flushes_those_of_others(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        session.commit().await.unwrap();
        session[users[0]].age = Some(1);
        session[users[1]].age = Some(2);
        session.refresh(users[0]).await.unwrap();
        assert_eq!((session[users[0]].age, session[users[1]].age), (None, Some(2)));
        db.trace.take();
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        let ages: Vec<_> = session
            .rows(User::select().order_by(User::ID.asc()))
            .await
            .unwrap()
            .iter()
            .map(|user| user.age)
            .collect();
        assert_eq!(ages, [None, Some(2)]);
    }

    /// [EXP-7]
    #[case]
    async fn a_row_that_is_gone_is_told_apart_and_the_entity_stays(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        db.script("DELETE FROM users").await;
        session.expire(alice).unwrap();
        let error = session.load(alice).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RowGone);
        assert_says(error, &["User", "with key 1"]);
        assert!(session.contains(alice));
    }

    /// [QRY-12]
    #[case]
    async fn a_query_does_not_overwrite_what_is_loaded(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        session.flush().await.unwrap();
        session[users[0]].age = Some(7);
        session.all(User::select()).await.unwrap();
        assert_eq!(session[users[0]].age, Some(7));
        session.commit().await.unwrap();
        assert_eq!(session.rows(User::select().filter(User::AGE.eq(7))).await.unwrap().len(), 1);
    }
}
