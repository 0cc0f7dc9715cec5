//! Merging and leaving along relations.

use orm::EntityState;
use orm_tests::both_forms;
use orm_tests::prelude::*;

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    addresses: HasMany<Address>,
    #[model(cascade = "delete_orphan")]
    notes: HasMany<Note>,
}

#[derive(Model, Debug)]
#[model(table = "addresses")]
struct Address {
    #[model(key, auto)]
    id: i64,
    user: Option<BelongsTo<User>>,
    email: String,
}

#[derive(Model, Debug)]
#[model(table = "notes")]
struct Note {
    #[model(key, auto)]
    id: i64,
    user: BelongsTo<User>,
    text: String,
}

fn address(id: i64, email: &str) -> Address {
    Address { id, user: None, email: email.into() }
}

fn note(id: i64, text: &str) -> Note {
    Note { id, user: BelongsTo::unset(), text: text.into() }
}

#[both_forms]
mod forms {
    use super::*;

    fn sent(db: &Db) -> Vec<String> {
        db.trace.take_statements().iter().map(|sql| sql.replace(['"', '`'], "")).collect()
    }

    /// [MRG-4] Children are found by their keys, new ones are added, and those that are not there any more are taken out, or deleted
    /// where orphans are.
    #[case]
    async fn children_are_merged_along(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let ann = session.add(User {
            addresses: [address(0, "a@x"), address(0, "b@x")].into(),
            notes: [note(0, "one"), note(0, "two")].into(),
            ..User::new("Ann")
        });
        session.commit().await.unwrap();
        let id = session[ann].id;
        let mut keys = Vec::new();
        for row in session.rows(Address::select().order_by(Address::ID.asc())).await.unwrap() {
            keys.push(row.id);
        }
        let notes: Vec<_> = session
            .rows(Note::select().order_by(Note::ID.asc()))
            .await
            .unwrap()
            .iter()
            .map(|n| n.id)
            .collect();
        drop(session);

        let mut session = db.session();
        db.trace.take();
        let given = User {
            id,
            addresses: [address(keys[1], "b@y"), address(0, "c@x")].into(),
            notes: [note(notes[0], "one")].into(),
            ..User::new("Anna")
        };
        let ann = session.merge(given).await.unwrap();
        let said = sent(&db);
        assert_eq!(said.len(), 3, "{said:#?}");
        assert_eq!(session[ann].addresses.len(), 2);
        session.commit().await.unwrap();
        let said = sent(&db);
        let firsts: Vec<_> =
            said.iter().map(|sql| sql.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            firsts,
            ["UPDATE users", "UPDATE addresses", "UPDATE addresses", "INSERT INTO", "DELETE FROM"],
            "{said:#?}"
        );
        let rows = session.rows(Address::select().order_by(Address::ID.asc())).await.unwrap();
        let rows: Vec<_> = rows.iter().map(|row| (&*row.email, row.user.is_some())).collect();
        assert_eq!(rows, [("a@x", false), ("b@y", true), ("c@x", true)]);
        let rows = session.rows(Note::select()).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [notes[0]]);

        // [MRG-1] [MRG-3] What was never set is left alone, and costs nothing; `clear` says that there are none.
        session.rollback().await.unwrap();
        db.trace.take();
        session.merge(User { id, ..User::new("Ann") }).await.unwrap();
        assert_eq!(sent(&db).len(), 1);
        session.commit().await.unwrap();
        assert_eq!(session.all(Note::select()).await.unwrap().len(), 1);
        let mut none = User { id, ..User::new("Ann") };
        none.notes.clear();
        session.merge(none).await.unwrap();
        session.commit().await.unwrap();
        assert!(session.all(Note::select()).await.unwrap().is_empty());
    }

    /// [MRG-2] [MRG-4] A child that belongs to another one is moved; a graph without keys is added as it is.
    #[case]
    async fn children_of_others_and_new_graphs(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let bob = session.add(User { notes: [note(0, "his")].into(), ..User::new("Bob") });
        session.commit().await.unwrap();
        let his = session.rows(Note::select()).await.unwrap()[0].id;
        let new = User { notes: [note(his, "hers now"), note(0, "new")].into(), ..User::new("Ann") };
        let ann = session.merge(new).await.unwrap();
        session.commit().await.unwrap();
        session.load_with_all(&[ann, bob], User::NOTES).await.unwrap();
        assert_eq!((session[ann].notes.len(), session[bob].notes.len()), (2, 0));
        assert_eq!(session[session[ann].notes.first().unwrap()].text, "hers now");
        // What was detached comes back with what its collection holds.
        let mut plain = session.detach(ann).unwrap();
        let last = plain.notes.last().unwrap();
        plain.notes.remove(last);
        session.merge(plain).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.all(Note::select()).await.unwrap().len(), 1);
    }

    /// [MRG-6] What leaves is not written, and its children leave with it if that is asked for.
    #[case]
    async fn leaving_with_children(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let ann = session.add(User { notes: [note(0, "one")].into(), ..User::new("Ann") });
        session.commit().await.unwrap();
        let kept = session.load_with(ann, User::NOTES).await.unwrap().notes.first().unwrap();
        let late = session.add(note(0, "late"));
        session[ann].notes.push(late);
        session[kept].text = "changed".into();
        session.expunge_with(ann, User::NOTES).unwrap();
        for note in [kept, late] {
            assert_eq!(session.state(note), EntityState::Detached);
        }
        db.trace.take();
        session.commit().await.unwrap();
        assert!(sent(&db).is_empty());
        session.rollback().await.unwrap();
        assert_eq!(session.state(ann), EntityState::Detached);
        assert!(session.expunge_with(ann, User::NOTES).is_err());

        // A child that leaves alone is not written through the collection that it was put into.
        let ann = session.all(User::select()).await.unwrap()[0];
        let late = session.add(note(0, "late"));
        session[ann].notes.push(late);
        session.expunge(late).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.all(Note::select()).await.unwrap().len(), 1);
        session.load_with(ann, User::NOTES).await.unwrap();
        assert_eq!(session[ann].notes.len(), 1);
    }

    /// [EXP-1] [COM-3] What was put in and not flushed is dropped when the entity is expired, or the session rolled back.
    #[case]
    async fn unflushed_members_are_dropped(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let ann = session.add(User { notes: [note(0, "one")].into(), ..User::new("Ann") });
        session.commit().await.unwrap();
        session.load_with(ann, User::NOTES).await.unwrap();
        for round in 0..2 {
            session[ann].notes.push(note(0, "new"));
            session[ann].addresses.push(address(0, "new@x"));
            assert_eq!(session[ann].notes.len(), 2);
            match round {
                0 => session.expire(ann).unwrap(),
                _ => session.rollback().await.unwrap(),
            }
            db.trace.take();
            session.commit().await.unwrap();
            assert!(sent(&db).is_empty());
            session.load(ann).await.unwrap();
            assert_eq!(session.load_with(ann, User::NOTES).await.unwrap().notes.len(), 1);
        }
        assert!(session.all(Address::select()).await.unwrap().is_empty());
        // What is added to a collection that is not loaded is no statement, and the next load shows it once.
        session.commit().await.unwrap();
        let new = session.add(address(0, "new@x"));
        db.trace.take();
        session[ann].addresses.push(new);
        assert!(sent(&db).is_empty());
        assert_eq!(session.load_with(ann, User::ADDRESSES).await.unwrap().addresses.to_vec(), [new]);
    }

    /// [REL-3] [REL-2] A collection's word counts more than a raw key.
    #[case]
    async fn a_collection_wins(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let [ann, bob] = ["Ann", "Bob"].map(|name| session.add(User::new(name)));
        session.flush().await.unwrap();
        let one = session.add(address(0, "a@x"));
        session[one].user = Some(BelongsTo::key(session[bob].id));
        session[ann].addresses.push(one);
        session.commit().await.unwrap();
        assert_eq!(session[one].user.as_ref().unwrap().get(), Some(&session[ann].id));
        session.load_with_all(&[ann, bob], User::ADDRESSES).await.unwrap();
        assert_eq!((session[ann].addresses.len(), session[bob].addresses.len()), (1, 0));
    }
}
