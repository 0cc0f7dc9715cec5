//! Natural, composite and changing keys.

use orm_tests::prelude::*;
use orm_tests::{assert_statements, both_forms};

use crate::models::{Account, Entry, Pair, PairNote};

#[both_forms]
mod keys {
    use super::*;

    /// [KEY-1]
    #[case]
    async fn a_composite_key_names_all_its_parts(db: Db) {
        db.create::<Pair>().await;
        let mut session = db.session();
        let pairs = session.add_all([Pair::new(1, "x"), Pair::new(1, "y"), Pair::new(2, "x")]);
        session.commit().await.unwrap();
        db.trace.take();
        session[pairs[1]].data = Some("changed".to_owned());
        session.commit().await.unwrap();
        assert_statements(&db.trace.take_statements(), &["UPDATE pairs SET data = ? WHERE a = ? AND b = ?"]);
        session.delete(pairs[0]).unwrap();
        session.delete(pairs[2]).unwrap();
        session.commit().await.unwrap();
        let left = session.rows(Pair::select()).await.unwrap();
        assert_eq!((left.len(), left[0].data.as_deref()), (1, Some("changed")));
    }

    /// [KEY-2]
    #[case]
    async fn a_changed_key_is_the_same_entity(db: Db) {
        db.create::<Account>().await;
        let mut session = db.session();
        let account = session.add(Account::new("old", 1));
        session.commit().await.unwrap();
        session.get::<Account>("old").await.unwrap();
        session[account].code = "new".to_owned();
        db.trace.take();
        session.flush().await.unwrap();
        assert_statements(&db.trace.take_statements(), &["UPDATE accounts SET code = ? WHERE code = ?"]);
        assert_eq!(session.get::<Account>("new").await.unwrap(), Some(account));
        assert!(db.trace.take_statements().is_empty());
        assert_eq!(session.get::<Account>("old").await.unwrap(), None);
        assert_eq!(db.trace.take_statements().len(), 1);

        session.rollback().await.unwrap();
        assert_eq!(session[account].code, "old");
        assert_eq!(session.get::<Account>("old").await.unwrap(), Some(account));
        assert_eq!(session.get::<Account>("new").await.unwrap(), None);
    }

    /// [KEY-2] Two rows change their keys in one batch.
    #[case]
    async fn many_keys_change_in_one_batch(db: Db) {
        db.create::<Account>().await;
        let mut session = db.session();
        let accounts = session.add_all([Account::new("a", 1), Account::new("b", 2), Account::new("c", 3)]);
        session.commit().await.unwrap();
        for &account in &accounts {
            session[account].code.push('2');
        }
        session.commit().await.unwrap();
        for (&account, code) in accounts.iter().zip(["a2", "b2", "c2"]) {
            assert_eq!(session.get::<Account>(code).await.unwrap(), Some(account));
        }
    }

    /// [FLU-4] for keys that the program sets.
    #[case]
    async fn references_to_natural_and_composite_keys(db: Db) {
        db.create::<(Entry, PairNote)>().await;
        let mut session = db.session();
        let account = session.add(Account::new("a", 0));
        session.add(Entry::new(account, 5));
        let pair = session.add(Pair::new(7, "x"));
        let note = session.add(PairNote::new(pair, "noted"));
        session.commit().await.unwrap();
        let mut session = db.session();
        let entry = session.first(Entry::select()).await.unwrap().unwrap();
        assert_eq!(session[entry].account.get().unwrap(), "a");
        let note_again = session.get::<PairNote>(1).await.unwrap().unwrap();
        assert_ne!(note_again, note);
        assert_eq!(session[note_again].pair.get(), Some(&(7, "x".to_owned())));
        assert_eq!(session.rows(Entry::select().filter(Entry::ACCOUNT_ID.eq("a"))).await.unwrap().len(), 1);
    }
}
