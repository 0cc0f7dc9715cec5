//! DELETE … WHERE, below the session and through it.

use orm::delete_from;
use orm::dialect::Sqlite;
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use super::inserts::{audit, check};
use crate::models::{Post, User};

#[test]
fn deletes_as_sql() {
    check(
        User::delete().filter(User::AGE.lt(18)).returning(User::NAME),
        r#"DELETE FROM "users" WHERE "age" < ? RETURNING "name""#,
        r#"DELETE FROM "users" WHERE "age" < $1 RETURNING "name""#,
    );
    check(
        Post::delete().using(User::entity()).filter(Post::AUTHOR_ID.eq(User::ID)).filter(User::NAME.eq("x")),
        r#"DELETE FROM "posts" WHERE ("id") IN (SELECT "posts"."id" FROM "posts", "users" WHERE "posts"."author_id" = "users"."id" AND "users"."name" = ?)"#,
        r#"DELETE FROM "posts" USING "users" WHERE "posts"."author_id" = "users"."id" AND "users"."name" = $1"#,
    );
    let audit = audit();
    check(delete_from(&audit).every_row(), r#"DELETE FROM "audit""#, r#"DELETE FROM "audit""#);
    let error = User::delete().to_sql(&Sqlite).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    assert_says(error, &["delete of users", "no filter", "every_row"]);
}

#[both_forms]
mod deletes {
    use crate::models::{Pair, Post, User};
    use orm_tests::prelude::*;
    use orm_tests::{assert_says, assert_statements};

    async fn people(db: &Db) -> (Session, [Entity<User>; 3]) {
        db.create::<(User, Post, Pair)>().await;
        let mut session = db.session();
        let [a, b, c] = [("Alice", 30), ("Bob", 10), ("Carol", 12)]
            .map(|(name, age)| User { age: Some(age), ..User::new(name) });
        let users = [session.add(a), session.add(b), session.add(c)];
        session.commit().await.unwrap();
        session.all(User::select()).await.unwrap();
        db.trace.take();
        (session, users)
    }

    /// [BLK-5] 1 statement, and loaded matching entities leave the session; a rollback brings them back.
    #[case]
    async fn loaded_entities_leave_with_their_rows(db: Db) {
        let (mut session, [alice, bob, carol]) = people(&db).await;
        session[carol].age = Some(40);
        let delete = User::delete().filter(User::AGE.lt(18));
        assert_eq!(session.execute(&delete).await.unwrap().rows_affected(), 1);
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE users SET age = ? WHERE id = ?", "DELETE FROM users WHERE age < ? RETURNING id"],
        );
        assert!(session.contains(alice) && !session.contains(bob) && session.contains(carol));
        assert_eq!(session.try_get(bob).unwrap_err().kind(), ErrorKind::Detached);
        assert_eq!(session.get::<User>(2).await.unwrap(), None);
        session.rollback().await.unwrap();
        assert!(session.contains(bob));
        assert_eq!((session[bob].age, session[carol].age), (Some(10), Some(12)));
        assert_eq!(session.get::<User>(2).await.unwrap(), Some(bob));

        session.execute(delete).await.unwrap();
        session.commit().await.unwrap();
        session.rollback().await.unwrap();
        assert!(!session.contains(bob) && !session.contains(carol));
        assert_eq!(session.all(User::select()).await.unwrap(), [alice]);
    }

    /// [BLK-5] Without synchronisation loaded entities are left untouched until they are expired.
    #[case]
    async fn a_delete_that_is_not_synchronized_is_not_seen(db: Db) {
        let (mut session, [_, bob, _]) = people(&db).await;
        session.execute(User::delete().filter(User::ID.eq(2)).synchronize(false)).await.unwrap();
        assert_statements(&db.trace.take_statements(), &["DELETE FROM users WHERE id = ?"]);
        assert_eq!(session[bob].name, "Bob");
        session.expire(bob).unwrap();
        assert_eq!(session.load(bob).await.unwrap_err().kind(), ErrorKind::RowGone);
    }

    /// [BLK-5] What was deleted comes back as values and structs, and never as entities.
    #[case]
    async fn deleted_rows_come_back_as_structs(db: Db) {
        let (mut session, [_, bob, carol]) = people(&db).await;
        let delete = |id: i64| User::delete().filter(User::ID.eq(id));
        let error = session.all(delete(2).returning(User::entity())).await.unwrap_err();
        assert_says(&error, &["no entities", "session.rows"]);
        assert!(session.contains(bob));
        let users = session.rows(delete(2).returning(User::entity())).await.unwrap();
        assert_eq!((users[0].name.as_str(), session.contains(bob)), ("Bob", false));
        assert_eq!(session.one(delete(3).returning(User::NAME)).await.unwrap(), "Carol");
        assert!(!session.contains(carol));
    }

    /// [BLK-5] A delete that names another table: by USING, or by a query for the keys, which may be of several columns.
    #[case]
    async fn a_joined_delete_finds_the_same_rows(db: Db) {
        let (mut session, [alice, ..]) = people(&db).await;
        let post = session.add(Post::new("Hello", alice));
        let pairs = [(30, "x"), (31, "x"), (12, "y")];
        let pairs = pairs.map(|(a, b)| session.add(Pair { a, b: b.to_owned(), data: None }));
        let delete = Pair::delete().using(User::entity()).filter(User::AGE.eq(Pair::A));
        assert_eq!(session.execute(delete).await.unwrap().rows_affected(), 2);
        assert_eq!(pairs.map(|pair| session.contains(pair)), [false, true, false]);
        let delete =
            Post::delete().using(User::entity()).filter(Post::AUTHOR_ID.eq(User::ID)).filter(User::ID.eq(1));
        assert_eq!(session.all(delete.returning(Post::TITLE)).await.unwrap(), ["Hello"]);
        assert!(!session.contains(post));
        session.rollback().await.unwrap();
        assert_eq!(session.all(User::select()).await.unwrap().len(), 3);
    }
}
