//! What the database makes of a row, readable after the flush: computed columns and defaults of the server.

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, assert_statements, both_forms};

use crate::models::User;

#[derive(Model, Debug)]
#[model(table = "items")]
struct Item {
    #[model(key, auto)]
    id: i64,
    name: String,
    price: i32,
    #[model(auto, server_default = "'new'")]
    state: String,
    #[model(auto, server_default = "5")]
    stars: Option<i32>,
    #[model(generated = "price * 2")]
    double: i32,
}

impl Item {
    fn made(&self) -> (&str, Option<i32>, i32) {
        (&self.state, self.stars, self.double)
    }
}

/// Its key comes from the program; one computed column is deferred.
#[derive(Model, Debug)]
#[model(table = "goods")]
struct Good {
    #[model(key)]
    shop: i32,
    #[model(key)]
    code: String,
    price: i32,
    #[model(generated = "price + 1")]
    more: i32,
    #[model(generated = "price - 1")]
    less: Deferred<i32>,
    #[model(auto, server_default = "'-'")]
    note: Deferred<String>,
    tags: Option<Vec<String>>,
}

/// Nothing but what the database makes.
#[derive(Model, Debug)]
#[model(table = "tickets")]
struct Ticket {
    #[model(key, auto)]
    id: i64,
    #[model(auto, server_default = "7")]
    number: i64,
}

/// A server default by itself.
#[derive(Model, Debug)]
#[model(table = "plain_defaults")]
struct Plain {
    #[model(key, auto)]
    id: i64,
    #[model(server_default = "7")]
    number: i64,
}

#[both_forms]
mod fetched {
    use super::*;

    /// [FLU-9]
    #[case]
    async fn what_the_database_makes_comes_with_the_insert(db: Db) {
        db.create::<Item>().await;
        let mut session = db.session();
        let item = session.add(Item::new("pen", 3));
        assert_eq!(session[item].made(), ("", None, 0));
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["INSERT INTO items (name, price) VALUES (?, ?) RETURNING id, state, stars, double"],
        );
        assert_eq!((session[item].id, session[item].made()), (1, ("new", Some(5), 6)));
        session.commit().await.unwrap();
        assert_eq!(session.load(item).await.unwrap().made(), ("new", Some(5), 6));
    }

    /// [FLU-9, FLU-6] Each row gets its own values.
    #[case]
    async fn many_rows_are_one_batch(db: Db) {
        db.create::<Item>().await;
        let mut session = db.session();
        let items =
            session.add_all((0..500).map(|price| Item::new(format!("{}", (price * 7919) % 503), price)));
        session.commit().await.unwrap();
        let statements = db.trace.take_statements();
        let expected = match db.backend {
            Backend::Sqlite | Backend::MariaDb | Backend::MySql => {
                "INSERT INTO items (name, price) VALUES (?, ?) RETURNING id, state, stars, double -- 500 rows"
            }
            Backend::Postgres => {
                "INSERT INTO items (name, price) SELECT v.c0, v.c1 FROM unnest(?::text[], ?::integer[]) WITH ORDINALITY AS v(c0, c1, n) ORDER BY v.n RETURNING id, state, stars, double -- 500 rows"
            }
        };
        assert_statements(&statements, &[expected]);
        for (price, &item) in (0..).zip(&items) {
            assert_eq!(session[item].made(), ("new", Some(5), price * 2));
            assert_eq!(session[item].id, i64::from(price) + 1);
        }
    }

    /// [FLU-9] What the program gave is stored, and not fetched.
    #[case]
    async fn given_values_are_written(db: Db) {
        db.create::<Item>().await;
        let mut session = db.session();
        let items = session.add_all([
            Item { state: "old".to_owned(), ..Item::new("a", 1) },
            Item { state: "older".to_owned(), ..Item::new("b", 2) },
            Item { stars: Some(1), ..Item::new("c", 3) },
            Item { state: "x".to_owned(), stars: Some(2), ..Item::new("d", 4) },
            Item::new("e", 5),
        ]);
        session.flush().await.unwrap();
        let statements = db.trace.take_statements();
        assert_eq!(statements.len(), 4, "{statements:?}");
        assert_says(&statements[0], &["state", "RETURNING \"id\", \"stars\", \"double\"", "2 rows"]);
        assert_says(&statements[2], &["RETURNING \"id\", \"double\""]);
        let made: Vec<_> = items.iter().map(|&item| session[item].made()).collect();
        let expected = [
            ("old", Some(5), 2),
            ("older", Some(5), 4),
            ("new", Some(1), 6),
            ("x", Some(2), 8),
            ("new", Some(5), 10),
        ];
        assert_eq!(made, expected);
    }

    /// [FLU-9]
    #[case]
    async fn computed_columns_follow_an_update(db: Db) {
        db.create::<Item>().await;
        let mut session = db.session();
        let items = session.add_all((1..=3).map(|price| Item::new(format!("i{price}"), price)));
        session.commit().await.unwrap();
        db.trace.take();
        session[items[0]].price = 10;
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE items SET price = ? WHERE id = ? RETURNING id, double"],
        );
        assert_eq!(session[items[0]].double, 20);

        for (number, &item) in (0..).zip(&items) {
            session[item].price = 100 + number;
        }
        session.flush().await.unwrap();
        let expected = match db.backend {
            Backend::Sqlite => "UPDATE items SET price = ? WHERE id = ? RETURNING id, double -- 3 rows",
            Backend::MariaDb | Backend::MySql => "UPDATE items SET price = ? WHERE id = ? -- 3 rows",
            Backend::Postgres => {
                "UPDATE items AS t SET price = v.c0 FROM unnest(?::integer[], ?::bigint[]) AS v(c0, k0) WHERE t.id = v.k0 RETURNING t.id, t.double -- 3 rows"
            }
        };
        if db.backend.is_mysql() {
            let again = "SELECT id, double FROM items WHERE id IN (?, ?, ?, ?)";
            assert_statements(&db.trace.take_all(), &[expected, again]);
        } else {
            assert_statements(&db.trace.take_statements(), &[expected]);
        }
        assert_eq!(items.iter().map(|&item| session[item].double).collect::<Vec<_>>(), [200, 202, 204]);

        session.rollback().await.unwrap();
        assert_eq!(items.iter().map(|&item| session[item].double).collect::<Vec<_>>(), [2, 4, 6]);
        assert_eq!(items.iter().map(|&item| session[item].price).collect::<Vec<_>>(), [1, 2, 3]);
    }

    /// [FLU-9, KEY-2] Rows are known by the keys that they have, also right after those were changed.
    #[case]
    async fn keys_of_the_program_are_followed(db: Db) {
        db.create::<Good>().await;
        let mut session = db.session();
        let goods = session.add_all((1..=5).rev().map(|price| Good::new(7, format!("c{price}"), price)));
        session.flush().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        assert_eq!(goods.iter().map(|&good| session[good].more).collect::<Vec<_>>(), [6, 5, 4, 3, 2]);
        assert!(!session[goods[0]].less.is_loaded() && !session[goods[0]].note.is_loaded());
        session.load_deferred(goods[0], Good::LESS).await.unwrap();
        session.load_deferred(goods[0], Good::NOTE).await.unwrap();
        assert_eq!(session[goods[0]].less.get(), Some(&4));
        assert_eq!(session[goods[0]].note.get().map(String::as_str), Some("-"));
        session.commit().await.unwrap();
        db.trace.take();

        // Each takes the code of the next one's neighbour.
        for (number, &good) in (0..).zip(&goods) {
            session[good].code = format!("d{}", (number * 2) % 5);
            session[good].price *= 10;
            session[good].tags = Some(vec!["a".to_owned(); number]);
        }
        session.flush().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        assert_eq!(goods.iter().map(|&good| session[good].more).collect::<Vec<_>>(), [51, 41, 31, 21, 11]);
        assert!(!session[goods[0]].less.is_loaded(), "it was computed anew, and can be read again");
        assert_eq!(session.load_deferred(goods[0], Good::LESS).await.unwrap().less.get(), Some(&49));
        session.rollback().await.unwrap();
        assert_eq!(session[goods[0]].less.get(), Some(&4));
        assert_eq!(session[goods[0]].code, "c5");
    }

    /// [FLU-9, STA-3]
    #[case]
    async fn what_was_never_set_is_unset_again_by_a_rollback(db: Db) {
        db.create::<(Item, User)>().await;
        let mut session = db.session();
        let item = session.add(Item::new("pen", 3));
        session.flush().await.unwrap();
        session[item].stars = Some(9);
        session.flush().await.unwrap();
        session.rollback().await.unwrap();
        assert_eq!((session[item].id, session[item].made()), (0, ("", None, 0)));
        let item = session.detach(item).unwrap();
        let item = session.add(item);
        db.trace.take();
        session.commit().await.unwrap();
        assert_says(&db.trace.take_statements()[0], &["(\"name\", \"price\")"]);
        assert_eq!(session[item].made(), ("new", Some(5), 6));
    }

    /// [FLU-9, COM-5]
    #[case]
    async fn a_savepoint_takes_back_its_own(db: Db) {
        db.create::<Item>().await;
        let mut session = db.session();
        let outer = session.add(Item::new("outer", 3));
        let mut nested = session.begin_nested().await.unwrap();
        nested[outer].price = 4;
        let inner = nested.add(Item::new("inner", 5));
        nested.flush().await.unwrap();
        assert_eq!((nested[outer].double, nested[inner].double), (8, 10));
        nested.rollback().await.unwrap();
        assert_eq!((session[outer].made(), session[outer].price), (("new", Some(5), 6), 3));
        assert_eq!(session[inner].made(), ("", None, 0));
        session.commit().await.unwrap();
        assert_eq!(session.rows(Item::select()).await.unwrap().len(), 1);
    }

    /// [FLU-9]
    #[case]
    async fn a_row_of_nothing_but_defaults(db: Db) {
        db.create::<Ticket>().await;
        let mut session = db.session();
        let tickets = session.add_all([Ticket::new(), Ticket::new(), Ticket { number: 8, ..Ticket::new() }]);
        session.commit().await.unwrap();
        let row = if db.backend.is_mysql() { "() VALUES ()" } else { "DEFAULT VALUES" };
        let expected = format!("INSERT INTO tickets {row} RETURNING id, number -- 2 rows");
        assert_statements(&db.trace.take_statements()[..1], &[&expected]);
        let numbers: Vec<_> = tickets.iter().map(|&it| (session[it].id, session[it].number)).collect();
        assert_eq!(numbers, [(1, 7), (2, 7), (3, 8)]);
    }

    /// [FLU-9] `server_default` alone is for others; the session writes what the struct has, and fetches nothing.
    #[case]
    async fn a_default_alone_is_not_fetched(db: Db) {
        db.create::<Plain>().await;
        let mut session = db.session();
        let plain = session.add(Plain::new(0));
        session.commit().await.unwrap();
        assert_eq!(session.load(plain).await.unwrap().number, 0);
        let statements = db.trace.take_statements();
        assert!(!statements[0].contains("RETURNING \"id\", "), "{statements:?}");
    }

    /// [FLU-9, BLK-1] Structs that are inserted in bulk leave out the same.
    #[case]
    async fn bulk_inserts_leave_it_out(db: Db) {
        db.create::<Item>().await;
        let mut session = db.session();
        session.execute(Item::insert().values([Item::new("a", 1), Item::new("b", 2)])).await.unwrap();
        let rows = session.rows(Item::select()).await.unwrap();
        assert!(rows.iter().all(|row| row.made().0 == "new" && row.stars == Some(5)));
        let mixed = [Item::new("c", 1), Item { stars: Some(1), ..Item::new("d", 2) }];
        let error = session.execute(Item::insert().values(mixed)).await.unwrap_err();
        assert_says(error, &["set the same columns", "stars"]);
    }

    /// [FLU-9, FLU-15] In the place of a deleted one.
    #[case]
    async fn what_is_replaced_keeps_or_fetches_it(db: Db) {
        db.create::<Item>().await;
        let mut session = db.session();
        let old = session.add(Item { state: "old".to_owned(), ..Item::new("pen", 3) });
        session.commit().await.unwrap();
        db.trace.take();
        session.delete(old).unwrap();
        let equal = session.add(Item { id: 1, ..Item::new("pen", 3) });
        // Another state was asked for than the default's by nobody.
        session[equal].stars = Some(5);
        session.flush().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        assert_eq!(session[equal].made(), ("old", Some(5), 6));

        session.delete(equal).unwrap();
        let new = session.add(Item { id: 1, ..Item::new("pen", 4) });
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE items SET price = ? WHERE id = ? RETURNING id, state, stars, double"],
        );
        assert_eq!(session[new].made(), ("old", Some(5), 8));
        session.rollback().await.unwrap();
        assert_eq!(session[old].made(), ("old", Some(5), 6));
        assert_eq!(session[new].made(), ("", None, 0));
    }
}
