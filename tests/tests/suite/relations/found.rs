//! What random sequences have found, made short.

use orm_tests::both_forms;
use orm_tests::prelude::*;

/// Has relations of several cascades.
#[derive(Model, Debug)]
struct Shop {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(cascade = "delete")]
    shelves: HasMany<Shelf>,
    visitors: HasMany<Visitor>,
    #[model(cascade = "delete_orphan")]
    signs: HasMany<Sign>,
}

/// Refers to two rows, of which each has a relation that it is in.
#[derive(Model, Debug)]
struct Shelf {
    #[model(key, auto)]
    id: i64,
    shop: Option<BelongsTo<Shop>>,
    upon: Option<BelongsTo<Shelf>>,
    #[model(cascade = "delete")]
    boards: HasMany<Shelf>,
}

#[derive(Model, Debug)]
struct Visitor {
    #[model(key, auto)]
    id: i64,
    shop: Option<BelongsTo<Shop>>,
}

#[derive(Model, Debug)]
struct Sign {
    #[model(key, auto)]
    id: i64,
    shop: Option<BelongsTo<Shop>>,
}

#[both_forms]
mod forms {
    use super::*;

    /// [CAS-4] One that is taken out of a collection and put into another one, of another reference, is taken out all the same.
    #[case]
    async fn out_of_one_and_into_another(db: Db) {
        db.create::<Shop>().await;
        let mut session = db.session();
        let shop = session.add(Shop::new("A"));
        let [shelf, board] = [(); 2].map(|()| session.add(Shelf { shop: shop.into(), ..Shelf::new() }));
        session.commit().await.unwrap();
        session.load_with(shop, Shop::SHELVES).await.unwrap();
        session.load_with(shelf, Shelf::BOARDS).await.unwrap();
        session[shop].shelves.remove(board);
        session[shelf].boards.push(board);
        session.commit().await.unwrap();
        assert_eq!(session[shop].shelves.to_vec(), [shelf]);
        assert!(session[board].shop.is_none() && session[board].upon.as_ref().unwrap().entity() == shelf);
        let board = Shelf::select().filter(Shelf::SHOP.is_null()).filter(Shelf::UPON.eq(shelf));
        assert_eq!(session.count(board).await.unwrap(), 1);
    }

    /// [CAS-6] [R7] What is to be deleted is in no collection after the flush, though it was put into one.
    #[case]
    async fn what_is_deleted_is_in_no_collection(db: Db) {
        db.create::<Shop>().await;
        let mut session = db.session();
        let visitor = session.add(Visitor::new());
        let shop = session.add(Shop::new("A"));
        session.commit().await.unwrap();
        session[shop].visitors.push(visitor);
        session.delete(visitor).unwrap();
        session.flush().await.unwrap();
        assert_eq!(session[shop].visitors.len(), 0);
        session.rollback().await.unwrap();
        assert_eq!(session[shop].visitors.len(), 0);

        // One that is new, and goes with its owner.
        let top = session.add(Shelf::new());
        session.add(Shelf { shop: shop.into(), upon: top.into(), ..Shelf::new() });
        session.delete(shop).unwrap();
        session.flush().await.unwrap();
        assert_eq!(session[top].boards.len(), 0);
    }

    /// [CAS-2] [CAS-3] One that is new lets go of its owner, if that is deleted, whatever else goes with it.
    #[case]
    async fn new_ones_let_go(db: Db) {
        db.create::<Shop>().await;
        let mut session = db.session();
        let shop = session.add(Shop::new("A"));
        session.add(Shelf { shop: shop.into(), ..Shelf::new() });
        session.commit().await.unwrap();
        session[shop].visitors.push(Visitor::new());
        session.delete(shop).unwrap();
        session.commit().await.unwrap();
        let visitors = session.rows(Visitor::select()).await.unwrap();
        assert!(visitors.len() == 1 && visitors[0].shop.is_none());
    }

    /// [CAS-4] One that refers to nobody any more is an orphan, though its owner is deleted with the same flush.
    #[case]
    async fn an_orphan_of_a_deleted_owner(db: Db) {
        db.create::<Shop>().await;
        for deleted in [false, true] {
            let mut session = db.session();
            let shop = session.add(Shop::new("A"));
            let sign = session.add(Sign { shop: shop.into(), ..Sign::new() });
            session.commit().await.unwrap();
            if deleted {
                session.delete(shop).unwrap();
            }
            session[sign].shop = None;
            session.commit().await.unwrap();
            assert_eq!(session.count(Sign::select()).await.unwrap(), 0, "{deleted}");
        }
    }
}
