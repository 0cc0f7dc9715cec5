//! Structs from outside, put over the entities of their rows.

use orm::EntityState;
use orm_tests::prelude::*;
use orm_tests::{assert_says, assert_statements, both_forms};

use crate::models::{Account, Address, Page, Pair, User};

#[derive(Model, Debug)]
#[model(table = "drafts")]
pub(crate) struct Draft {
    #[model(key, auto)]
    id: i64,
    title: String,
    #[model(version)]
    version: i32,
}

#[derive(Model, Debug)]
#[model(table = "parcels")]
struct Parcel {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(auto, server_default = "'new'")]
    state: String,
}

#[both_forms]
mod merge {
    use super::*;

    /// [MRG-3] What the database fills in, and the struct was not given, is not taken away from the row.
    #[case]
    async fn what_the_database_fills_in_stays(db: Db) {
        db.create::<Parcel>().await;
        let mut session = db.session();
        session.add(Parcel { state: "sent".to_owned(), ..Parcel::new("book") });
        session.commit().await.unwrap();
        let parcel = session.merge(Parcel { id: 1, ..Parcel::new("two books") }).await.unwrap();
        session.flush().await.unwrap();
        assert_eq!((&*session[parcel].name, &*session[parcel].state), ("two books", "sent"));
        session.merge(Parcel { id: 1, state: "lost".to_owned(), ..Parcel::new("book") }).await.unwrap();
        session.flush().await.unwrap();
        assert_eq!((&*session[parcel].name, &*session[parcel].state), ("book", "lost"));
    }

    async fn people(db: &Db) -> Session {
        db.create::<(User, Address, Account, Pair, Page)>().await;
        let mut session = db.session();
        session.add_all([User { age: Some(30), ..User::new("Alice") }, User::new("Bob")]);
        session.commit().await.unwrap();
        let session = db.session();
        db.trace.take();
        session
    }

    const BY_KEY: &str = "SELECT id, name, age FROM users WHERE id = ?";

    /// [MRG-1] [STA-5] 1 SELECT, the values are put over, and the flush writes what differs; none if the identity is loaded.
    #[case]
    async fn what_differs_is_written(db: Db) {
        let mut session = people(&db).await;
        let alice = session.merge(User { id: 1, age: Some(31), ..User::new("Alice") }).await.unwrap();
        assert_statements(&db.trace.take_statements(), &[BY_KEY]);
        assert_eq!(session[alice].age, Some(31));
        assert_eq!(session.history(alice).unwrap().of(User::AGE), Some((Some(Some(30)), Some(Some(31)))));
        session.flush().await.unwrap();
        assert_statements(&db.trace.take_statements(), &["UPDATE users SET age = ? WHERE id = ?"]);
        let again = session.merge(User { id: 1, age: Some(31), ..User::new("Alice") }).await.unwrap();
        assert_eq!(again, alice);
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty(), "loaded, and nothing differs");
        session.merge(User { id: 1, age: Some(31), ..User::new("Alicia") }).await.unwrap();
        session.commit().await.unwrap();
        let update = "UPDATE users SET name = ? WHERE id = ?";
        assert_statements(&db.trace.take_statements(), &[BY_KEY, update]);
        assert_eq!(session[alice].name, "Alicia");
    }

    /// [MRG-1] [COM-3] A rollback takes what was put over back.
    #[case]
    async fn a_rollback_undoes_a_merge(db: Db) {
        let mut session = people(&db).await;
        let alice = session.merge(User { id: 1, age: None, ..User::new("Al") }).await.unwrap();
        session.flush().await.unwrap();
        session.merge(User { id: 1, age: Some(5), ..User::new("Al") }).await.unwrap();
        session.rollback().await.unwrap();
        assert_eq!((session[alice].name.as_str(), session[alice].age), ("Alice", Some(30)));
        assert!(!session.has_changes());
    }

    /// [MRG-2] A key that is not there: 1 SELECT, pending, 1 INSERT at the flush. No key at all: no SELECT.
    #[case]
    async fn what_is_not_there_is_added(db: Db) {
        let mut session = people(&db).await;
        let eve = session.merge(User { id: 7, ..User::new("Eve") }).await.unwrap();
        assert_statements(&db.trace.take_statements(), &[BY_KEY]);
        let frank = session.merge(User::new("Frank")).await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        assert_eq!(session.new::<User>(), [eve, frank]);
        session.flush().await.unwrap();
        assert_eq!((session[eve].id, session.state(frank)), (7, EntityState::Persistent));

        let account = session.merge(Account::new("a", 1)).await.unwrap();
        assert_eq!(session.state(account), EntityState::Pending);
        let twin = session.merge(Account::new("a", 2)).await.unwrap();
        assert_eq!((twin, session[account].balance), (account, 2), "the first one was flushed, and is found");
        let pair = session.merge(Pair { data: Some("x".into()), ..Pair::new(1, "b") }).await.unwrap();
        session.commit().await.unwrap();
        db.trace.take();
        let again = session.merge(Pair::new(1, "b")).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(again, pair);
        let select = "SELECT a, b, data FROM pairs WHERE a = ? AND b = ?";
        let update = "UPDATE pairs SET data = ? WHERE a = ? AND b = ?";
        assert_statements(&db.trace.take_statements(), &[select, update]);
    }

    /// [MRG-3] NULL is copied; what was never set, a deferred column that is not loaded, is not, nor is what the database computes.
    #[case]
    async fn what_was_never_set_is_kept(db: Db) {
        let mut session = people(&db).await;
        session.add(Page { note: Some("noted".to_owned()).into(), ..Page::new("A", "text") });
        session.commit().await.unwrap();
        let mut session = db.session();
        db.trace.take();
        let given = Page { id: 1, body: Deferred::not_loaded(), note: None.into(), ..Page::new("B", "") };
        let page = session.merge(given).await.unwrap();
        assert_eq!((session[page].body.get(), session[page].length), (None, Some(1)));
        session.flush().await.unwrap();
        let select = "SELECT id, title, length FROM pages WHERE id = ?";
        let update = "UPDATE pages SET title = ?, note = ? WHERE id = ? RETURNING id, length";
        assert_statements(&db.trace.take_statements(), &[select, update]);
        assert_eq!(session.load_deferred(page, Page::BODY).await.unwrap().body.get().unwrap(), "text");

        session[page].body = "set".into();
        let given = Page { id: 1, body: Deferred::not_loaded(), length: Some(99), ..Page::new("B", "") };
        session.merge(given).await.unwrap();
        assert_eq!(session[page].body.get().unwrap(), "set", "a change that waits is kept as well");
        assert_ne!(session[page].length, Some(99));
        session.commit().await.unwrap();
        let pages = session.rows(Page::select().undefer(Page::BODY).undefer(Page::NOTE)).await.unwrap();
        assert_eq!((pages[0].body.get().unwrap().as_str(), pages[0].note.get()), ("set", Some(&None)));
    }

    /// [MRG-1] [R7] A row that is marked for deletion is merged into: the last request counts. One that is deleted is added anew.
    #[case]
    async fn a_merge_takes_a_deletion_back(db: Db) {
        let mut session = people(&db).await;
        let alice = session.get_one::<User>(1).await.unwrap();
        session.delete(alice).unwrap();
        let merged = session.merge(User { id: 1, age: Some(1), ..User::new("Alice") }).await.unwrap();
        assert_eq!((merged, session.deleted::<User>()), (alice, vec![]));
        session.flush().await.unwrap();
        session.delete(alice).unwrap();
        session.flush().await.unwrap();
        let anew = session.merge(User { id: 1, ..User::new("Alice") }).await.unwrap();
        assert_ne!(anew, alice);
        session.commit().await.unwrap();
        assert_eq!(session.rows(User::select()).await.unwrap().len(), 2);
        assert_eq!(
            (session.state(alice), session.state(anew)),
            (EntityState::Detached, EntityState::Persistent)
        );
    }

    /// [MRG-1] [FLU-11] An expression that a column was set to before is given up for the value that is merged.
    #[case]
    async fn a_merge_counts_after_an_expression(db: Db) {
        let mut session = people(&db).await;
        session.add(Account::new("a", 1));
        session.commit().await.unwrap();
        let account = session.get_one::<Account>("a").await.unwrap();
        session.set(account, Account::BALANCE, Account::BALANCE + 1).unwrap();
        db.trace.take();
        assert_eq!(session.merge(Account::new("a", 1)).await.unwrap(), account);
        assert!(!session.has_changes());
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
    }

    /// [MRG-1] References are values: a key, or the entity of a row that is new.
    #[case]
    async fn references_are_merged(db: Db) {
        let mut session = people(&db).await;
        let home = session.add(Address { user: Some(BelongsTo::key(1)), ..Address::new("a") });
        session.commit().await.unwrap();
        let carol = session.add(User::new("Carol"));
        let given = Address { id: session[home].id, user: carol.into(), ..Address::new("a") };
        assert_eq!(session.merge(given).await.unwrap(), home);
        session.commit().await.unwrap();
        assert_eq!(session[home].user.as_ref().unwrap().get(), Some(&session[carol].id));
        let given = Address { id: session[home].id, ..Address::new("b") };
        session.merge(given).await.unwrap();
        session.commit().await.unwrap();
        let rows = session.rows(Address::select()).await.unwrap();
        assert_eq!((rows.len(), rows[0].email.as_str(), rows[0].user.is_none()), (1, "b", true));
    }

    /// [VER-5] A version that is the row's is accepted, one that was never set as the newest, any other is stale data that names both.
    #[case]
    async fn a_struct_of_another_version_is_refused(db: Db) {
        db.create::<Draft>().await;
        let mut session = db.session();
        let draft = session.add(Draft::new("first"));
        session.commit().await.unwrap();
        session[draft].title = "second".into();
        session.commit().await.unwrap();
        assert_eq!(session[draft].version, 2);

        let mut session = db.session();
        let old = Draft { id: 1, version: 1, ..Draft::new("mine") };
        let error = session.merge(old).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StaleData);
        assert_says(error, &["Draft", "version 1", "version 2"]);
        let draft = session.peek::<Draft>(1).unwrap();
        assert_eq!((session[draft].title.as_str(), session.has_changes()), ("second", false));

        session.merge(Draft { id: 1, version: 2, ..Draft::new("third") }).await.unwrap();
        session.commit().await.unwrap();
        session.merge(Draft { id: 1, ..Draft::new("fourth") }).await.unwrap();
        assert_eq!(session[draft].version, 3);
        session.commit().await.unwrap();
        let rows = session.rows(Draft::select()).await.unwrap();
        assert_eq!((rows[0].title.as_str(), rows[0].version), ("fourth", 4));
        session.merge(Draft { id: 1, ..Draft::new("fourth") }).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.rows(Draft::select()).await.unwrap()[0].version, 4, "nothing differs");
    }
}
