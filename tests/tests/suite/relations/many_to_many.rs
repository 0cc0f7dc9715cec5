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
            lines.push(if is_said_once || db.backend == Backend::Sqlite { sqlite } else { postgres });
        }
        assert_statements(&db.trace.take(), &lines);
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
                    "INSERT INTO orders (customer) VALUES (?)",
                    "INSERT INTO orders (customer) VALUES (?) RETURNING id",
                ),
                (
                    "INSERT INTO items (name) VALUES (?) -- 2 rows",
                    "INSERT INTO items (name) SELECT v.c0 FROM unnest(?::text[]) WITH ORDINALITY AS v(c0, n) ORDER BY v.n RETURNING id -- 2 rows",
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
            &[
                ("BEGIN", ""),
                ("DELETE FROM order_items WHERE order_id = ? AND item_id = ?", ""),
                ("COMMIT", ""),
            ],
        );
        let mut other = db.session();
        let order = other.one(Order::select()).await.unwrap();
        let items = other.load_with(order, Order::ITEMS).await.unwrap().items.to_vec();
        assert_eq!(items.iter().map(|&item| other[item].name.as_str()).collect::<Vec<_>>(), ["bread"]);
    }
}
