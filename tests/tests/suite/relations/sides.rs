//! Both sides of a relation say the same.

use std::time::Duration;

use orm::create;
use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, async_form, both_forms, drop_after};

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    addresses: HasMany<Address>,
}

#[derive(Model, Debug)]
#[model(table = "addresses")]
struct Address {
    #[model(key, auto)]
    id: i64,
    user: Option<BelongsTo<User>>,
    email: String,
}

fn address(email: &str) -> Address {
    Address { user: None, ..Address::new(email) }
}

#[both_forms]
mod forms {
    use super::*;

    /// [CAS-7] [FLU-4] What stands in the collection of a new struct is saved with it, whether it is a struct or an entity.
    #[case]
    async fn a_graph_is_saved_with_its_root(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let mut ann = User::new("Ann");
        ann.addresses = [address("a@x"), address("b@x")].into();
        let ann = session.add(ann);
        let third = session.add(address("c@x"));
        session[ann].addresses.push(third);
        session[ann].addresses.push(address("d@x"));
        assert_eq!(session[ann].addresses.len(), 4);
        session.flush().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);
        let emails: Vec<_> = session[ann].addresses.iter().map(|a| session[a].email.clone()).collect();
        assert_eq!(emails, ["a@x", "b@x", "c@x", "d@x"]);
        assert!(session[ann].addresses.iter().all(|a| session[a].user.as_ref().unwrap().entity() == ann));
        session.commit().await.unwrap();
        let rows = session.rows(Address::select().filter(Address::USER.eq(ann))).await.unwrap();
        assert_eq!(rows.len(), 4);
    }

    /// A flush that is refused before anything is sent leaves both sides as they were, so that what is said next counts.
    #[case]
    async fn a_flush_that_is_refused_leaves_both_sides_alone(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let [ann, bob] = ["Ann", "Bob"].map(|name| session.add(User::new(name)));
        let post = session.add(Address { user: ann.into(), ..address("a@x") });
        session.commit().await.unwrap();
        session.load_with_all(&[ann, bob], User::ADDRESSES).await.unwrap();
        let lost = session.add(User::new("Lost"));
        let wrong = session.add(Address { user: lost.into(), ..address("b@x") });
        session.detach(lost).unwrap();
        db.trace.take();

        // Moved by its reference, to a new one.
        let cid = session.add(User::new("Cid"));
        session[post].user = cid.into();
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::Detached);
        assert_eq!((session[ann].addresses.to_vec(), session[cid].addresses.len()), (vec![post], 0));
        // Moved by a collection.
        session[post].user = ann.into();
        session[bob].addresses.push(post);
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::Detached);
        assert_eq!(session[post].user.as_ref().unwrap().try_entity().unwrap(), ann);
        assert_eq!(session[ann].addresses.to_vec(), [post]);
        assert!(db.trace.take_statements().is_empty());

        session[bob].addresses.remove(post);
        session[wrong].user = None;
        session.commit().await.unwrap();
        assert_eq!(session.rows(Address::select().filter(Address::USER.eq(ann))).await.unwrap().len(), 1);
        assert_eq!(session[ann].addresses.to_vec(), [post]);
        assert!(session[bob].addresses.is_empty() && session[cid].addresses.is_empty());
    }

    /// The same of one that gets no connection, whether it has to read what a deletion does to other rows or not.
    #[case]
    async fn a_flush_without_a_connection_leaves_both_sides_alone(db: Db) {
        db.create::<User>().await;
        let engine = Engine::builder(&db.database.url).unwrap().pool_size(1).max_overflow(0);
        let engine = engine.pool_timeout(Duration::from_millis(20)).open();
        for deletes in [true, false] {
            let mut session = engine.session();
            let [ann, bob] = ["Ann", "Bob"].map(|name| session.add(User::new(name)));
            let post = session.add(Address { user: ann.into(), ..address("a@x") });
            session.commit().await.unwrap();
            let mut other = engine.session();
            other.count(User::select()).await.unwrap();
            if deletes {
                session.delete(ann).unwrap();
            }
            session[bob].name = "Bobby".to_owned();
            session[post].user = bob.into();
            assert_eq!(session.commit().await.unwrap_err().kind(), ErrorKind::PoolTimeout);
            session[post].user = None;
            drop(other);
            session.commit().await.unwrap();
            assert_eq!(session.count(Address::select().filter(Address::USER.eq(bob))).await.unwrap(), 0);
            session.commit().await.unwrap();
        }
    }

    /// [REL-1] [REL-9] [ASY-3] One side shows what was done on the other after the next call, and at once with `link`.
    #[case]
    async fn one_side_shows_what_was_done_on_the_other(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let [ann, bob] = ["Ann", "Bob"].map(|name| session.add(User::new(name)));
        let post = session.add(address("a@x"));
        session.link(ann, User::ADDRESSES, post).unwrap();
        assert_eq!(session[post].user.as_ref().unwrap().entity(), ann);
        assert_eq!(session[ann].addresses.to_vec(), [post]);
        session.commit().await.unwrap();

        // Moved from the child's side.
        session[post].user = bob.into();
        session.flush().await.unwrap();
        assert_eq!((session[ann].addresses.len(), session[bob].addresses.to_vec()), (0, vec![post]));
        // A rollback brings both sides back.
        session.rollback().await.unwrap();
        assert_eq!((session[ann].addresses.to_vec(), session[bob].addresses.len()), (vec![post], 0));
        assert_eq!(session[post].user.as_ref().unwrap().get(), Some(&session[ann].id));

        // Moved by collections, and at once.
        session[bob].addresses.push(post);
        session.flush().await.unwrap();
        assert_eq!((session[ann].addresses.len(), session[post].user.as_ref().unwrap().entity()), (0, bob));
        session.link(ann, User::ADDRESSES, post).unwrap();
        assert_eq!((session[ann].addresses.to_vec(), session[bob].addresses.len()), (vec![post], 0));
        assert!(session.unlink(ann, User::ADDRESSES, post).unwrap());
        assert!(session[post].user.is_none());
        session.commit().await.unwrap();
        db.trace.take();

        // One that is read is not loaded until it is asked for.
        let mut other = db.session();
        let ann = other.get_one::<User>(1).await.unwrap();
        let error = other[ann].addresses.try_iter().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotLoaded);
        assert_says(&error, &["User::ADDRESSES is not loaded", "session.load_with(entity, User::ADDRESSES)"]);
        assert_eq!(other.load_with(ann, User::ADDRESSES).await.unwrap().addresses.len(), 0);
        assert_eq!(db.trace.take_statements().len(), 2);
    }

    /// [BLK-4] [REL-1] What a statement does to references shows in loaded collections.
    #[case]
    async fn a_statement_moves_children(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let [ann, bob] = ["Ann", "Bob"].map(|name| session.add(User::new(name)));
        let emails = ["a@x", "b@x"].map(|email| session.add(address(email)));
        session[ann].addresses.extend(emails);
        session.commit().await.unwrap();
        for user in [ann, bob] {
            session.load_with(user, User::ADDRESSES).await.unwrap();
        }
        let to = session[bob].id;
        session
            .execute(Address::update().set(Address::USER_ID, to).filter(Address::EMAIL.eq("a@x")))
            .await
            .unwrap();
        assert_eq!(
            (session[ann].addresses.to_vec(), session[bob].addresses.to_vec()),
            (vec![emails[1]], vec![emails[0]])
        );
        session.execute(Address::delete().filter(Address::EMAIL.eq("b@x"))).await.unwrap();
        assert_eq!(session[ann].addresses.len(), 0);
        session.rollback().await.unwrap();
        assert_eq!((session[ann].addresses.len(), session[bob].addresses.len()), (2, 0));
    }

    /// [CAS-6] [REL-2] A reference that was only set can be taken back from the other side.
    #[case]
    async fn unlink_takes_back_a_reference(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let ann = session.add(User::new("Ann"));
        let post = session.add(Address { user: ann.into(), ..Address::new("a@x") });
        assert!(session.unlink(ann, User::ADDRESSES, post).unwrap());
        assert!(session[post].user.is_none());
        assert!(!session.unlink(ann, User::ADDRESSES, post).unwrap());
        session.flush().await.unwrap();
        assert_eq!(session[ann].addresses.len(), 0);
    }

    /// [COM-3] [STA-3] [CAS-7] A graph that was rolled back is added again with its root.
    #[case]
    async fn a_graph_is_added_again(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let ann = session.add(create!(User {
            name: "Ann",
            addresses: [Address { email: "a@x" }, Address { email: "b@x" }]
        }));
        session.flush().await.unwrap();
        session.rollback().await.unwrap();
        let ann = session.detach(ann).unwrap();
        let ann = session.add(ann);
        session.commit().await.unwrap();
        assert_eq!(session[ann].addresses.len(), 2);
        let rows = session.rows(Address::select().filter(Address::USER.eq(ann))).await.unwrap();
        assert_eq!(rows.len(), 2);
    }
}

/// The same of a commit that is dropped while it waits for a connection, to read what a deletion does to other rows.
async fn a_dropped_commit(db: async_form::Db) {
    db.create::<User>().await;
    let engine = async_form::Engine::builder(&db.database.url).unwrap().pool_size(1).max_overflow(0).open();
    let mut session = engine.session();
    let [ann, bob] = ["Ann", "Bob"].map(|name| session.add(User::new(name)));
    let post = session.add(Address { user: ann.into(), ..address("a@x") });
    session.commit().await.unwrap();
    let mut other = engine.session();
    other.count(User::select()).await.unwrap();
    session.delete(ann).unwrap();
    session[bob].name = "Bobby".to_owned();
    session[post].user = bob.into();
    assert!(drop_after(1, false, session.commit()).await.is_none());
    session[post].user = None;
    drop(other);
    session.commit().await.unwrap();
    assert_eq!(session.count(Address::select().filter(Address::USER.eq(bob))).await.unwrap(), 0);
}

/// [ASY-7]
#[test]
fn a_commit_that_is_dropped_while_it_waits_leaves_both_sides_alone() {
    for backend in Backend::ALL {
        async_form::run(backend, a_dropped_commit);
    }
}
