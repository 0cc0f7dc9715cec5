//! What random sequences have found, made short.

use orm::{BelongsToAny, ErrorKind, create};
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

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

#[derive(BelongsToAny, Debug)]
enum Place {
    Wall(BelongsTo<Wall>),
    Door(BelongsTo<Door>),
}

#[derive(Model, Debug)]
struct Poster {
    #[model(key, auto)]
    id: i64,
    #[model(any)]
    place: Place,
}

#[derive(Model, Debug)]
struct Wall {
    #[model(key, auto)]
    id: i64,
    #[model(via = Poster::PLACE.to(Place::WALL), cascade = "delete_orphan")]
    posters: HasMany<Poster>,
}

#[derive(Model, Debug)]
struct Door {
    #[model(key, auto)]
    id: i64,
    #[model(via = Poster::PLACE.to(Place::DOOR), cascade = "delete_orphan")]
    posters: HasMany<Poster>,
}

#[derive(Model, Debug)]
struct Rack {
    #[model(key, auto)]
    id: i64,
    #[model(cascade = "delete_orphan", order_by = Slot::NUMBER)]
    slots: HasMany<Slot>,
}

/// Its key begins with that of its owner.
#[derive(Model, Debug)]
struct Slot {
    #[model(key)]
    rack: BelongsTo<Rack>,
    #[model(key)]
    number: i64,
    holds: String,
}

#[both_forms]
mod forms {
    use super::*;

    /// [STA-5] What has no row any more, or has left, cannot be put into a relation: nothing is sent, and nobody lets go for it.
    #[case]
    async fn what_is_gone_cannot_be_put_in(db: Db) {
        db.create::<Shop>().await;
        let mut session = db.session();
        let shop = session.add(Shop::new("A"));
        let [gone, left] = [(); 2].map(|()| session.add(Visitor::new()));
        session.commit().await.unwrap();
        session.delete(gone).unwrap();
        session.commit().await.unwrap();
        session.expunge(left).unwrap();
        for dead in [gone, left] {
            session.load(shop).await.unwrap();
            session[shop].visitors.push(dead);
            let error = session.commit().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Detached);
            assert_says(error, &["visitors", "Shop", "take it out"]);
            session.rollback().await.unwrap();
        }
    }

    /// An INSERT of structs writes one table: what was put into their relations is not lost without a word.
    #[case]
    async fn structs_with_children_are_not_inserted_alone(db: Db) {
        db.create::<Shop>().await;
        let mut session = db.session();
        let full = Shop { visitors: [Visitor::new()].into(), ..Shop::new("A") };
        let error = session.execute(Shop::insert().values([Shop::new("B"), full])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_says(error, &["Shop", "visitors", "session"]);
        session.execute(Shop::insert().values([Shop::new("B")])).await.unwrap();
        assert_eq!(session.count(Shop::select()).await.unwrap(), 1);
    }

    /// [CAS-4] Keeping some takes out the others.
    #[case]
    async fn some_are_kept(db: Db) {
        db.create::<Shop>().await;
        let mut session = db.session();
        let shop = session.add(Shop { visitors: [(); 3].map(|()| Visitor::new()).into(), ..Shop::new("A") });
        session.commit().await.unwrap();
        let all = session.load_with(shop, Shop::VISITORS).await.unwrap().visitors.to_vec();
        session[shop].visitors.retain(|visitor| visitor != all[1]);
        session.commit().await.unwrap();
        let left = session.load_with(shop, Shop::VISITORS).await.unwrap().visitors.to_vec();
        assert_eq!(left, [all[0], all[2]]);
        assert!(session[all[1]].shop.is_none());
        session[shop].visitors.retain(|_| true);
        assert!(!session.has_changes());
    }

    /// A model may have any name: what the derive writes has names of its own.
    #[case]
    async fn models_have_short_names(db: Db) {
        #[derive(Model, Debug)]
        struct K {
            #[model(key, auto)]
            id: i64,
            above: Option<BelongsTo<K>>,
            below: HasMany<K>,
        }
        db.create::<K>().await;
        let mut session = db.session();
        let top = session.add(K { below: [K::new()].into(), ..K::new() });
        session.commit().await.unwrap();
        assert_eq!(session.load_with(top, K::BELOW).await.unwrap().below.len(), 1);
    }

    /// [CAS-5] A row that refers to one of another model is moved, and no orphan, whichever side says so.
    #[case]
    async fn moved_to_another_model(db: Db) {
        db.create::<Poster>().await;
        let mut session = db.session();
        let (wall, door) = (session.add(Wall::new()), session.add(Door::new()));
        let poster = session.add(Poster::new(wall));
        session.commit().await.unwrap();
        session.load_with(wall, Wall::POSTERS).await.unwrap();
        session.load_with(door, Door::POSTERS).await.unwrap();
        let on_walls = Poster::select().filter(Poster::PLACE.to(Place::WALL).eq(wall));

        session[door].posters.push(poster);
        session.flush().await.unwrap();
        assert!(session[wall].posters.is_empty() && session[door].posters.to_vec() == [poster]);
        assert_eq!(session.count(on_walls.clone()).await.unwrap(), 0);
        session[poster].place = wall.into();
        session.flush().await.unwrap();
        session.link(door, Door::POSTERS, poster).unwrap();
        assert!(session[wall].posters.is_empty() && session[door].posters.to_vec() == [poster]);
        session.flush().await.unwrap();
        session[door].posters.remove(poster);
        session[wall].posters.push(poster);
        session.delete(door).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.count(on_walls).await.unwrap(), 1);

        // A row that nobody has read is moved as well.
        session.close().await;
        let mut session = db.session();
        let wall = session.get_one::<Wall>(1).await.unwrap();
        let door = session.add(Door::new());
        session.flush().await.unwrap();
        let poster = session.reference::<Poster>(1).unwrap();
        session[door].posters.push(poster);
        session.flush().await.unwrap();
        assert_eq!(session.load_with(door, Door::POSTERS).await.unwrap().posters.to_vec(), [poster]);
        assert_eq!(session.count(Wall::POSTERS.of(wall)).await.unwrap(), 0);

        // Into collections of both it cannot be.
        let door = session.add(Door::new());
        let poster = session.add(Poster::new(wall));
        session[wall].posters.push(poster);
        session[door].posters.push(poster);
        let error = session.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_says(&error, &["Poster", "`posters` of an entity of", "Wall", "Door"]);
    }

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

    /// [A4] [CAS-6] What only the other side says yet can be unlinked.
    #[case]
    async fn unlinked_before_it_shows(db: Db) {
        db.create::<Shop>().await;
        let mut session = db.session();
        let shop = session.add(Shop::new("A"));
        session.commit().await.unwrap();
        let visitor = session.add(Visitor { shop: shop.into(), ..Visitor::new() });
        let sign = session.add(Sign { shop: shop.into(), ..Sign::new() });
        assert!(session.unlink(shop, Shop::VISITORS, visitor).unwrap());
        assert!(!session.unlink(shop, Shop::VISITORS, visitor).unwrap());
        assert!(session.unlink(shop, Shop::SIGNS, sign).unwrap());
        session.commit().await.unwrap();
        assert!(session[visitor].shop.is_none() && session[shop].visitors.is_empty());
        assert_eq!(session.count(Visitor::select()).await.unwrap(), 1);
        assert_eq!(session.count(Sign::select()).await.unwrap(), 0);
    }

    /// [A8] [REL-9] A struct that is attached knows of its relations only what this session knows, and what was put in is saved.
    #[case]
    async fn attached_with_relations(db: Db) {
        db.create::<Shop>().await;
        let mut first = db.session();
        let shop = first.add(Shop::new("A"));
        let old = first.add(Visitor { shop: shop.into(), ..Visitor::new() });
        first.commit().await.unwrap();
        first.load_with(shop, Shop::VISITORS).await.unwrap();
        let visitor = first.detach(old).unwrap();
        let plain = first.detach(shop).unwrap();
        first.close().await;

        // Handles of another session are none of this one.
        let mut session = db.session();
        let (shop, old) = (session.attach(plain).unwrap(), session.attach(visitor).unwrap());
        assert!(
            !session[shop].visitors.is_loaded() && session[old].shop.as_ref().unwrap().try_entity().is_err()
        );
        assert_eq!(session.load_with(shop, Shop::VISITORS).await.unwrap().visitors.to_vec(), [old]);
        session.commit().await.unwrap();

        // Those of this one stay.
        let plain = session.detach(shop).unwrap();
        let shop = session.attach(plain).unwrap();
        assert_eq!(session[shop].visitors.to_vec(), [old]);
        session.expunge(shop).unwrap();

        // One that was never loaded is not known to be empty.
        let shop = session.attach(Shop { id: 1, ..Shop::new("A") }).unwrap();
        assert!(!session[shop].visitors.is_loaded() && !session[shop].shelves.is_loaded());
        session.expunge(shop).unwrap();
        let plain = Shop { id: 1, visitors: [Visitor::new()].into(), ..Shop::new("A") };
        let shop = session.attach(Shop { signs: [Sign::new()].into(), ..plain }).unwrap();
        db.trace.take_statements();
        session.flush().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);
        let shop = session.load_with(shop, Shop::VISITORS).await.unwrap();
        assert_eq!(shop.visitors.len(), 2);
        session.commit().await.unwrap();
        assert_eq!(session.count(Visitor::select().filter(Visitor::SHOP_ID.eq(1))).await.unwrap(), 2);
        assert_eq!(session.count(Sign::select()).await.unwrap(), 1);
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

    /// [EXP-1] What an expired entity's relations held is not known any more, though they were loaded in this transaction.
    #[case]
    async fn expired_relations_are_read_again(db: Db) {
        db.create::<Shop>().await;
        let mut session = db.session();
        let shop = session.add(Shop::new("A"));
        session.flush().await.unwrap();
        for number in 1..4 {
            // The session sees nothing of this.
            let sql = text("INSERT INTO visitor (shop_id) VALUES (:shop)").bind("shop", 1_i64);
            session.execute(sql).await.unwrap();
            session.expire(shop).unwrap();
            match number {
                1 => {
                    session.load(shop).await.unwrap();
                    assert!(!session[shop].visitors.is_loaded());
                }
                2 => session.load_with_all(&[shop], Shop::VISITORS).await.unwrap(),
                _ => {}
            }
            assert_eq!(session.load_with(shop, Shop::VISITORS).await.unwrap().visitors.len(), number);
        }
        // A reference, too, is loaded with its row.
        let visitor = session[shop].visitors.first().unwrap();
        session.load_with(visitor, Visitor::SHOP).await.unwrap();
        session.expire(visitor).unwrap();
        let visitor = session.load_with(visitor, Visitor::SHOP).await.unwrap();
        assert_eq!(visitor.shop.as_ref().unwrap().entity(), shop);
    }

    /// [MRG-4] What was put into a relation of which the struct does not know the rest is put into it, and the rest stays.
    #[case]
    async fn merged_into_what_is_not_loaded(db: Db) {
        db.create::<Shop>().await;
        let mut session = db.session();
        let shop = session.add(Shop::new("A"));
        session[shop].visitors.push(Visitor::new());
        session.commit().await.unwrap();
        for number in 2..4 {
            let mut session = db.session();
            let shop = session.get_one::<Shop>(1).await.unwrap();
            if number == 3 {
                session.load_with(shop, Shop::VISITORS).await.unwrap();
            }
            let mut shop = session.detach(shop).unwrap();
            shop.visitors.push(Visitor::new());
            session.close().await;
            let mut session = db.session();
            let shop = session.merge(shop).await.unwrap();
            session.commit().await.unwrap();
            assert_eq!(session.load_with(shop, Shop::VISITORS).await.unwrap().visitors.len(), number);
        }
        let mut shop = session.detach(shop).unwrap();
        shop.visitors = HasMany::from([Visitor::new()]);
        let shop = session.merge(shop).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.load_with(shop, Shop::VISITORS).await.unwrap().visitors.len(), 1);
    }

    /// [MRG-4] [KEY-4] What is given its key by the one that it is merged with needs none of its own.
    #[case]
    async fn merged_with_the_owner_in_the_key(db: Db) {
        db.create::<Rack>().await;
        let mut session = db.session();
        session
            .add(create!(Rack { slots: [Slot { number: 1, holds: "a" }, Slot { number: 2, holds: "b" }] }));
        session.commit().await.unwrap();
        let mut session = db.session();
        let rack =
            create!(Rack { id: 1, slots: [Slot { number: 2, holds: "c" }, Slot { number: 3, holds: "d" }] });
        let rack = session.merge(rack).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.load_with(rack, Rack::SLOTS).await.unwrap().slots.len(), 2);
        let slots = session.rows(Slot::select().order_by(Slot::NUMBER)).await.unwrap();
        let slots: Vec<_> = slots.iter().map(|slot| (slot.number, slot.holds.as_str())).collect();
        assert_eq!(slots, [(2, "c"), (3, "d")]);
    }
}
