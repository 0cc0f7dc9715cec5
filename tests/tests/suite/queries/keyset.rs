//! Pages by keys.

use orm::Cursor;
use orm::dialect::{Postgres, Sqlite};
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::User;

/// One direction and no NULL is a comparison of rows; anything else is spelled out, with NULL where the database has it.
#[test]
fn cursors_in_sql() {
    let clauses = |query: orm::Select<i64>| {
        let of = |sql: orm::SqlText| {
            sql.to_string().replace(['"', '`'], "").split_once(" WHERE ").unwrap().1.to_owned()
        };
        [of(query.to_sql(&Sqlite).unwrap()), of(query.to_sql(&Postgres).unwrap())]
    };
    let plain = select(User::ID).order_by((User::NAME.desc(), User::ID.desc())).after(("x", 7i64));
    assert_eq!(
        clauses(plain),
        [
            "(name, id) < (?, ?) ORDER BY name DESC, id DESC",
            "(name, id) < ($1, $2) ORDER BY name DESC, id DESC"
        ]
    );
    let mixed = select(User::ID).order_by((User::AGE, User::ID.desc()));
    assert_eq!(
        clauses(mixed.clone().after((3, 7i64))),
        [
            "(age > ? OR (age = ? AND (id < ?))) ORDER BY age ASC, id DESC",
            "(age > $1 OR age IS NULL OR (age = $2 AND (id < $3))) ORDER BY age ASC, id DESC"
        ]
    );
    assert_eq!(
        clauses(mixed.clone().before((None::<i32>, 7i64)).limit(2)),
        [
            "((age IS NULL AND (id > ?))) ORDER BY age DESC, id ASC LIMIT ? + 0",
            "(age IS NOT NULL OR (age IS NULL AND (id > $1))) ORDER BY age DESC, id ASC LIMIT $2"
        ]
    );
    let error = |query: orm::Select<i64>| query.to_sql(&Sqlite).unwrap_err();
    assert_says(error(mixed.clone().after((3,))), &["2 keys", "1 values"]);
    assert_says(error(mixed.clone().after(("x", 7i64))), &["1. key", "Integer", "text"]);
    assert_says(error(mixed.after((3, None::<i64>))), &["2. key", "BigInt", "NULL"]);
    assert_says(error(select(User::ID).after((3,))), &["order_by"]);
}

/// A cursor comes back from its text; any other text is an error.
#[test]
fn a_cursor_travels_as_text() {
    let query = User::select().order_by((User::AGE, User::NAME, User::ID));
    let cursor = query.cursor(&User { age: Some(-5), ..User::new("grüße/ &?") }).unwrap();
    let text = cursor.to_string();
    assert!(text.chars().all(|letter| letter.is_ascii_alphanumeric()), "{text}");
    assert_eq!(text.parse::<Cursor>().unwrap(), cursor);
    let cut = &text[..text.len() - 2];
    let array = "0a0000000000000000";
    for text in [cut, &text[1..], "zz", "+f", "ff", "é", array, "0500000000000000ff", "05ffffffffffffffff"] {
        assert_eq!(text.parse::<Cursor>().unwrap_err().kind(), ErrorKind::Decode, "{text}");
    }
    assert_says(
        User::select().after("".parse::<Cursor>().unwrap()).to_sql(&Sqlite).unwrap_err(),
        &["order_by"],
    );
    let by_other = User::select().order_by(User::NAME.of(User::alias("x")));
    assert_says(by_other.cursor(&User::new("x")).unwrap_err(), &["User", "tuple"]);
}

#[both_forms]
mod keyset {
    use crate::models::{Post, User};
    use orm::{Cursor, Order, Select};
    use orm_tests::prelude::*;

    async fn people(db: &Db) -> Session {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let ages = [Some(3), None, Some(1), Some(3), Some(2), None, Some(1), Some(3), None];
        for (number, age) in ages.into_iter().enumerate() {
            session.add(User { age, ..User::new(format!("u{number}")) });
        }
        session.commit().await.unwrap();
        session
    }

    fn orders() -> Vec<Vec<Order>> {
        let ages = [
            User::AGE.asc(),
            User::AGE.desc(),
            User::AGE.asc().nulls_first(),
            User::AGE.asc().nulls_last(),
            User::AGE.desc().nulls_first(),
            User::AGE.desc().nulls_last(),
        ];
        let mut orders = vec![vec![User::ID.asc()], vec![User::NAME.desc(), User::ID.desc()]];
        for age in ages {
            orders.push(vec![age.clone(), User::ID.asc()]);
            orders.push(vec![age, User::ID.desc()]);
        }
        orders
    }

    /// Page by page, forwards and backwards, gives the rows of the whole query in its order, whatever the directions and NULLs.
    #[case]
    async fn pages_are_the_whole_in_both_directions(db: Db) {
        let mut session = people(&db).await;
        for order in orders() {
            let query: Select<User> = User::select().order_by(order.clone());
            let whole = session.all(query.clone()).await.unwrap();
            let mut pages = Vec::new();
            let mut page = query.clone().limit(2);
            loop {
                let found = session.all(page).await.unwrap();
                let Some(last) = found.last() else { break };
                let cursor = query.cursor(&session[*last]).unwrap().to_string().parse::<Cursor>().unwrap();
                page = query.clone().after(cursor).limit(2);
                pages.extend(found);
            }
            assert_eq!(pages, whole, "{order:?}");
            let mut back = Vec::new();
            let mut next = *whole.last().unwrap();
            loop {
                let cursor = query.cursor(&session[next]).unwrap();
                let found = session.all(query.clone().before(&cursor).limit(2)).await.unwrap();
                let Some(first) = found.first() else { break };
                next = *first;
                back.splice(0..0, found);
            }
            assert_eq!(back, whole[..8], "{order:?}");
            for (place, user) in whole.iter().enumerate() {
                let cursor = query.cursor(&session[*user]).unwrap();
                assert_eq!(session.all(query.clone().after(&cursor)).await.unwrap(), whole[place + 1..]);
                assert_eq!(session.all(query.clone().before(&cursor)).await.unwrap(), whole[..place]);
            }
        }
    }

    /// Each way to read a page that ends before a cursor gives it in the order of the query.
    #[case]
    async fn a_page_before_a_cursor_is_in_order(db: Db) {
        let mut session = people(&db).await;
        let ids = select(User::ID).order_by(User::ID);
        let page = ids.clone().before((6i64,)).limit(2);
        assert_eq!(session.all(page.clone()).await.unwrap(), [4, 5]);
        assert_eq!(session.rows(page.clone()).await.unwrap(), [4, 5]);
        assert_eq!(session.first(page.clone()).await.unwrap(), Some(4));
        assert_eq!(session.first(ids.clone().before((6i64,))).await.unwrap(), Some(1));
        assert_eq!(session.execute(page.clone()).await.unwrap().all::<i64>().unwrap(), [4, 5]);
        assert_eq!(session.one(ids.clone().before((6i64,)).limit(1)).await.unwrap(), 5);
        session.commit().await.unwrap();
        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.all(page.clone()).await.unwrap(), [4, 5]);
        assert_eq!(connection.first(page.clone()).await.unwrap(), Some(4));
        assert_eq!(connection.stream(page.clone()).await.unwrap_err().kind(), ErrorKind::InvalidQuery);
        assert_eq!(session.stream(page, 1).await.unwrap_err().kind(), ErrorKind::InvalidQuery);
        assert_eq!(session.all(ids.after((7i64,)).filter(User::ID.ne(8))).await.unwrap(), [9]);
    }

    /// A key of an outer join may be NULL though its column is not; a group is found by what it is grouped by.
    #[case]
    async fn joins_and_groups_have_pages_as_well(db: Db) {
        let mut session = people(&db).await;
        session.add(Post::new("x", BelongsTo::key(2)));
        session.add(Post::new("y", BelongsTo::key(2)));
        let query = select((User::ID, Post::ID))
            .left_join(Post::AUTHOR.reverse())
            .order_by((Post::ID.asc().nulls_last(), User::ID));
        let after = query.clone().after((2i64, 2i64)).columns(User::ID);
        assert_eq!(session.all(after).await.unwrap(), [1, 3, 4, 5, 6, 7, 8, 9]);
        let after = query.after((None::<i64>, 8i64)).columns(User::ID);
        assert_eq!(session.all(after).await.unwrap(), [9]);
        let ages = select(User::AGE).group_by(User::AGE).order_by(User::AGE.desc().nulls_last());
        assert_eq!(session.all(ages.after((3,))).await.unwrap(), [Some(2), Some(1), None]);
    }
}
