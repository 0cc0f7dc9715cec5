//! Natural, composite and changing keys.

use orm_tests::prelude::*;
use orm_tests::{assert_statements, both_forms};

use crate::models::{Account, Entry, Pair, PairNote, User};

/// What refers to it is taken along when its key changes.
#[derive(Model, Debug)]
#[model(table = "shops")]
pub(crate) struct Shop {
    #[model(key)]
    pub(crate) code: String,
    pub(crate) name: String,
}

/// Has the key of another row in its own.
#[derive(Model, Debug)]
#[model(table = "shelves")]
pub(crate) struct Shelf {
    #[model(key, on_update = "cascade")]
    pub(crate) shop: BelongsTo<Shop>,
    #[model(key)]
    pub(crate) number: i32,
    pub(crate) label: Option<String>,
}

#[derive(Model, Debug)]
#[model(table = "goods")]
pub(crate) struct Good {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) name: String,
    #[model(on_update = "cascade")]
    pub(crate) shelf: Option<BelongsTo<Shelf>>,
    #[model(on_update = "set_null")]
    pub(crate) seller: Option<BelongsTo<Shop>>,
}

/// Its key is that of another row.
#[derive(Model, Debug)]
#[model(table = "profiles")]
pub(crate) struct Profile {
    #[model(key)]
    pub(crate) user: BelongsTo<User>,
    pub(crate) text: String,
}

struct Stock {
    shop: Entity<Shop>,
    shelves: [Entity<Shelf>; 2],
    goods: [Entity<Good>; 2],
}

#[both_forms]
mod keys {
    use super::*;

    /// [KEY-1] A key of another width does not compile (compile_fail/key_of_another_width.rs).
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

    async fn stock(db: &Db) -> (Session, Stock) {
        db.create::<(Shop, Shelf, Good)>().await;
        let mut session = db.session();
        let shop = session.add(Shop::new("old", "Shop"));
        let other = session.add(Shop::new("other", "Other"));
        let shelves = [1, 2].map(|number| session.add(Shelf::new(shop, number)));
        session.add(Shelf::new(other, 1));
        let good = |name: &str| Good { seller: shop.into(), ..Good::new(name) };
        let goods = [(0, "tea"), (1, "jam")]
            .map(|(shelf, name)| session.add(Good { shelf: shelves[shelf].into(), ..good(name) }));
        session.commit().await.unwrap();
        session.all(Shelf::select()).await.unwrap();
        session.all(Good::select()).await.unwrap();
        session.all(Shop::select()).await.unwrap();
        db.trace.take();
        (session, Stock { shop, shelves, goods })
    }

    fn where_it_is(session: &Session, good: Entity<Good>) -> Option<(String, i32)> {
        session[good].shelf.as_ref().and_then(|shelf| shelf.get().cloned())
    }

    /// [KEY-3] 1 statement: the database takes the children along, and theirs, and memory shows it at once; a rollback undoes it.
    #[case]
    async fn what_refers_to_a_key_follows_it(db: Db) {
        let (mut session, Stock { shop, shelves, goods }) = stock(&db).await;
        session[shop].code = "new".into();
        session.flush().await.unwrap();
        assert_statements(&db.trace.take_statements(), &["UPDATE shops SET code = ? WHERE code = ?"]);
        assert_eq!(session[shelves[0]].shop.get().unwrap(), "new");
        assert_eq!(where_it_is(&session, goods[1]), Some(("new".to_owned(), 2)));
        assert!(session[goods[0]].seller.is_none(), "SET NULL");
        assert!(!session.has_changes());
        let key = ("new".to_owned(), 1);
        assert_eq!(session.get::<Shelf>(key.clone()).await.unwrap(), Some(shelves[0]));
        assert!(db.trace.take_statements().is_empty());
        assert_eq!(session.get::<Shelf>(("old".to_owned(), 1)).await.unwrap(), None);
        let stored = session.rows(Good::select().order_by(Good::ID.asc())).await.unwrap();
        assert_eq!((stored[0].shelf.as_ref().unwrap().get(), stored[0].seller.is_none()), (Some(&key), true));

        session.rollback().await.unwrap();
        assert_eq!(session[shop].code, "old");
        assert_eq!(session[shelves[1]].shop.get().unwrap(), "old");
        assert_eq!(where_it_is(&session, goods[0]), Some(("old".to_owned(), 1)));
        assert_eq!(session[goods[0]].seller.as_ref().unwrap().get().unwrap(), "old");
        assert_eq!(session.get::<Shelf>(("old".to_owned(), 1)).await.unwrap(), Some(shelves[0]));
    }

    /// [KEY-3] Children that are changed in the same flush are found under their new keys.
    #[case]
    async fn what_follows_a_key_can_be_changed_with_it(db: Db) {
        let (mut session, Stock { shop, shelves, goods }) = stock(&db).await;
        session[shop].code = "new".into();
        session[shelves[0]].label = Some("top".into());
        session[goods[0]].name = "coffee".into();
        session.delete(goods[1]).unwrap();
        session.delete(shelves[1]).unwrap();
        session.commit().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &[
                "UPDATE shops SET code = ? WHERE code = ?",
                "UPDATE shelves SET label = ? WHERE shop_id = ? AND number = ?",
                "UPDATE goods SET name = ? WHERE id = ?",
                "DELETE FROM goods WHERE id = ?",
                "DELETE FROM shelves WHERE shop_id = ? AND number = ?",
            ],
        );
        let mut session = db.session();
        let labels = session.rows(Shelf::select().order_by(Shelf::SHOP_ID.asc())).await.unwrap();
        assert_eq!((labels.len(), labels[0].label.as_deref()), (2, Some("top")));
        let good = session.first(Good::select()).await.unwrap().unwrap();
        assert_eq!(
            (session[good].name.as_str(), where_it_is(&session, good)),
            ("coffee", Some(("new".into(), 1)))
        );
    }

    /// [KEY-3] Two keys that are exchanged through a third, and an update statement that sets keys, take theirs along.
    #[case]
    async fn a_statement_that_sets_keys_takes_children_along(db: Db) {
        let (mut session, Stock { shop, shelves, goods }) = stock(&db).await;
        let other = session.get_one::<Shop>("other").await.unwrap();
        let (mine, theirs) = (session[shop].code.clone(), session[other].code.clone());
        for (entity, code) in [(shop, "aside".to_owned()), (other, mine), (shop, theirs)] {
            session[entity].code = code;
            session.flush().await.unwrap();
        }
        assert_eq!(session[shelves[0]].shop.get().unwrap(), "other");
        session
            .execute(Shop::update().set(Shop::CODE, "third").filter(Shop::CODE.eq("other")))
            .await
            .unwrap();
        assert_eq!(session[shop].code, "third");
        assert_eq!(where_it_is(&session, goods[0]), Some(("third".to_owned(), 1)));
        assert_eq!(session.get::<Shelf>(("third".to_owned(), 2)).await.unwrap(), Some(shelves[1]));
        let stored = session.rows(Shelf::select().filter(Shelf::SHOP_ID.eq("third"))).await.unwrap();
        assert_eq!(stored.len(), 2);
        session.rollback().await.unwrap();
        assert_eq!(where_it_is(&session, goods[0]), Some(("old".to_owned(), 1)));
    }

    /// [KEY-3] [EXP-6] A row whose key a flush takes along is read under its new one.
    #[case]
    async fn what_is_read_again_has_its_key_of_after_the_flush(db: Db) {
        db.create::<Shelf>().await;
        let mut session = db.session();
        let shop = session.add(Shop::new("a", "Abbey"));
        let shelf = session.add(Shelf::new(shop, 1));
        session.commit().await.unwrap();
        session[shop].code = "b".to_owned();
        assert_eq!(session.load(shelf).await.unwrap().shop.get().unwrap(), "b");
        session[shop].code = "c".to_owned();
        session.refresh(shelf).await.unwrap();
        assert_eq!(session[shelf].shop.get().unwrap(), "c");
        session[shop].code = "d".to_owned();
        session.refresh_for_update(shelf).await.unwrap();
        assert_eq!(session[shelf].shop.get().unwrap(), "d");
        session.delete(shelf).unwrap();
        let error = session.refresh(shelf).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RowGone);
        assert!(error.to_string().contains("was deleted in this session"), "{error}");
    }

    /// [KEY-3] Without a cascade the database refuses while children are there.
    #[case]
    async fn a_key_that_is_referred_to_cannot_change_without_a_cascade(db: Db) {
        db.create::<Entry>().await;
        let mut session = db.session();
        let account = session.add(Account::new("a", 0));
        session.add(Entry::new(account, 5));
        session.commit().await.unwrap();
        session[account].code = "b".into();
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::ForeignKeyViolation);
        session.rollback().await.unwrap();
        assert_eq!(session[account].code, "a");
    }

    /// [KEY-4] A key that is a reference is copied from the row that it refers to. That it is left empty cannot be written:
    /// a key is no `Option` (compile_fail/derive_key.rs).
    #[case]
    async fn a_key_is_copied_from_the_row_that_it_refers_to(db: Db) {
        db.create::<Profile>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        let profile = session.add(Profile::new(alice, "about"));
        session.flush().await.unwrap();
        let key = session[alice].id;
        assert_eq!(session[profile].user.get(), Some(&key));
        assert_eq!(session.get::<Profile>(key).await.unwrap(), Some(profile));
        assert_eq!(session.peek::<Profile>(key), Some(profile));
        session[profile].text = "more".into();
        session.commit().await.unwrap();
        let mut session = db.session();
        let merged =
            session.merge(Profile { user: BelongsTo::key(key), text: "merged".into() }).await.unwrap();
        session.delete(merged).unwrap();
        session.commit().await.unwrap();
        assert!(session.rows(Profile::select()).await.unwrap().is_empty());
    }
}
