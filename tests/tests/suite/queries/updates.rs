//! UPDATE … WHERE, below the session and through it.

use orm::dialect::Sqlite;
use orm::update_table;
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use super::inserts::{audit, check};
use crate::models::{Post, User};

#[test]
fn updates_as_sql() {
    check(
        User::update()
            .set(User::AGE, None)
            .set(User::NAME, "x")
            .filter(User::ID.eq(1))
            .filter(User::AGE.gt(3)),
        r#"UPDATE "users" SET "name" = ?, "age" = ? WHERE "id" = ? AND "age" > ?"#,
        r#"UPDATE "users" SET "name" = $1, "age" = $2 WHERE "id" = $3 AND "age" > $4"#,
    );
    check(
        Post::update().set(Post::TITLE, User::NAME).from(User::entity()).filter(Post::AUTHOR_ID.eq(User::ID)),
        r#"UPDATE "posts" SET "title" = "users"."name" FROM "users" WHERE "posts"."author_id" = "users"."id""#,
        r#"UPDATE "posts" SET "title" = "users"."name" FROM "users" WHERE "posts"."author_id" = "users"."id""#,
    );
    let other = User::alias("other");
    check(
        User::update()
            .set(User::AGE, select(User::AGE.of(other)).from(other).filter(User::ID.of(other).eq(1)))
            .every_row()
            .returning((User::ID, User::AGE)),
        r#"UPDATE "users" SET "age" = (SELECT "other"."age" FROM "users" AS "other" WHERE "other"."id" = ?) RETURNING "id", "age""#,
        r#"UPDATE "users" SET "age" = (SELECT "other"."age" FROM "users" AS "other" WHERE "other"."id" = $1) RETURNING "id", "age""#,
    );
    let audit = audit();
    check(
        update_table(&audit)
            .set(audit.column::<i32>("times"), 2)
            .filter(audit.column::<String>("what").eq("x")),
        r#"UPDATE "audit" SET "times" = ? WHERE "what" = ?"#,
        r#"UPDATE "audit" SET "times" = $1 WHERE "what" = $2"#,
    );
}

#[test]
fn mistakes_are_told() {
    let told = |statement: &dyn orm::Executable, words: &[&str]| {
        let error = statement.to_sql(&Sqlite).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_says(error, words);
    };
    told(&User::update().filter(User::ID.eq(1)), &["users", "sets nothing"]);
    told(&User::update().set(User::AGE, 1), &["users", "no filter", "every_row"]);
    told(&User::update().set(User::AGE, 1).filter(None::<orm::Condition>), &["no filter"]);
    told(
        &User::update().set(User::AGE, 1).filter(Post::ID.eq(1)),
        &["posts.id", "posts is not in the statement"],
    );
}

#[both_forms]
mod updates {
    use crate::models::{Account, Pair, Post, User};
    use orm_tests::assert_statements;
    use orm_tests::prelude::*;

    async fn people(db: &Db) -> (Session, [Entity<User>; 3]) {
        db.create::<(User, Post, Pair, Account)>().await;
        let mut session = db.session();
        let users = ["Alice", "Bob", "Carol"].map(User::new);
        let [a, b, c] = users.map(|user| session.add(User { age: Some(30), ..user }));
        session.add(Post::new("Hello", a));
        session.add(Post::new("Again", a));
        session.commit().await.unwrap();
        session.all(User::select()).await.unwrap();
        db.trace.take();
        (session, [a, b, c])
    }

    /// [BLK-4] 1 statement, the right row count, and loaded matching entities show the new values with no further statement and
    /// are not dirty.
    #[case]
    async fn loaded_entities_show_an_update(db: Db) {
        let (mut session, [alice, bob, carol]) = people(&db).await;
        session[carol].age = Some(5);
        let update = User::update().set(User::AGE, 31).filter(User::AGE.eq(30));
        let updated = session.execute(&update).await.unwrap();
        assert_eq!((updated.rows_affected(), updated.columns().len()), (2, 0));
        assert_statements(
            &db.trace.take_statements(),
            &[
                "UPDATE users SET age = ? WHERE id = ?",
                "UPDATE users SET age = ? WHERE age = ? RETURNING id, age",
            ],
        );
        assert_eq!([alice, bob, carol].map(|user| session[user].age), [Some(31), Some(31), Some(5)]);
        session.commit().await.unwrap();
        assert_eq!([alice, bob, carol].map(|user| session[user].age), [Some(31), Some(31), Some(5)]);
        assert!(db.trace.take_statements().is_empty());
        assert_eq!(session.load(alice).await.unwrap().age, Some(31));
        // Nobody is loaded in another session: nothing is asked for.
        db.trace.take();
        let mut other = db.session();
        assert_eq!(other.execute(update).await.unwrap().rows_affected(), 0);
        assert_statements(&db.trace.take_statements(), &["UPDATE users SET age = ? WHERE age = ?"]);
    }

    /// [BLK-4] A rollback puts values back, also those that were changed by hand before and after.
    #[case]
    async fn a_rollback_undoes_an_update_in_memory(db: Db) {
        let (mut session, [alice, bob, _]) = people(&db).await;
        session[alice].name = "Alicia".to_owned();
        session.execute(User::update().set(User::AGE, 40).filter(User::NAME.starts_with("A"))).await.unwrap();
        assert_eq!((session[alice].name.as_str(), session[alice].age), ("Alicia", Some(40)));
        session[alice].age = Some(41);
        session.execute(User::update().set(User::NAME, "Bobby").filter(User::ID.eq(2))).await.unwrap();
        assert_eq!(session[bob].name, "Bobby");
        session.rollback().await.unwrap();
        assert_eq!((session[alice].name.as_str(), session[alice].age), ("Alice", Some(30)));
        assert_eq!(session[bob].name, "Bob");
        db.trace.take();
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
    }

    /// [BLK-4] A statement that fails changes nothing in memory.
    #[case]
    async fn a_failed_update_changes_nothing(db: Db) {
        let (mut session, users) = people(&db).await;
        let error = session.execute(User::update().set(User::NAME, "same").every_row()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UniqueViolation);
        assert_eq!(users.map(|user| session[user].name.clone()), ["Alice", "Bob", "Carol"]);
        session.rollback().await.unwrap();
        assert_eq!(users.map(|user| session[user].name.clone()), ["Alice", "Bob", "Carol"]);
    }

    /// [BLK-5] Without synchronisation entities keep their values until they are expired.
    #[case]
    async fn an_update_that_is_not_synchronized_is_not_seen(db: Db) {
        let (mut session, [alice, ..]) = people(&db).await;
        let update = User::update().set(User::AGE, 50).every_row().synchronize(false);
        assert_eq!(session.execute(update).await.unwrap().rows_affected(), 3);
        assert_statements(&db.trace.take_statements(), &["UPDATE users SET age = ?"]);
        assert_eq!(session[alice].age, Some(30));
        session.expire(alice).unwrap();
        assert_eq!(session.load(alice).await.unwrap().age, Some(50));
    }

    /// [BLK-4] An update that names another table, and returns what it has written.
    #[case]
    async fn a_joined_update_returns_rows(db: Db) {
        let (mut session, [alice, ..]) = people(&db).await;
        let posts = session.all(Post::select().order_by(Post::ID.asc())).await.unwrap();
        let update = Post::update()
            .set(Post::TITLE, User::NAME)
            .from(User::entity())
            .filter(Post::AUTHOR_ID.eq(User::ID))
            .filter(Post::TITLE.eq("Again"));
        let titles = session.all(update.clone().returning((Post::ID, Post::TITLE))).await.unwrap();
        assert_eq!(titles, [(2, "Alice".to_owned())]);
        assert_eq!(posts.iter().map(|&post| &*session[post].title).collect::<Vec<_>>(), ["Hello", "Alice"]);
        let grow = User::update().set(User::AGE, 99).filter(User::NAME.eq("Alice")).returning(User::entity());
        assert_eq!(session.one(grow).await.unwrap(), alice);
        assert_eq!(session[alice].age, Some(99));
        // An entity that is met by an update which is undone is read again.
        session.commit().await.unwrap();
        let mut other = db.session();
        let grow = User::update().set(User::AGE, 1).filter(User::NAME.eq("Bob")).returning(User::entity());
        let bob = other.one(grow).await.unwrap();
        assert_eq!(other[bob].age, Some(1));
        other.rollback().await.unwrap();
        assert_eq!(other.load(bob).await.unwrap().age, Some(30));
        other.commit().await.unwrap();
        let mut connection = db.engine.connect().await.unwrap();
        assert_eq!(connection.execute(update).await.unwrap().rows_affected(), 0);
    }

    /// [BLK-4] An update of keys takes loaded entities along, with one query more.
    #[case]
    async fn an_update_of_keys_moves_identities(db: Db) {
        let (mut session, _) = people(&db).await;
        let [one, two] = [("a", 1), ("b", 2)]
            .map(|(code, balance)| session.add(Account { code: code.to_owned(), balance }));
        let pair = session.add(Pair { a: 1, b: "x".to_owned(), data: None });
        session.commit().await.unwrap();
        session.all(Account::select()).await.unwrap();
        db.trace.take();
        let name = select(User::NAME).from(User::entity()).filter(User::ID.eq(Account::BALANCE));
        session.execute(Account::update().set(Account::CODE, name).every_row()).await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 2);
        assert_eq!((session[one].code.as_str(), session[two].code.as_str()), ("Alice", "Bob"));
        assert_eq!(session.get::<Account>("Bob".to_owned()).await.unwrap(), Some(two));
        assert!(db.trace.take_statements().is_empty());
        assert_eq!(session.get::<Account>("b".to_owned()).await.unwrap(), None);
        session
            .execute(Pair::update().set(Pair::A, 9).set(Pair::DATA, "d").filter(Pair::B.eq("x")))
            .await
            .unwrap();
        assert_eq!(session.get::<Pair>((9, "x".to_owned())).await.unwrap(), Some(pair));
        assert_eq!(session[pair].data.as_deref(), Some("d"));
        session.rollback().await.unwrap();
        assert_eq!((session[one].code.as_str(), session[pair].a), ("a", 1));
        assert_eq!(session.get::<Account>("b".to_owned()).await.unwrap(), Some(two));
        assert_eq!(session.get::<Pair>((1, "x".to_owned())).await.unwrap(), Some(pair));
    }
}
