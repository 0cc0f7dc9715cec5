//! Where pieces of the query language meet.

use orm_tests::both_forms;
use orm_tests::prelude::*;
use rust_decimal::Decimal;

use crate::models::User;

/// Goes with its user.
#[derive(Model, Debug)]
#[model(table = "pets")]
struct Pet {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(on_delete = "cascade")]
    owner: BelongsTo<User>,
}

#[derive(Model, Debug)]
#[model(table = "prices")]
struct Price {
    #[model(key, auto)]
    id: i64,
    amount: Decimal,
}

#[both_forms]
mod together {
    use super::{Pet, Price};
    use crate::models::{Account, Post, User};
    use orm_tests::prelude::*;
    use orm_tests::{Backend, assert_says};
    use rust_decimal::Decimal;

    async fn people(db: &Db) -> (Session, [Entity<User>; 3]) {
        db.create::<(User, Post, Account, Pet, Price)>().await;
        let mut session = db.session();
        let users = ["Alice", "Bob", "Carol"].map(User::new);
        let [a, b, c] = users.map(|user| session.add(User { age: Some(30), ..user }));
        session.add(Post::new("Hello", a));
        session.add(Post::new("Again", a));
        session.add(Post::new("Third", b));
        session.commit().await.unwrap();
        session.all(User::select()).await.unwrap();
        (session, [a, b, c])
    }

    #[case]
    async fn rollback_after_select_of_updated_rows(db: Db) {
        let (_, _) = people(&db).await;
        let mut session = db.session();
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        session.execute(User::update().set(User::AGE, 99).every_row()).await.unwrap();
        let bob = session.get::<User>(2).await.unwrap().unwrap();
        assert_eq!(session[bob].age, Some(99));
        session.rollback().await.unwrap();
        assert_eq!(session[alice].age, Some(30));
        assert_ne!(session.try_get(bob).ok().map(|u| u.age), Some(Some(99)));
    }

    #[case]
    async fn rollback_after_returning_into_expired(db: Db) {
        let (mut session, [alice, ..]) = people(&db).await;
        session.expire(alice).unwrap();
        let found = session
            .all(User::update().set(User::AGE, 99).every_row().returning(User::entity()))
            .await
            .unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!(session[alice].age, Some(99));
        session.rollback().await.unwrap();
        assert_ne!(session.try_get(alice).ok().map(|u| u.age), Some(Some(99)));
    }

    #[case]
    async fn rollback_after_refresh_of_updated(db: Db) {
        let (mut session, [alice, ..]) = people(&db).await;
        session.execute(User::update().set(User::AGE, 99).every_row().synchronize(false)).await.unwrap();
        session.all(User::select().populate_existing()).await.unwrap();
        assert_eq!(session[alice].age, Some(99));
        session.rollback().await.unwrap();
        assert_ne!(session.try_get(alice).ok().map(|u| u.age), Some(Some(99)));
    }

    #[case]
    async fn rollback_after_text_update(db: Db) {
        let (_, _) = people(&db).await;
        let mut session = db.session();
        session.execute(text("UPDATE users SET age = 99")).await.unwrap();
        let bob = session.get::<User>(2).await.unwrap().unwrap();
        assert_eq!(session[bob].age, Some(99));
        session.rollback().await.unwrap();
        assert_ne!(session.try_get(bob).ok().map(|u| u.age), Some(Some(99)));
    }

    #[case]
    async fn rollback_after_text_insert_is_found_by_select(db: Db) {
        let (_, _) = people(&db).await;
        let mut session = db.session();
        session.execute(User::insert().set(User::NAME, "Dora")).await.unwrap();
        let dora = session.one(User::select().filter(User::NAME.eq("Dora"))).await.unwrap();
        session.rollback().await.unwrap();
        assert_eq!(session.try_get(dora).unwrap_err().kind(), ErrorKind::Expired);
        let id = 4i64;
        assert_eq!(session.get::<User>(id).await.unwrap(), None);
        assert!(!session.contains(dora));
    }

    #[case]
    async fn cascade_then_insert_returning(db: Db) {
        let (mut session, [alice, ..]) = people(&db).await;
        session.execute(Post::delete().every_row()).await.unwrap();
        let rex = session.add(Pet::new("Rex", alice));
        session.commit().await.unwrap();
        session.load(rex).await.unwrap();
        session.execute(User::delete().filter(User::ID.eq(1))).await.unwrap();
        let bob = session.get::<User>(2).await.unwrap().unwrap();
        let new = Pet::insert().set(Pet::ID, 1).set(Pet::NAME, "Tom").set(Pet::OWNER_ID, 2);
        let tom = session.one(new.returning(Pet::entity())).await.unwrap();
        assert_eq!(session[tom].name, "Tom");
        let _ = bob;
    }

    #[case]
    async fn a_batch_that_fails_then_commit(db: Db) {
        let (mut session, _) = people(&db).await;
        let rows = [User::new("x"), User::new("y"), User::new("x")];
        session.execute(User::insert().values(rows)).await.unwrap_err();
        let _ = session.commit().await;
        let mut other = db.session();
        assert_eq!(other.count(User::select()).await.unwrap(), 3);
    }

    #[case]
    async fn count_and_exists(db: Db) {
        let (mut session, _) = people(&db).await;
        let authors = || select(Post::AUTHOR_ID).group_by(Post::AUTHOR_ID).having(count_all().gt(1));
        assert_eq!(session.count(authors()).await.unwrap(), 1);
        assert!(session.exists(authors()).await.unwrap());
        assert!(
            !session
                .exists(select(Post::AUTHOR_ID).group_by(Post::AUTHOR_ID).having(count_all().gt(2)))
                .await
                .unwrap()
        );
        assert_eq!(session.count(select(Post::AUTHOR_ID).distinct()).await.unwrap(), 2);
        assert_eq!(session.count(User::select().limit(0)).await.unwrap(), 0);
        assert!(!session.exists(User::select().limit(0)).await.unwrap());
        assert!(!session.exists(User::select().offset(3)).await.unwrap());
        let paged = || User::select().order_by(User::ID).after((1i64,));
        assert_eq!(session.count(paged()).await.unwrap(), 2);
        assert_eq!(session.count(paged().limit(1)).await.unwrap(), 1);
        assert_eq!(
            session.count(User::select().order_by(User::ID).before((3i64,)).limit(1)).await.unwrap(),
            1
        );
        assert_eq!(session.count(User::select().for_update()).await.unwrap(), 3);
        assert!(session.exists(User::select().for_update()).await.unwrap());
        assert_eq!(
            session.count(select((User::ID, Post::ID)).join(Post::AUTHOR.reverse()).limit(9)).await.unwrap(),
            3
        );
        assert_eq!(session.count(select(User::ID).union(select(Post::ID))).await.unwrap(), 3);
        assert_eq!(session.count(select(User::ID).union_all(select(Post::ID)).limit(5)).await.unwrap(), 5);
        assert_eq!(session.count(select(count_all()).from(User::entity())).await.unwrap(), 1);
        assert_eq!(
            session.first(select(User::ID).order_by(User::ID).before((3i64,)).limit(2)).await.unwrap(),
            Some(1)
        );
        assert_eq!(session.first(select(User::ID).limit(0)).await.unwrap(), None);
        let rows = session
            .all(
                User::select()
                    .join(Post::AUTHOR.reverse())
                    .order_by(User::ID)
                    .before((3i64,))
                    .limit(3)
                    .unique(),
            )
            .await
            .unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(session[rows[0]].name, "Alice");
    }

    #[case]
    async fn distinct_on_and_after(db: Db) {
        let (mut session, _) = people(&db).await;
        if db.backend != Backend::Postgres {
            return;
        }
        let firsts = select((Post::AUTHOR_ID, Post::ID))
            .distinct_on(Post::AUTHOR_ID)
            .order_by((Post::AUTHOR_ID, Post::ID));
        assert_eq!(session.all(firsts.clone()).await.unwrap(), [(1, 1), (2, 3)]);
        match session.all(firsts.after((1i64, 1i64))).await {
            Ok(rows) => assert_eq!(rows, [(2, 3)]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidQuery),
        }
    }

    #[case]
    async fn decimals(db: Db) {
        let (mut session, _) = people(&db).await;
        for text in ["1.0", "1.00", "9", "10", "-2"] {
            session.add(Price::new(text.parse::<Decimal>().unwrap()));
        }
        session.commit().await.unwrap();
        let d = |t: &str| t.parse::<Decimal>().unwrap();
        assert_eq!(
            session.all(select(Price::AMOUNT).distinct().order_by(Price::AMOUNT)).await.unwrap().len(),
            4
        );
        assert_eq!(session.all(select(Price::AMOUNT).union(select(Price::AMOUNT))).await.unwrap().len(), 4);
        assert_eq!(
            session.all(select((Price::AMOUNT, count_all())).group_by(Price::AMOUNT)).await.unwrap().len(),
            4
        );
        assert_eq!(session.all(select(Price::AMOUNT + d("0.00")).distinct()).await.unwrap().len(), 4);
        assert_eq!(
            session
                .all(select(Price::ID).filter((Price::AMOUNT + d("0.00")).eq(d("1"))).order_by(Price::ID))
                .await
                .unwrap(),
            [1, 2]
        );
        assert_eq!(
            session
                .all(select(Price::ID).filter(value(d("1")).eq(Price::AMOUNT)).order_by(Price::ID))
                .await
                .unwrap(),
            [1, 2]
        );
        assert_eq!(
            session
                .all(
                    select(Price::ID)
                        .filter(Price::AMOUNT.in_(select(Price::AMOUNT + d("8.00")).filter(Price::ID.eq(1))))
                )
                .await
                .unwrap(),
            [3]
        );
        assert_eq!(
            session.all(select(Price::ID).filter(value(d("9.5")).lt(Price::AMOUNT))).await.unwrap(),
            [4]
        );
        assert_eq!(
            session
                .all(select(Price::ID).filter(value(d("9.5")).lt(value(d("10")))))
                .await
                .map(|v| v.len())
                .unwrap_or(5),
            5
        );
        let s = select((Price::ID, Price::AMOUNT)).subquery("s");
        assert_eq!(
            session
                .all(select(Price::ID.of(&s)).from(&s).filter(Price::AMOUNT.of(&s).gt(d("9.00"))))
                .await
                .unwrap(),
            [4]
        );
        let s = select((Price::ID, (Price::AMOUNT * d("1.00")).label("x"))).subquery("s");
        let x = s.column::<Decimal>("x");
        assert_eq!(
            session.all(select(Price::ID.of(&s)).from(&s).filter(x.clone().gt(d("9.00")))).await.unwrap(),
            [4]
        );
        assert_eq!(
            session.all(select(Price::ID.of(&s)).from(&s).order_by((x, Price::ID.of(&s)))).await.unwrap(),
            [5, 1, 2, 3, 4]
        );
        assert_eq!(session.all(select(max(Price::AMOUNT))).await.unwrap(), [Some(d("10"))]);
    }

    #[case]
    async fn a_stream_keeps_changes(db: Db) {
        let (mut session, [_, _, carol]) = people(&db).await;
        let query = User::select().order_by(User::ID).populate_existing();
        let mut stream = session.stream(query, 1).await.unwrap();
        stream.next().await.unwrap();
        stream[carol].age = Some(5);
        while stream.next().await.unwrap().is_some() {}
        drop(stream);
        assert_eq!(session[carol].age, Some(5));
        session.commit().await.unwrap();
        assert_eq!(session.load(carol).await.unwrap().age, Some(5));
    }

    /// An upsert that sets the key: which row had another one is not known, so that all are read again.
    #[case]
    async fn an_upsert_of_keys(db: Db) {
        let (mut session, [_, _, carol]) = people(&db).await;
        let up =
            User::insert().set(User::NAME, "Carol").on_conflict(User::NAME).do_update().set(User::ID, 77);
        let found = match db.backend {
            Backend::MySql => {
                session.execute(up).await.unwrap();
                session.get_one::<User>(77).await.unwrap()
            }
            _ => session.one(up.returning(User::entity())).await.unwrap(),
        };
        assert_eq!(session[found].id, 77);
        assert_eq!(session.try_get(carol).unwrap_err().kind(), ErrorKind::Expired);
        session.rollback().await.unwrap();
        assert_eq!(session.load(carol).await.unwrap().id, 3);
        assert!(session.try_get(found).is_err());
    }

    /// A row that was read, then changed by a statement and read again, is as it was after a rollback.
    #[case]
    async fn a_stale_entity_after_a_rollback(db: Db) {
        let (mut session, [alice, ..]) = people(&db).await;
        session.commit().await.unwrap();
        session.execute(text("UPDATE users SET age = 99")).await.unwrap();
        session.all(User::select()).await.unwrap();
        assert_eq!(session[alice].age, Some(99));
        session.rollback().await.unwrap();
        assert_eq!(session[alice].age, Some(30));
    }

    /// [QRY-1] [QRY-3] `None` is NULL in a comparison and in a list, also of text.
    #[case]
    async fn none_is_null_in_lists_as_well(db: Db) {
        let (mut session, [alice, bob, carol]) = people(&db).await;
        session[alice].age = Some(30);
        session[bob].age = Some(31);
        session[carol].age = None;
        session.commit().await.unwrap();
        let by_id = User::select().order_by(User::ID);
        let cases: [(orm::Condition, &[Entity<User>]); 5] = [
            (User::AGE.in_([Some(30), None]), &[alice, carol]),
            (User::AGE.not_in([Some(30), None]), &[bob]),
            (User::AGE.in_([None]), &[carol]),
            (!User::AGE.in_([Some(31), None]), &[alice]),
            (User::AGE.eq(None), &[carol]),
        ];
        for (condition, expected) in cases {
            assert_eq!(session.all(by_id.clone().filter(condition)).await.unwrap(), expected);
        }
    }

    /// A lock inside of a union is refused, as no database has it.
    #[case]
    async fn a_union_is_not_locked(db: Db) {
        let (mut session, _) = people(&db).await;
        db.trace.take();
        let locked = select(User::ID).for_update().union(select(Post::ID));
        assert_says(session.all(locked).await.unwrap_err(), &["locks", "union"]);
        assert!(db.trace.take().is_empty());
    }
}
