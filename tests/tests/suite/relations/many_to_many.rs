//! Many-to-many relations over join tables that the library makes.

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, assert_statements, both_forms};

#[derive(Model, Debug)]
#[model(table = "orders")]
struct Order {
    #[model(key, auto)]
    id: i64,
    customer: String,
    #[model(order_by = Item::NAME.asc())]
    items: ManyToMany<Item>,
}

#[derive(Model, Debug)]
#[model(table = "items")]
struct Item {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    #[model(via = Order::ITEMS, order_by = Order::CUSTOMER.asc())]
    orders: ManyToMany<Order>,
    /// Nobody looks at it from the other side.
    keywords: ManyToMany<Keyword>,
    /// A second one between the same models.
    #[model(table = "item_spare_keywords")]
    spare: ManyToMany<Keyword>,
}

/// With a natural key of two parts.
#[derive(Model, Debug)]
struct Keyword {
    #[model(key)]
    language: String,
    #[model(key)]
    word: String,
}

#[derive(Model, Debug)]
struct Person {
    #[model(key, auto)]
    id: i64,
    name: String,
    friends: ManyToMany<Person>,
    #[model(via = Person::FRIENDS)]
    friend_of: ManyToMany<Person>,
}

fn keyword(word: &str) -> Keyword {
    Keyword::new("en", word)
}

#[both_forms]
mod cases {
    use super::*;

    /// Fails unless this was sent since the last look; what both databases get is said once.
    #[track_caller]
    fn assert_sent(db: &Db, expected: &[(&str, &str)]) {
        let mut lines = Vec::new();
        for &(sqlite, postgres) in expected {
            let is_said_once = postgres.is_empty();
            lines.push(if is_said_once || db.backend != Backend::Postgres { sqlite } else { postgres });
        }
        let mut sent = db.trace.take();
        if db.backend.is_mysql() {
            // The keys come back with the rows; SQLite is asked for them in another way.
            sent.iter_mut().for_each(|line| *line = line.replace(r#" RETURNING "id""#, ""));
            let on_conflict = |line: &str| {
                line.replace("INSERT IGNORE", "INSERT").replace(") -- ", ") ON CONFLICT DO NOTHING -- ")
            };
            let ignoring = sent.iter_mut().filter(|line| line.starts_with("INSERT IGNORE"));
            ignoring.for_each(|line| *line = on_conflict(line));
        }
        assert_statements(&sent, &lines);
    }

    /// Two orders, three items; the first order has two of them. All is loaded.
    async fn stored(db: &Db) -> (Session, [Entity<Order>; 2], [Entity<Item>; 3]) {
        db.create::<(Order, Keyword)>().await;
        let mut session = db.session();
        let items = ["apple", "bread", "cheese"].map(|name| session.add(Item::new(name)));
        let orders = ["Alice", "Bob"].map(|name| session.add(Order::new(name)));
        session[orders[0]].items.extend([items[0], items[1]]);
        session.commit().await.unwrap();
        session.load_with_all(&orders, Order::ITEMS).await.unwrap();
        session.load_with_all(&items, Item::ORDERS).await.unwrap();
        db.trace.take();
        (session, orders, items)
    }

    /// [REL-6] [A4] A pair that was taken out from one side and is put back from the other is there all the time: nothing is sent.
    #[case]
    async fn put_back_from_the_other_side(db: Db) {
        db.create::<Order>().await;
        let mut session = db.session();
        let (order, item) = (session.add(Order::new("A")), session.add(Item::new("x")));
        session.commit().await.unwrap();
        session.link(order, Order::ITEMS, item).unwrap();
        session.flush().await.unwrap();
        assert!(session.unlink(item, Item::ORDERS, order).unwrap());
        session.link(order, Order::ITEMS, item).unwrap();
        assert_eq!((session[order].items.to_vec(), session[item].orders.to_vec()), (vec![item], vec![order]));
        db.trace.take_statements();
        session.flush().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        assert!(session.unlink(item, Item::ORDERS, order).unwrap());
        session.commit().await.unwrap();
        assert_eq!(session.load_with(order, Order::ITEMS.reload()).await.unwrap().items.len(), 0);

        // What only the other side says is taken out as well.
        session[item].orders.push(order);
        assert!(session.unlink(order, Order::ITEMS, item).unwrap());
        session.commit().await.unwrap();
        assert_eq!(session.load_with(order, Order::ITEMS.reload()).await.unwrap().items.len(), 0);
    }

    /// [REL-6] [R7] Both sides are inserted first, and then all pairs in one batch; one that is taken out is one DELETE of exactly
    /// that pair.
    #[case]
    async fn links_come_after_both_ends(db: Db) {
        db.create::<Order>().await;
        let mut session = db.session();
        let apple = session.add(Item::new("apple"));
        let order = session.add(Order::new("Alice"));
        session[order].items.push(apple);
        session[order].items.push(Item::new("bread"));
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[
                ("BEGIN", ""),
                (
                    "INSERT INTO items (name) VALUES (?) -- 2 rows",
                    "INSERT INTO items (name) SELECT v.c0 FROM unnest(?::text[]) WITH ORDINALITY AS v(c0, n) ORDER BY v.n RETURNING id -- 2 rows",
                ),
                (
                    "INSERT INTO orders (customer) VALUES (?)",
                    "INSERT INTO orders (customer) VALUES (?) RETURNING id",
                ),
                (
                    "INSERT INTO order_items (order_id, item_id) VALUES (?, ?) -- 2 rows",
                    "INSERT INTO order_items (order_id, item_id) SELECT v.c0, v.c1 FROM unnest(?::bigint[], ?::bigint[]) WITH ORDINALITY AS v(c0, c1, n) ORDER BY v.n -- 2 rows",
                ),
                ("COMMIT", ""),
            ],
        );
        let bread = session[order].items.get(1).unwrap();
        assert_eq!(session[bread].orders.to_vec(), [order]);

        session.load_with(order, Order::ITEMS).await.unwrap();
        db.trace.take();
        session[order].items.remove(apple);
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[("DELETE FROM order_items WHERE order_id = ? AND item_id = ?", ""), ("COMMIT", "")],
        );
        let mut other = db.session();
        let order = other.one(Order::select()).await.unwrap();
        let items = other.load_with(order, Order::ITEMS).await.unwrap().items.to_vec();
        assert_eq!(items.iter().map(|&item| other[item].name.as_str()).collect::<Vec<_>>(), ["bread"]);
    }

    /// The names of an order's items as the database has them, for another session.
    async fn stored_items(db: &Db, customer: &str) -> Vec<String> {
        let mut session = db.session();
        let order = session.one(Order::select().filter(Order::CUSTOMER.eq(customer))).await.unwrap();
        let items = session.load_with(order, Order::ITEMS).await.unwrap().items.to_vec();
        items.into_iter().map(|item| session[item].name.clone()).collect()
    }

    /// [REL-1] [A4] The other side follows with the next flush, and at once with `link` and `unlink`.
    #[case]
    async fn both_sides_say_the_same(db: Db) {
        let (mut session, [alice, bob], [apple, _, cheese]) = stored(&db).await;
        session[alice].items.push(cheese);
        session[bob].items.push(apple);
        session.flush().await.unwrap();
        assert_eq!(session[cheese].orders.to_vec(), [alice]);
        assert_eq!(session[apple].orders.to_vec(), [alice, bob]);
        assert_eq!(db.trace.take_statements().len(), 1);

        session.link(cheese, Item::ORDERS, bob).unwrap();
        assert_eq!(session[bob].items.to_vec(), [apple, cheese]);
        assert!(session.unlink(alice, Order::ITEMS, cheese).unwrap());
        assert_eq!(session[cheese].orders.to_vec(), [bob]);
        assert!(!session.unlink(alice, Order::ITEMS, cheese).unwrap(), "it is known not to be there");
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);
        assert_eq!(stored_items(&db, "Alice").await, ["apple", "bread"]);
        assert_eq!(stored_items(&db, "Bob").await, ["apple", "cheese"]);
    }

    /// [REL-6] [FLU-1] The same pair from both sides is one row; put in and taken out again is none, and nothing to flush.
    #[case]
    async fn only_net_changes_are_written(db: Db) {
        let (mut session, [alice, bob], [apple, bread, cheese]) = stored(&db).await;
        session[alice].items.push(cheese);
        session[cheese].orders.push(alice);
        assert!(session.has_changes());
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[("INSERT INTO order_items (order_id, item_id) VALUES (?, ?)", ""), ("COMMIT", "")],
        );
        session.load_with_all(&[alice, bob], Order::ITEMS).await.unwrap();
        session.commit().await.unwrap();
        session.load_with_all(&[alice, bob], Order::ITEMS).await.unwrap();
        db.trace.take();

        session[bob].items.push(apple);
        session[bob].items.remove(apple);
        session[alice].items.remove(bread);
        session[alice].items.push(bread);
        session[alice].items.set([cheese, bread, apple]);
        session.flush().await.unwrap();
        assert_sent(&db, &[]);

        session[alice].items.set([bread]);
        session[alice].items.push(Item::new("dates"));
        session[bob].items.clear();
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[
                ("INSERT INTO items (name) VALUES (?)", "INSERT INTO items (name) VALUES (?) RETURNING id"),
                ("INSERT INTO order_items (order_id, item_id) VALUES (?, ?)", ""),
                (
                    "DELETE FROM order_items WHERE order_id = ? AND item_id = ? -- 2 rows",
                    "DELETE FROM order_items AS t USING unnest(?::bigint[], ?::bigint[]) AS v(k0, k1) WHERE t.order_id = v.k0 AND t.item_id = v.k1 -- 2 rows",
                ),
                ("COMMIT", ""),
            ],
        );
        assert_eq!(stored_items(&db, "Alice").await, ["bread", "dates"]);

        // What has left the session is not linked.
        let figs = session.add(Item::new("figs"));
        session[bob].items.extend([figs, cheese]);
        session.detach(figs).unwrap();
        session.commit().await.unwrap();
        assert_eq!(stored_items(&db, "Bob").await, ["cheese"]);
    }

    /// [REL-10] [REL-2] Nothing is read to put in or take out, and what is there already, or gone already, is no error.
    #[case]
    async fn what_is_not_loaded_is_written_without_reading(db: Db) {
        let (_, _, _) = stored(&db).await;
        let mut session = db.session();
        let alice = session.get_one::<Order>(1).await.unwrap();
        let bob = session.get_one::<Order>(2).await.unwrap();
        let items = session.all(Item::select().order_by(Item::NAME.asc())).await.unwrap();
        db.trace.take();
        session[alice].items.push(items[0]);
        session[alice].items.push(items[2]);
        session[alice].items.remove(items[1]);
        session[bob].items.remove(items[1]);
        session.flush().await.unwrap();
        assert_sent(
            &db,
            &[
                (
                    "INSERT INTO order_items (order_id, item_id) VALUES (?, ?) ON CONFLICT DO NOTHING -- 2 rows",
                    "INSERT INTO order_items (order_id, item_id) SELECT v.c0, v.c1 FROM unnest(?::bigint[], ?::bigint[]) WITH ORDINALITY AS v(c0, c1, n) ORDER BY v.n ON CONFLICT DO NOTHING -- 2 rows",
                ),
                (
                    "DELETE FROM order_items WHERE order_id = ? AND item_id = ? -- 2 rows",
                    "DELETE FROM order_items AS t USING unnest(?::bigint[], ?::bigint[]) AS v(k0, k1) WHERE t.order_id = v.k0 AND t.item_id = v.k1 -- 2 rows",
                ),
            ],
        );
        assert!(!session[alice].items.is_loaded());
        session.link(alice, Order::ITEMS, items[1]).unwrap();
        session.unlink(bob, Order::ITEMS, items[0]).unwrap();
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);
        let found = session.load_with(alice, Order::ITEMS).await.unwrap().items.to_vec();
        assert_eq!(found, items);
        assert_eq!(stored_items(&db, "Bob").await.len(), 0);
    }

    /// [CAS-4] [REL-9] What is not loaded can be replaced: the flush reads it, and writes what differs.
    #[case]
    async fn what_is_not_loaded_can_be_replaced(db: Db) {
        let (_, _, _) = stored(&db).await;
        let mut session = db.session();
        let alice = session.get_one::<Order>(1).await.unwrap();
        let items = session.all(Item::select().order_by(Item::NAME.asc())).await.unwrap();
        db.trace.take();
        session[alice].items.set([items[0], items[2]]);
        session.flush().await.unwrap();
        let sent = db.trace.take_statements();
        assert_eq!(sent.len(), 3, "{sent:?}");
        assert!(sent[1..].iter().all(|sql| !sql.contains("rows")), "one pair each: {sent:?}");
        assert_eq!(session[alice].items.len(), 2);
        session.commit().await.unwrap();
        assert_eq!(stored_items(&db, "Alice").await, ["apple", "cheese"]);
        session[alice].items.clear();
        session.commit().await.unwrap();
        assert_eq!(stored_items(&db, "Alice").await.len(), 0);
    }

    /// [REL-2] A collection that is loaded while something waits to be written shows rows and what waits, each once, from either side.
    #[case]
    async fn what_waits_is_seen_by_a_load(db: Db) {
        let (_, _, _) = stored(&db).await;
        let mut session = SessionMaker::new(&db.engine).autoflush(false).session();
        let alice = session.get_one::<Order>(1).await.unwrap();
        let bob = session.get_one::<Order>(2).await.unwrap();
        let items = session.all(Item::select().order_by(Item::NAME.asc())).await.unwrap();
        let [apple, bread, cheese] = items.try_into().unwrap();
        session[alice].items.push(cheese);
        session[alice].items.push(apple);
        session[alice].items.remove(bread);
        session[apple].orders.push(bob);
        let mut found = session.load_with(alice, Order::ITEMS).await.unwrap().items.to_vec();
        found.sort_by_key(|&item| session[item].id);
        assert_eq!(found, [apple, cheese]);
        assert_eq!(session.load_with(bob, Order::ITEMS).await.unwrap().items.to_vec(), [apple]);
        assert_eq!(session.load_with(cheese, Item::ORDERS).await.unwrap().orders.to_vec(), [alice]);
        assert_eq!(session.load_with(bread, Item::ORDERS).await.unwrap().orders.len(), 0);
        db.trace.take();
        session.commit().await.unwrap();
        let sent = db.trace.take_statements();
        assert_eq!(sent.len(), 2, "{sent:?}");
        assert_eq!(stored_items(&db, "Alice").await, ["apple", "cheese"]);
        assert_eq!(stored_items(&db, "Bob").await, ["apple"]);
    }

    /// [R7] [COM-3] The rows of what is deleted go with it, and it leaves the collections that are loaded; a rollback brings it back.
    #[case]
    async fn what_is_deleted_is_linked_with_nothing(db: Db) {
        let (mut session, [alice, bob], [apple, bread, cheese]) = stored(&db).await;
        session.delete(apple).unwrap();
        session[bob].items.push(apple);
        session[alice].items.push(cheese);
        session.flush().await.unwrap();
        assert_sent(
            &db,
            &[
                ("INSERT INTO order_items (order_id, item_id) VALUES (?, ?)", ""),
                ("DELETE FROM items WHERE id = ?", ""),
            ],
        );
        assert_eq!(session[alice].items.to_vec(), [bread, cheese]);
        assert_eq!(session[bob].items.len(), 0);
        session.rollback().await.unwrap();
        assert_eq!(session[alice].items.to_vec(), [apple, bread]);
        assert_eq!(session[bob].items.len(), 0);
        assert_eq!(session[cheese].orders.len(), 0);
        assert_eq!(session[apple].orders.to_vec(), [alice]);

        session.delete(alice).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.load_with(apple, Item::ORDERS).await.unwrap().orders.len(), 0);
        assert_eq!(session.rows(Item::select()).await.unwrap().len(), 3);
    }

    /// [COM-3] [COM-8] Collections are what they were, after a rollback and after one to a savepoint, and can be written anew.
    #[case]
    async fn collections_are_rolled_back(db: Db) {
        let (mut session, [alice, bob], [apple, bread, cheese]) = stored(&db).await;
        session[alice].items.push(cheese);
        let mut nested = session.begin_nested().await.unwrap();
        nested[alice].items.remove(apple);
        nested.link(bob, Order::ITEMS, bread).unwrap();
        nested.flush().await.unwrap();
        assert_eq!(nested[bread].orders.to_vec(), [alice, bob]);
        nested.rollback().await.unwrap();
        assert_eq!(session[alice].items.to_vec(), [apple, bread, cheese]);
        assert_eq!((session[bread].orders.to_vec(), session[bob].items.len()), (vec![alice], 0));
        session.rollback().await.unwrap();
        assert_eq!(session[alice].items.to_vec(), [apple, bread]);
        assert_eq!(session[cheese].orders.len(), 0);

        // A new one that was rolled back can be added again, with what it was given.
        let mut carol = Order::new("Carol");
        carol.items = [apple, cheese].into();
        let carol = session.add(carol);
        session.flush().await.unwrap();
        session.rollback().await.unwrap();
        let carol = session.detach(carol).unwrap();
        session.add(carol);
        session[alice].items.push(cheese);
        session.commit().await.unwrap();
        assert_eq!(stored_items(&db, "Carol").await, ["apple", "cheese"]);
        assert_eq!(stored_items(&db, "Alice").await, ["apple", "bread", "cheese"]);
    }

    /// [REL-8] [REL-9] [EAG-9] In the order of the relation, empty where there are none, with one SELECT for all; what is not loaded is
    /// an error.
    #[case]
    async fn collections_are_read(db: Db) {
        let (_, _, _) = stored(&db).await;
        let mut session = db.session();
        let orders = session.all(Order::select().order_by(Order::ID.asc())).await.unwrap();
        let error = session[orders[0]].items.try_iter().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotLoaded);
        db.trace.take();
        session.load_with_all(&orders, Order::ITEMS).await.unwrap();
        session.load_with_all(&orders, Order::ITEMS).await.unwrap();
        assert_sent(
            &db,
            &[(
                "SELECT items.id, items.name, order_items.order_id FROM items JOIN order_items ON order_items.item_id = items.id WHERE order_items.order_id IN (?, ?) ORDER BY items.name ASC",
                "",
            )],
        );
        let names = |order: Entity<Order>| {
            session[order].items.iter().map(|item| session[item].name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!((names(orders[0]), names(orders[1])), (vec!["apple", "bread"], vec![]));
        assert!(session[orders[1]].items.is_empty());
    }

    /// [KEY-1] Keys of several parts, on a side that the other does not look at, and two relations between the same models.
    #[case]
    async fn keys_of_several_parts(db: Db) {
        let (mut session, _, [apple, bread, _]) = stored(&db).await;
        let [red, sweet] = ["red", "sweet"].map(|word| session.add(keyword(word)));
        session[apple].keywords.extend([red, sweet]);
        session[bread].keywords.push(sweet);
        session[apple].spare.push(sweet);
        session.commit().await.unwrap();
        session.load_with_all(&[apple, bread], Item::KEYWORDS).await.unwrap();
        session.load_with_all(&[apple, bread], Item::SPARE).await.unwrap();
        assert_eq!(session[apple].spare.to_vec(), [sweet]);
        assert_eq!((session[apple].keywords.len(), session[bread].spare.len()), (2, 0));
        db.trace.take();
        session[apple].keywords.remove(red);
        session.commit().await.unwrap();
        assert_sent(
            &db,
            &[
                (
                    "DELETE FROM item_keywords WHERE item_id = ? AND keyword_language = ? AND keyword_word = ?",
                    "",
                ),
                ("COMMIT", ""),
            ],
        );

        // The database takes its links along with a key that changes.
        session[sweet].word = "very sweet".to_owned();
        session.flush().await.unwrap();
        session[bread].keywords.remove(sweet);
        session.commit().await.unwrap();
        session.load_with_all(&[apple, bread], Item::KEYWORDS).await.unwrap();
        assert_eq!((session[apple].keywords.to_vec(), session[bread].keywords.len()), (vec![sweet], 0));
    }

    /// [REL-6] A model that is linked with itself: either side has a collection of its own.
    #[case]
    async fn a_model_linked_with_itself(db: Db) {
        db.create::<Person>().await;
        let mut session = db.session();
        let [ann, bob, cid] = ["Ann", "Bob", "Cid"].map(|name| session.add(Person::new(name)));
        session[ann].friends.extend([bob, cid]);
        session[bob].friends.push(ann);
        session[cid].friends.push(cid);
        session.commit().await.unwrap();
        let all = [ann, bob, cid];
        session.load_with_all(&all, Person::FRIENDS).await.unwrap();
        session.load_with_all(&all, Person::FRIEND_OF).await.unwrap();
        let count =
            |session: &Session| all.map(|who| (session[who].friends.len(), session[who].friend_of.len()));
        assert_eq!(count(&session), [(2, 1), (1, 1), (1, 2)]);
        assert_eq!(session[bob].friend_of.to_vec(), [ann]);
        session.unlink(bob, Person::FRIEND_OF, ann).unwrap();
        session.delete(cid).unwrap();
        session.commit().await.unwrap();
        assert_eq!((session[ann].friends.len(), session[bob].friends.to_vec()), (0, vec![ann]));
        session.load_with_all(&all[..2], Person::FRIENDS).await.unwrap();
        assert_eq!((session[ann].friends.len(), session[bob].friends.to_vec()), (0, vec![ann]));
    }

    /// [R11] What is said twice, differently, and what cannot be linked are errors before anything is sent.
    #[case]
    async fn what_cannot_be_linked_is_said_before_anything_is_sent(db: Db) {
        let (mut session, [alice, bob], [apple, _, cheese]) = stored(&db).await;
        session[alice].items.remove(apple);
        session[apple].orders.push(alice);
        session[apple].orders.remove(alice);
        session[cheese].orders.push(alice);
        session.flush().await.unwrap();
        session[bob].items.push(cheese);
        session[cheese].orders.push(bob);
        session[cheese].orders.remove(bob);
        db.trace.take();
        session.flush().await.unwrap();
        assert_eq!(
            db.trace.take_statements().len(),
            1,
            "the other side takes nothing back that it did not know"
        );

        session[bob].items.remove(cheese);
        session[cheese].orders.push(alice);
        let mut other = db.session();
        let strange = other.add(Item::new("strange"));
        session[alice].items.push(strange);
        db.trace.take();
        let error = session.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Detached);
        assert_says(&error, &["`items`", "Order", "not in this session"]);
        assert_sent(&db, &[]);
        // Nothing is lost by that.
        session[alice].items.remove(strange);
        session.commit().await.unwrap();
        assert_eq!(stored_items(&db, "Alice").await, ["bread", "cheese"]);
        assert_eq!(stored_items(&db, "Bob").await.len(), 0);
    }

    /// [R11] One side cannot take back what the other has put in without being told.
    #[case]
    async fn contradictions_are_errors(db: Db) {
        let (_, _, _) = stored(&db).await;
        let mut session = db.session();
        let (alice, apple) =
            (session.get_one::<Order>(1).await.unwrap(), session.get_one::<Item>(1).await.unwrap());
        session[alice].items.push(apple);
        session[apple].orders.remove(alice);
        let error = session.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_says(&error, &["put into `items` of Order", "taken out of `orders` of Item"]);
        session[apple].orders.push(alice);
        session.commit().await.unwrap();
        assert_eq!(stored_items(&db, "Alice").await, ["apple", "bread"]);
    }

    /// A plan shows the links between the rows.
    #[case]
    async fn a_plan_shows_links(db: Db) {
        let (mut session, [alice, bob], [apple, bread, _]) = stored(&db).await;
        let carol = session.add(Order::new("Carol"));
        session[carol].items.push(bread);
        session[alice].items.remove(apple);
        session.delete(bob).unwrap();
        assert_eq!(
            session.plan().unwrap().to_string(),
            "1. INSERT INTO orders (customer): 1 row\n   Order (new)\n\
             2. INSERT INTO order_items (order_id, item_id): 1 row; links, after the rows on both sides\n   Order (new), Item with key 2\n\
             3. DELETE FROM order_items: 1 row; links, before the rows on either side\n   Order with key 1, Item with key 1\n\
             4. DELETE FROM orders: 1 row\n   Order with key 2"
        );
        session.commit().await.unwrap();
        assert_eq!(stored_items(&db, "Alice").await, ["bread"]);
        assert_eq!(stored_items(&db, "Carol").await, ["bread"]);
    }
}
