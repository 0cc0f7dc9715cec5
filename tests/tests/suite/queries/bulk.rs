//! Many rows at once: in one batch, with nothing in memory but what is asked for.

use orm_tests::both_forms;

#[both_forms]
mod bulk {
    use crate::models::{Account, Kinds, Pair, User};
    use orm_tests::prelude::*;
    use orm_tests::{Backend, assert_says};

    fn crowd(count: i32) -> Vec<User> {
        (0..count).map(|number| User { age: Some(number), ..User::new(format!("user {number}")) }).collect()
    }

    /// [BLK-1] N value sets are exactly 1 batch, nothing enters the identity map, and a rollback removes them.
    #[case]
    async fn ten_thousand_rows_are_one_batch(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.flush().await.unwrap();
        db.trace.take();
        let inserted = session.execute(User::insert().values(crowd(10_000))).await.unwrap();
        assert_eq!(inserted.rows_affected(), 10_000);
        let sent = db.trace.take_statements();
        assert_eq!(sent.len(), 1);
        assert!(sent[0].ends_with("-- 10000 rows"), "{}", sent[0]);
        assert_eq!(session.count(User::select()).await.unwrap(), 10_001);
        db.trace.take();
        // Not known: it is read.
        assert!(session.get::<User>(500).await.unwrap().is_some());
        assert_eq!(db.trace.take_statements().len(), 1);
        session.rollback().await.unwrap();
        assert_eq!(session.count(User::select()).await.unwrap(), 0);
        assert!(!session.contains(alice));

        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(
            connection.execute(User::insert().values(crowd(10_000))).await.unwrap().rows_affected(),
            10_000
        );
        let rows = (0..10_000).map(|number: i32| User::values().set(User::NAME, format!("other {number}")));
        db.trace.take();
        assert_eq!(connection.execute(User::insert().values(rows)).await.unwrap().rows_affected(), 10_000);
        assert_eq!(db.trace.take_statements().len(), 1);
        assert_eq!(connection.count(User::select().filter(User::AGE.is_null())).await.unwrap(), 10_000);
        connection.commit().await.unwrap();
    }

    /// [BLK-1] A set that fails takes the others with it, and leaves the transaction open.
    #[case]
    async fn a_batch_is_all_or_nothing(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        let rows = [User::new("a"), User::new("b"), User::new("a")];
        let error = connection.execute(User::insert().values(rows)).await.unwrap_err();
        assert_eq!((error.kind(), error.model()), (ErrorKind::UniqueViolation, Some("User")));
        connection.rollback().await.unwrap();
        assert_eq!(connection.count(User::select()).await.unwrap(), 0);
        let none = User::insert().values(Vec::<User>::new());
        assert_eq!(connection.execute(&none).await.unwrap().rows_affected(), 0);
        let none = connection.all(none.returning(User::entity())).await;
        match db.backend {
            Backend::MySql => assert_eq!(none.unwrap_err().kind(), ErrorKind::Unsupported),
            _ => assert!(none.unwrap().is_empty()),
        }
    }

    /// [BLK-2] Entities come back persistent, in the order of the values; a rollback takes them out again.
    #[case]
    async fn inserted_entities_come_back_in_order(db: Db) {
        db.create::<(User, Account)>().await;
        let mut session = db.session();
        let mut users = crowd(3000);
        users.reverse();
        db.trace.take();
        let found = session.all(User::insert().values(users).returning(User::entity())).await.unwrap();
        // Without RETURNING the rows are read after it.
        let reads = if db.backend == Backend::MySql { 3000_usize.div_ceil(512) - 1 } else { 0 };
        assert_eq!(db.trace.take_statements().len(), 1 + reads);
        for (number, &user) in found.iter().enumerate() {
            assert_eq!(session[user].age, Some(2999 - i32::try_from(number).unwrap()));
        }
        let (first, id) = (found[0], session[found[0]].id);
        assert_eq!(session.get::<User>(id).await.unwrap(), Some(first));
        session[first].age = None;
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        assert_eq!(session.load(first).await.unwrap().age, None);

        let rows = ["z", "a", "m"].map(|code| Account { code: code.to_owned(), balance: 1 });
        let accounts =
            session.all(Account::insert().values(rows).returning(Account::entity())).await.unwrap();
        assert_eq!(accounts.iter().map(|&a| &*session[a].code).collect::<Vec<_>>(), ["z", "a", "m"]);
        session.rollback().await.unwrap();
        assert!(!session.contains(accounts[0]));
        assert!(session.contains(first));
        let account = session.detach(accounts[0]).unwrap();
        assert_eq!(account.code, "z");
    }

    /// [BLK-1] Values of all types travel as they do in a flush.
    #[case]
    async fn values_of_every_type_arrive(db: Db) {
        db.create::<Kinds>().await;
        let mut session = db.session();
        let rows = [Kinds::plain(), Kinds::extreme(), Kinds::plain()];
        let back =
            session.rows(Kinds::insert().values(rows.clone()).returning(Kinds::entity())).await.unwrap();
        for (number, (back, row)) in back.into_iter().zip(rows).enumerate() {
            assert_eq!(back, Kinds { id: i32::try_from(number + 1).unwrap(), ..row });
        }
    }

    /// [BLK-3] Neighbouring sets with the same columns share 1 batch, and loaded entities show the new values.
    #[case]
    async fn updates_by_key_go_group_by_group(db: Db) {
        db.create::<(User, Pair)>().await;
        let mut session = db.session();
        let users = session.add_all(crowd(5));
        session.commit().await.unwrap();
        session.all(User::select()).await.unwrap();
        db.trace.take();
        let set = |id: i64| User::values().set(User::ID, id);
        let sets = || {
            [
                set(3).set(User::AGE, 33),
                set(1).set(User::AGE, None),
                set(2).set(User::NAME, "two"),
                set(5).set(User::NAME, "five").set(User::AGE, 55),
                User::values().set(User::AGE, 44).set(User::NAME, "four").set(User::ID, 4),
            ]
        };
        assert_eq!(session.update_many(sets()).await.unwrap(), 5);
        let sent = db.trace.take_statements();
        assert_eq!((sent.len(), sent[0].ends_with("-- 2 rows")), (3, true), "{sent:?}");
        let ages: Vec<_> = users.iter().map(|&user| session[user].age).collect();
        assert_eq!(ages, [None, Some(1), Some(33), Some(44), Some(55)]);
        assert_eq!((&*session[users[1]].name, &*session[users[3]].name), ("two", "four"));
        session.flush().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        session.rollback().await.unwrap();
        assert_eq!((session[users[0]].age, &*session[users[3]].name), (Some(0), "user 3"));

        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.update_many(sets()).await.unwrap(), 5);
        let names = connection.all(select(User::NAME).order_by(User::ID.asc())).await.unwrap();
        assert_eq!(names, ["user 0", "two", "user 2", "four", "five"]);
        assert_eq!(connection.update_many(Vec::<orm::Values<User>>::new()).await.unwrap(), 0);
    }

    /// [BLK-3] A set without its key is an error before anything is sent, and so is one that cannot be meant; a row that is not
    /// there is stale data, as in a flush.
    #[case]
    async fn wrong_sets_are_refused(db: Db) {
        db.create::<(User, Pair)>().await;
        let mut session = db.session();
        let user = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session.load(user).await.unwrap();
        db.trace.take();
        let set = |id: i64| User::values().set(User::ID, id);
        let (keyless, bare) = (User::values().set(User::AGE, 1), set(1));
        for (sets, words) in [
            (vec![set(1).set(User::AGE, 1), keyless], "set 2 of update_many has no value for users.id"),
            (vec![bare], "nothing but the key"),
            (vec![set(1).set(User::AGE, 1), set(1).set(User::AGE, 2)], "the key of one before it"),
            (vec![set(1).set(User::AGE, User::AGE)], "expression"),
        ] {
            let error = session.update_many(sets).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidQuery);
            assert_says(error, &[words]);
        }
        let pair = Pair::values().set(Pair::A, 1).set(Pair::DATA, "x");
        assert_says(session.update_many([pair]).await.unwrap_err(), &["pairs.b"]);
        assert!(db.trace.take_statements().is_empty());
        let error = session.update_many([1, 77].map(|id| set(id).set(User::AGE, 9))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StaleData);
        session.rollback().await.unwrap();
        assert_eq!(session.load(user).await.unwrap().age, None);
    }

    /// A statement that writes can be a common table expression where the database has such, and a plan can be asked for.
    #[case]
    async fn a_write_is_part_of_a_query(db: Db) {
        db.create::<User>().await;
        let mut connection = db.engine.connect().await.unwrap();
        let insert = User::insert().values(crowd(3)).returning((User::ID, User::NAME));
        connection.explain(User::insert().values(crowd(3))).await.unwrap();
        let moved = cte("moved", insert);
        let query = select(User::NAME.of(&moved)).from(&moved).order_by(User::ID.of(&moved).desc());
        match connection.all(query).await {
            Ok(names) => assert_eq!(names, ["user 2", "user 1", "user 0"]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported),
        }
        let expected = if db.backend == Backend::Postgres { 3 } else { 0 };
        assert_eq!(connection.count(User::select()).await.unwrap(), expected);
    }
}
