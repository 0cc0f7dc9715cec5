//! Many new rows on SQLite, which are inserted by statements for many where that is faster: their keys, and what comes in between.

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

#[derive(orm::Model, Debug)]
#[model(table = "coins")]
struct Coin {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    worth: i32,
}

#[derive(orm::Model, Debug)]
#[model(table = "notes")]
struct Note {
    #[model(key, auto(no_reuse))]
    id: i64,
    text: String,
}

/// Names in an order that no index and no sort would give.
fn names(count: i32) -> impl Iterator<Item = Coin> {
    (0..count).map(move |number| Coin::new(format!("{:03}", (number * 7919) % count), number))
}

#[both_forms]
mod blocks {
    use super::*;

    /// Adds so many, and looks whether each entity has the key of its row.
    async fn add(db: &Db, count: i32) -> Vec<i64> {
        let mut session = db.session();
        let coins = session.add_all(names(count));
        session.commit().await.unwrap();
        let mut other = db.session();
        for &coin in &coins {
            let stored = other.one(Coin::select().filter(Coin::NAME.eq(&session[coin].name))).await.unwrap();
            assert_eq!((other[stored].id, other[stored].worth), (session[coin].id, session[coin].worth));
        }
        coins.iter().map(|&coin| session[coin].id).collect()
    }

    /// [FLU-6] Whatever is left over.
    #[case(sqlite)]
    async fn any_number(db: Db) {
        db.create::<Coin>().await;
        for count in [63, 64, 65, 66, 128, 129, 130, 300] {
            assert!(add(&db, count).await.is_sorted_by(|a, b| a + 1 == *b));
            db.script("DELETE FROM coins").await;
        }
    }

    /// [FLU-6] A trigger inserts into another table, which has numbers of its own.
    #[case(sqlite)]
    async fn a_trigger_that_keeps_a_log(db: Db) {
        db.create::<(Coin, Note)>().await;
        db.script("INSERT INTO notes (id, text) VALUES (1000, 'first')").await;
        db.script(
            "CREATE TRIGGER log AFTER INSERT ON coins BEGIN INSERT INTO notes (text) VALUES (new.name); END",
        )
        .await;
        assert!(add(&db, 200).await.is_sorted_by(|a, b| a + 1 == *b));
        assert_eq!(db.session().count(Note::select()).await.unwrap(), 201);
    }

    /// [FLU-6] A trigger takes numbers in between, of each row or of some.
    #[case(sqlite)]
    async fn a_trigger_that_inserts_rows_of_the_same_table(db: Db) {
        for condition in ["new.worth >= 0", "new.worth = 0", "new.worth IN (70, 199)", "new.worth = 150"] {
            db.create::<Coin>().await;
            db.script(&format!(
                "CREATE TRIGGER twin AFTER INSERT ON coins WHEN {condition} AND new.name NOT LIKE 'twin%'
                 BEGIN INSERT INTO coins (name, worth) VALUES ('twin of ' || new.name, -1); END"
            ))
            .await;
            let keys = add(&db, 200).await;
            assert!(keys.is_sorted_by(|a, b| a < b), "{condition}");
            let twins = db.session().count(Coin::select().filter(Coin::WORTH.eq(-1))).await.unwrap();
            let expected =
                if condition == "new.worth >= 0" { 200 } else { condition.matches(',').count() + 1 };
            assert_eq!(usize::try_from(twins).unwrap(), expected, "{condition}");
            db.script("DROP TABLE coins").await;
        }
    }

    /// [FLU-6] A trigger takes new rows away again, so that their numbers are given once more.
    #[case(sqlite)]
    async fn a_trigger_that_deletes_rows_of_the_same_table(db: Db) {
        db.create::<Coin>().await;
        db.script(
            "CREATE TRIGGER gone AFTER INSERT ON coins WHEN new.worth % 50 = 49
             BEGIN DELETE FROM coins WHERE id = new.id; END",
        )
        .await;
        let mut session = db.session();
        let coins = session.add_all(names(200));
        session.commit().await.unwrap();
        let left = coins.iter().filter_map(|&coin| session.try_get(coin).ok());
        let keys: Vec<_> = left.map(|coin| (coin.id, coin.worth)).collect();
        for coin in db.session().rows(Coin::select()).await.unwrap() {
            assert!(keys.contains(&(coin.id, coin.worth)));
        }
    }

    /// [FLU-6] SQLite picks numbers at random when the highest one there is has been taken.
    #[case(sqlite)]
    async fn no_higher_numbers_are_left(db: Db) {
        for last in [i64::MAX, i64::MAX - 1, i64::MAX - 30, i64::MAX - 100] {
            db.create::<Coin>().await;
            db.script(&format!("INSERT INTO coins (id, name, worth) VALUES ({last}, 'last', 0)")).await;
            add(&db, 200).await;
            db.script("DROP TABLE coins").await;
        }
    }

    /// [DDL-6] Numbers that were used once are not given again.
    #[case(sqlite)]
    async fn numbers_go_on_where_they_were(db: Db) {
        db.create::<Note>().await;
        db.script("INSERT INTO notes (id, text) VALUES (500, 'gone'); DELETE FROM notes").await;
        let mut session = db.session();
        let notes = session.add_all((0..200).map(|number| Note::new(number.to_string())));
        session.commit().await.unwrap();
        let keys: Vec<_> = notes.iter().map(|&note| session[note].id).collect();
        assert_eq!(keys, (501..701).collect::<Vec<_>>());
    }

    /// [FLU-6] Values that are long are not held twice, many at a time.
    #[case(sqlite)]
    async fn long_values(db: Db) {
        db.create::<Note>().await;
        let text = |number: usize| number.to_string().repeat(if number % 100 > 90 { 20_000 } else { 3 });
        let mut session = db.session();
        let notes = session.add_all((0..300).map(|number| Note::new(text(number))));
        session.commit().await.unwrap();
        let stored = session.rows(Note::select().order_by(Note::ID)).await.unwrap();
        for (number, (note, &entity)) in stored.iter().zip(&notes).enumerate() {
            assert!((note.id, &note.text) == (session[entity].id, &text(number)), "{number}");
        }
        assert_eq!(stored.len(), 300);
    }

    /// [ERR-1] [COM-8] One row of many cannot be inserted.
    #[case(sqlite)]
    async fn a_row_that_is_refused(db: Db) {
        db.create::<Coin>().await;
        let mut session = db.session();
        let first = session.add(Coin::new("150", 0));
        session.flush().await.unwrap();
        let mut nested = session.begin_nested().await.unwrap();
        nested.add_all(names(200));
        let error = nested.commit().await.unwrap_err();
        assert!(error.is_unique_violation());
        assert_says(error, &["Coin", "coins.name"]);
        session.add_all(names(100));
        session.commit().await.unwrap();
        assert_eq!(session.count(Coin::select()).await.unwrap(), 101);
        assert_eq!(session[first].id, 1);
    }

    /// [BLK-1] Statements that insert many.
    #[case(sqlite)]
    async fn statements_of_many_rows(db: Db) {
        db.create::<Coin>().await;
        let mut session = db.session();
        let few = Coin::insert().values(names(50));
        assert_eq!(session.execute(few).await.unwrap().rows_affected(), 50);
        let all = || Coin::insert().values(names(300));
        assert!(session.execute(all()).await.unwrap_err().is_unique_violation());
        session.rollback().await.unwrap();
        assert_eq!(session.execute(all()).await.unwrap().rows_affected(), 300);
        assert_eq!(session.execute(all().or_ignore()).await.unwrap().rows_affected(), 0);
        session.commit().await.unwrap();
        let stored = session.rows(Coin::select().order_by(Coin::ID)).await.unwrap();
        for (stored, wanted) in stored.iter().zip(names(300)) {
            assert_eq!((&stored.name, stored.worth), (&wanted.name, wanted.worth));
        }
        assert_eq!(stored.len(), 300);
    }
}
