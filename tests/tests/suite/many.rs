//! Several entities at once.

use orm_tests::prelude::*;
use orm_tests::{assert_says, assert_statements, both_forms};

use crate::models::{Account, Page, Pair, User};

#[both_forms]
mod many {
    use super::*;

    async fn people(db: &Db) -> Session {
        db.create::<(User, Account, Pair, Page)>().await;
        let mut session = db.session();
        session.add_all(["Alice", "Bob", "Carol", "Dave"].map(User::new));
        session.commit().await.unwrap();
        let session = db.session();
        db.trace.take();
        session
    }

    /// [QRY-10] [IDM-1] In the order of the keys; what is loaded costs nothing, all others 1 SELECT, and no row is `None`.
    #[case]
    async fn they_come_in_the_order_of_their_keys(db: Db) {
        let mut session = people(&db).await;
        let bob = session.get_one::<User>(2).await.unwrap();
        db.trace.take();
        let found = session.get_many::<User>([4, 2, 9, 1, 4]).await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["SELECT id, name, age FROM users WHERE id IN (?, ?, ?)"],
        );
        let ids: Vec<_> = found.iter().map(|found| found.map(|user| session[user].id)).collect();
        assert_eq!(ids, [Some(4), Some(2), None, Some(1), Some(4)]);
        assert_eq!((found[1], found[0]), (Some(bob), found[4]));
        assert_eq!(session.get_many::<User>([1, 2, 4]).await.unwrap(), [found[3], found[1], found[0]]);
        assert!(session.get_many::<User>(Vec::<i64>::new()).await.unwrap().is_empty());
        assert!(db.trace.take_statements().is_empty());
    }

    /// [QRY-10] Text keys and keys of several columns.
    #[case]
    async fn keys_of_every_kind(db: Db) {
        let mut session = people(&db).await;
        session.add_all([Account::new("a", 1), Account::new("b", 2)]);
        session.add_all([Pair::new(1, "x"), Pair::new(1, "y")]);
        session.add(Page::new("A", "text"));
        session.commit().await.unwrap();
        let mut session = db.session();
        db.trace.take();
        let accounts = session.get_many::<Account>(["b", "c", "a"]).await.unwrap();
        let balances: Vec<_> =
            accounts.iter().map(|found| found.map(|account| session[account].balance)).collect();
        assert_eq!(balances, [Some(2), None, Some(1)]);
        let keys = [(1, "y".to_owned()), (2, "y".to_owned()), (1, "x".to_owned())];
        let pairs = session.get_many::<Pair>(keys).await.unwrap();
        assert_eq!(pairs.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
        let page = session.get_many::<Page>([1]).await.unwrap()[0].unwrap();
        assert_eq!((session[page].title.as_str(), session[page].body.is_loaded()), ("A", false));
        assert_statements(
            &db.trace.take_statements(),
            &[
                "SELECT code, balance FROM accounts WHERE code IN (?, ?, ?)",
                "SELECT a, b, data FROM pairs WHERE (a = ? AND b = ?) OR (a = ? AND b = ?) OR (a = ? AND b = ?)",
                "SELECT id, title, length FROM pages WHERE id = ?",
            ],
        );
    }

    /// [IDM-4] [FLU-13] Stale and expired ones are read again, what was added is flushed first, what was changed is kept, and what is
    /// gone leaves.
    #[case]
    async fn what_is_not_current_is_read_again(db: Db) {
        let mut session = people(&db).await;
        let users = session.get_many::<User>(1..=4).await.unwrap();
        let users: Vec<_> = users.into_iter().flatten().collect();
        session.commit().await.unwrap();
        db.script("UPDATE users SET age = 9").await;
        db.script("DELETE FROM users WHERE id = 3").await;
        session[users[0]].age = Some(1);
        session.expire(users[1]).unwrap();
        let eve = session.add(User::new("Eve"));
        db.trace.take();
        let found = session.get_many::<User>(1..=5).await.unwrap();
        assert_eq!(found, [Some(users[0]), Some(users[1]), None, Some(users[3]), Some(eve)]);
        let ages: Vec<_> = found.iter().flatten().map(|&user| session[user].age).collect();
        assert_eq!(ages, [Some(1), Some(9), Some(9), None]);
        assert!(!session.contains(users[2]));
        let statements = db.trace.take_statements();
        assert_statements(&statements[2..], &["SELECT id, name, age FROM users WHERE id IN (?, ?, ?, ?)"]);
        session.rollback().await.unwrap();
        assert!(session.contains(users[2]));
    }

    /// [EAG-3] More than one statement takes: one for each 500.
    #[case]
    async fn a_thousand_are_a_few_statements(db: Db) {
        let mut session = people(&db).await;
        session.add_all((0..1200).map(|number| Account::new(format!("a{number}"), number)));
        session.commit().await.unwrap();
        let mut session = db.session();
        db.trace.take();
        let keys = || (0..1201).map(|number| format!("a{number}"));
        let found = session.get_many::<Account>(keys()).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 3);
        assert!(
            (0..).zip(&found[..1200]).all(|(number, account)| session[account.unwrap()].balance == number)
        );
        assert_eq!(found[1200], None);
        session.get_many::<Account>(keys().take(1200)).await.unwrap();
        assert!(db.trace.take_statements().is_empty());
    }

    /// Several structs are changed together, and each is written.
    #[case]
    async fn several_are_borrowed_together(db: Db) {
        let mut session = people(&db).await;
        let users = session.all(User::select().order_by(User::ID.asc())).await.unwrap();
        let new = session.add(User::new("Eve"));
        let [carol, alice, eve] = session.get_many_mut([users[2], users[0], new]).unwrap();
        std::mem::swap(&mut carol.age, &mut alice.age);
        (alice.age, carol.age, eve.age) = (Some(1), Some(3), Some(5));
        assert_eq!(session.dirty::<User>(), [users[2], users[0]]);
        session.commit().await.unwrap();
        let ages: Vec<_> = [users[0], users[1], users[2], new].map(|user| session[user].age).to_vec();
        assert_eq!(ages, [Some(1), None, Some(3), Some(5)]);
        let none: [&mut User; 0] = session.get_many_mut([]).unwrap();
        assert!(none.is_empty());
    }

    /// The same one twice is an error, and so is one that cannot be shown; none of the others counts as changed then.
    #[case]
    async fn the_same_one_cannot_be_borrowed_twice(db: Db) {
        let mut session = people(&db).await;
        let users = session.all(User::select().order_by(User::ID.asc())).await.unwrap();
        let error = session.get_many_mut([users[0], users[1], users[0]]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_says(error, &["User", "twice"]);
        session.expire(users[1]).unwrap();
        let error = session.get_many_mut([users[0], users[1]]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Expired);
        let other = db.session().add(User::new("Other"));
        assert_eq!(session.get_many_mut([users[0], other]).unwrap_err().kind(), ErrorKind::Detached);
        assert!(format!("{session:?}").contains("0 touched"), "{session:?}");
    }
}
