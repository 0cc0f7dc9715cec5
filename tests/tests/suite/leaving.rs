//! Leaving a session and coming back: expunge, detach, attach, close.

use std::sync::Arc;

use orm::{EntityState, SqlType, Value};
use orm_tests::prelude::*;
use orm_tests::{assert_says, assert_statements, both_forms};

use crate::models::{Account, Address, Page, Pair, User};

/// A number that is held in memory as long as an entity holds it.
#[derive(Clone, Debug)]
struct Held(Arc<i64>);

impl DbValue for Held {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::BigInt;

    fn encode(&self) -> orm::Result<Value<'_>> {
        Ok(Value::Int(*self.0))
    }

    fn decode(value: &Value<'_>) -> orm::Result<Self> {
        i64::decode(value).map(|number| Self(Arc::new(number)))
    }
}

#[derive(Model, Debug)]
#[model(table = "holders")]
struct Holder {
    #[model(key, auto)]
    id: i64,
    held: Held,
}

#[both_forms]
mod leaving {
    use super::*;

    async fn people(db: &Db) -> (Session, Vec<Entity<User>>) {
        db.create::<(User, Address, Account, Pair, Page)>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        session.commit().await.unwrap();
        db.trace.take();
        (session, users)
    }

    /// [MRG-6] [STA-3] [STA-4] Nothing is written for it, and a rollback does not bring it back.
    #[case]
    async fn what_is_expunged_is_not_written(db: Db) {
        let (mut session, users) = people(&db).await;
        session[users[0]].age = Some(1);
        let carol = session.add(User::new("Carol"));
        let dave = session.add(User::new("Dave"));
        session.delete(users[1]).unwrap();
        for entity in [users[0], users[1], carol] {
            session.expunge(entity).unwrap();
            assert_eq!(session.state(entity), EntityState::Detached);
            let error = session.try_get(entity).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Detached);
        }
        assert_eq!((session.new::<User>(), session.deleted::<User>()), (vec![dave], vec![]));
        session.flush().await.unwrap();
        let statements = db.trace.take_statements();
        assert!(statements.len() == 1 && statements[0].starts_with("INSERT"), "{statements:?}");
        session.rollback().await.unwrap();
        assert!([users[0], users[1], carol].iter().all(|&user| session.state(user) == EntityState::Detached));
        assert_eq!(session.all(User::select()).await.unwrap().len(), 2);
    }

    /// [MRG-6] What is not in the session cannot be expunged.
    #[case]
    async fn what_is_not_here_cannot_be_expunged(db: Db) {
        let (mut session, users) = people(&db).await;
        let mut other = db.session();
        assert_says(other.expunge(users[0]).unwrap_err(), &["User", "another session"]);
        session.expunge(users[0]).unwrap();
        assert_eq!(session.expunge(users[0]).unwrap_err().kind(), ErrorKind::Detached);
        session.delete(users[1]).unwrap();
        session.flush().await.unwrap();
        assert_says(session.expunge(users[1]).unwrap_err(), &["cannot be expunged", "deleted"]);
        let carol = session.add(User::new("Carol"));
        session.rollback().await.unwrap();
        assert_says(session.expunge(carol).unwrap_err(), &["rolled back"]);
        assert!(
            session.contains(users[1]),
            "a deletion that was refused to leave comes back with the rollback"
        );
    }

    /// [MRG-6] What was flushed before stays in the transaction; what is met again is undone with it.
    #[case]
    async fn an_expunged_change_that_was_flushed_is_rolled_back(db: Db) {
        let (mut session, users) = people(&db).await;
        session[users[0]].age = Some(1);
        session.flush().await.unwrap();
        session.expunge(users[0]).unwrap();
        let again = session.get::<User>(1).await.unwrap().unwrap();
        assert_ne!(again, users[0]);
        assert_eq!(session[again].age, Some(1));
        session.rollback().await.unwrap();
        assert_eq!(session.load(again).await.unwrap().age, None);
        assert_eq!(session.state(users[0]), EntityState::Detached);
    }

    /// [STA-4] [IDM-3] All at once: nothing is left to be written, and handles say so.
    #[case]
    async fn all_can_leave_at_once(db: Db) {
        let (mut session, users) = people(&db).await;
        session[users[0]].age = Some(1);
        session.flush().await.unwrap();
        session[users[0]].age = Some(2);
        session.delete(users[1]).unwrap();
        let carol = session.add(User::new("Carol"));
        let account = session.add(Account::new("a", 1));
        db.trace.take();
        session.expunge_all();
        assert!(!session.has_changes() && session.state(account) == EntityState::Detached);
        assert!([users[0], users[1], carol].iter().all(|&user| session.state(user) == EntityState::Detached));
        session.flush().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        let again = session.all(User::select().order_by(User::ID.asc())).await.unwrap();
        assert_eq!((again.len(), session[again[0]].age), (2, Some(1)));
        session.rollback().await.unwrap();
        assert_eq!(
            session.load(again[0]).await.unwrap().age,
            None,
            "it was read in the transaction that wrote it"
        );
        session.load(again[1]).await.unwrap();
        session[again[1]].age = Some(9);
        session.commit().await.unwrap();
        assert_eq!(session.rows(User::select().filter(User::AGE.eq(9))).await.unwrap().len(), 1);
    }

    /// [STA-4] [A8] Their structs are readable, whatever was changed in them; others stay.
    #[case]
    async fn all_of_a_model_can_be_taken_out(db: Db) {
        let (mut session, users) = people(&db).await;
        let account = session.add(Account::new("a", 1));
        let gone = session.add(User::new("Gone"));
        session.rollback().await.unwrap();
        session[users[0]].age = Some(5);
        session.expire(users[1]).unwrap();
        let carol = session.add(User::new("Carol"));
        let structs = session.detach_all::<User>();
        let names: Vec<_> = structs.iter().map(|user| (user.id, user.name.as_str(), user.age)).collect();
        assert_eq!(names, [(1, "Alice", Some(5)), (0, "Gone", None), (0, "Carol", None)]);
        assert!(
            [users[0], users[1], gone, carol]
                .iter()
                .all(|&user| session.state(user) == EntityState::Detached)
        );
        assert_eq!(session.state(account), EntityState::Transient, "of another model");
        assert!(session.detach_all::<Pair>().is_empty());
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        session.add_all(structs.into_iter().filter(|user| user.id == 0));
        session.commit().await.unwrap();
        assert_eq!(session.count(User::select()).await.unwrap(), 4);
    }

    /// [STA-5] [MRG-5] [A8] Attached, it is persistent, loaded and clean without a statement; a change made then writes its column.
    #[case]
    async fn what_is_attached_is_clean(db: Db) {
        let (mut session, users) = people(&db).await;
        let plain = session.detach(users[0]).unwrap();
        let mut session = db.session();
        let alice = session.attach(plain).unwrap();
        assert_eq!(session.state(alice), EntityState::Persistent);
        assert!(!session.is_modified(alice) && !session.is_stale(alice) && !session.is_expired(alice));
        assert_eq!(session.get::<User>(1).await.unwrap(), Some(alice));
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        session[alice].age = Some(3);
        session.commit().await.unwrap();
        assert_statements(&db.trace.take_statements(), &["UPDATE users SET age = ? WHERE id = ?"]);
        assert_eq!(session.load(alice).await.unwrap().name, "Alice");
    }

    /// [IDM-2] An identity that is present is a conflict that names model and key, and goes once that one is expunged.
    #[case]
    async fn a_second_entity_of_an_identity_is_refused(db: Db) {
        let (mut session, users) = people(&db).await;
        session[users[0]].age = Some(7);
        let error = session.attach(User { id: 1, ..User::new("Alice") }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IdentityConflict);
        assert_says(error, &["User", "with key 1", "in this session already"]);
        assert_eq!(session[users[0]].age, Some(7), "the session is as it was");
        session.expunge(users[0]).unwrap();
        let alice = session.attach(User { id: 1, ..User::new("Alice") }).unwrap();
        assert_eq!(session.peek::<User>(1), Some(alice));

        let pair = session.attach(Pair { data: None, ..Pair::new(1, "x") }).unwrap();
        let error = session.attach(Pair::new(1, "x")).unwrap_err();
        assert_says(error, &["Pair", "with key 1, \"x\""]);
        assert!(session.attach(Pair::new(1, "y")).is_ok() && session.contains(pair));
        // A handle is of its session, and a struct that is in one was moved there: to be in two cannot be written.
        assert_eq!(db.session().expunge(pair).unwrap_err().kind(), ErrorKind::Detached);
    }

    /// [MRG-5] Without a key it is refused, and so is one that refers to a row without one.
    #[case]
    async fn what_has_no_key_cannot_be_attached(db: Db) {
        let (mut session, _) = people(&db).await;
        let error = session.attach(User::new("New")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotPersistent);
        assert_says(error, &["User", "never set", "add it"]);
        let new = session.add(User::new("New"));
        let error = session.attach(Address { id: 5, user: new.into(), ..Address::new("x") }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_says(error, &["Address", "user_id", "BelongsTo::key"]);
        let user = Some(BelongsTo::key(1));
        assert!(session.attach(Address { id: 5, user, ..Address::new("x") }).is_ok());
        assert!(db.trace.take().is_empty());
    }

    /// [STA-8] [A5] A stand-in: persistent with no statement, its deferred columns not loaded, and each load is 1 SELECT.
    #[case]
    async fn a_stand_in_loads_what_it_lacks(db: Db) {
        let (mut session, _) = people(&db).await;
        session.add(Page::new("A", "text"));
        session.commit().await.unwrap();
        let mut session = db.session();
        db.trace.take();
        let doc = session.attach(Page { id: 1, body: Deferred::not_loaded(), ..Page::new("A", "") }).unwrap();
        assert_eq!(session.state(doc), EntityState::Persistent);
        assert!(db.trace.take().is_empty());
        assert_eq!(session.load_deferred(doc, Page::BODY).await.unwrap().body.get().unwrap(), "text");
        assert_statements(&db.trace.take_statements(), &["SELECT body FROM pages WHERE id = ?"]);
        session[doc].title = "B".into();
        session.commit().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE pages SET title = ? WHERE id = ? RETURNING id, length"],
        );
    }

    /// [COM-3] What was attached with values of this transaction has to be read again after a rollback.
    #[case]
    async fn an_attached_change_is_rolled_back(db: Db) {
        let (mut session, users) = people(&db).await;
        session[users[0]].age = Some(1);
        session.flush().await.unwrap();
        let plain = session.detach(users[0]).unwrap();
        let alice = session.attach(plain).unwrap();
        assert_eq!(session[alice].age, Some(1));
        session.rollback().await.unwrap();
        assert!(session.is_expired(alice));
        assert_eq!(session.load(alice).await.unwrap().age, None);
    }

    /// [STA-4] [COM-9] Closing rolls back and gives the connection back.
    #[case]
    async fn closing_rolls_back(db: Db) {
        let (mut session, users) = people(&db).await;
        session[users[0]].age = Some(1);
        session.flush().await.unwrap();
        assert_eq!(db.engine.pool().borrowed, 1);
        db.trace.take();
        session.close().await;
        assert_eq!(db.trace.take(), ["ROLLBACK"]);
        assert_eq!(db.engine.pool().borrowed, 0);
        db.session().close().await;
        assert!(db.trace.take().is_empty());
        let mut session = db.session();
        assert!(session.rows(User::select().filter(User::AGE.eq(1))).await.unwrap().is_empty());
    }

    /// [IDM-3] What leaves is freed: expunged, all at once, or with its session.
    #[case]
    async fn what_leaves_is_freed(db: Db) {
        db.create::<Holder>().await;
        let mut session = db.session();
        let held = [1, 2, 3].map(Arc::new);
        let counts = || [0, 1, 2].map(|index: usize| Arc::strong_count(&held[index]));
        let holders = session.add_all([0, 1, 2].map(|index: usize| Holder::new(Held(held[index].clone()))));
        session.commit().await.unwrap();
        assert_eq!(counts(), [2, 2, 2]);
        session.expunge(holders[0]).unwrap();
        assert_eq!(counts(), [1, 2, 2]);
        session.expunge_all();
        assert_eq!(counts(), [1, 1, 1]);
        session.attach(Holder { id: 1, held: Held(held[0].clone()) }).unwrap();
        session.add(Holder::new(Held(held[1].clone())));
        session.flush().await.unwrap();
        assert_eq!(counts(), [2, 2, 1]);
        session.close().await;
        assert_eq!(counts(), [1, 1, 1]);
    }
}
