//! Joins of every kind, and groups.

use orm::dialect::{Dialect, Postgres, Sqlite};
use orm::{Executable, Select};
use orm_tests::both_forms;
use orm_tests::prelude::*;

use crate::models::{Post, User};

/// What follows the SELECT list, with plain names; the same on each dialect but for parameters.
#[track_caller]
fn check<S>(query: &Select<S>, expected: &str) {
    let dialects: [(&dyn Dialect, &str); 2] = [(&Sqlite, "?"), (&Postgres, "$1")];
    for (dialect, parameter) in dialects {
        let sql = query.to_sql(dialect).unwrap().to_string().replace(['"', '`'], "");
        let (_, clauses) = sql.split_once(" FROM ").unwrap();
        assert_eq!(clauses, expected.replace('?', parameter), "{}", dialect.name());
    }
}

#[test]
fn joins_in_sql() {
    let on = || Post::entity().on(Post::AUTHOR_ID.eq(User::ID) & Post::TITLE.ne("x"));
    let users = || select(User::NAME);
    let condition = "ON (posts.author_id = users.id AND posts.title <> ?)";
    check(&users().join(on()), &format!("users JOIN posts {condition}"));
    check(&users().left_join(on()), &format!("users LEFT JOIN posts {condition}"));
    check(&users().right_join(on()), &format!("users RIGHT JOIN posts {condition}"));
    check(&users().full_join(on()), &format!("users FULL JOIN posts {condition}"));
    check(&users().cross_join(Post::entity()), "users CROSS JOIN posts");
    check(&users().join(Post::AUTHOR.reverse()), "users JOIN posts ON posts.author_id = users.id");
    check(
        &select(Post::TITLE).left_join(Post::AUTHOR),
        "posts LEFT JOIN users ON posts.author_id = users.id",
    );
    let author = User::alias("author");
    check(
        &select(Post::TITLE).join(Post::AUTHOR.to(author)).filter(User::NAME.of(author).eq("x")),
        "posts JOIN users AS author ON posts.author_id = author.id WHERE author.name = ?",
    );
    check(&users().from(User::entity()).from(Post::entity()), "users, posts");
}

#[test]
fn groups_in_sql() {
    let by_author = || select((Post::AUTHOR_ID, count_all())).group_by(Post::AUTHOR_ID);
    check(&by_author(), "posts GROUP BY author_id");
    check(&by_author().having(count_all().gt(1)), "posts GROUP BY author_id HAVING count(*) > ?");
    check(&by_author().group_by((Post::TITLE, Post::ID)), "posts GROUP BY author_id, title, id");
    check(&by_author().group_by(Post::entity()), "posts GROUP BY author_id, id, title, author_id");
}

#[both_forms]
mod joins {
    use crate::models::{Post, User};
    use orm_tests::assert_says;
    use orm_tests::prelude::*;

    /// Alice has two posts, Bob none.
    async fn people(db: &Db) -> Session {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.add(User::new("Bob"));
        session.add_all([Post::new("Hello", alice), Post::new("Again", alice)]);
        session.commit().await.unwrap();
        db.trace.take();
        session
    }

    fn row(name: &str, title: &str) -> (Option<String>, Option<String>) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        (some(name), some(title))
    }

    /// [QRY-5] Each kind keeps the rows that it promises.
    #[case]
    async fn each_kind_keeps_its_rows(db: Db) {
        let mut session = people(&db).await;
        // The other post belongs to nobody that is asked for.
        let on = || Post::entity().on(Post::AUTHOR_ID.eq(User::ID) & Post::TITLE.ne("Again"));
        let pairs = || {
            let columns = (User::NAME.optional(), Post::TITLE.optional());
            select(columns).order_by((User::NAME.asc().nulls_last(), Post::TITLE.asc().nulls_last()))
        };
        let inner = session.all(pairs().join(on())).await.unwrap();
        assert_eq!(inner, [row("Alice", "Hello")]);
        let left = session.all(pairs().left_join(on())).await.unwrap();
        assert_eq!(left, [row("Alice", "Hello"), row("Bob", "")]);
        let right = session.all(pairs().right_join(on())).await.unwrap();
        assert_eq!(right, [row("Alice", "Hello"), row("", "Again")]);
        let by_key = || Post::entity().on(Post::AUTHOR_ID.eq(User::ID));
        if db.backend.is_mysql() {
            let error = session.all(pairs().full_join(by_key())).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            return;
        }
        let full = session.all(pairs().full_join(by_key())).await.unwrap();
        assert_eq!(full, [row("Alice", "Again"), row("Alice", "Hello"), row("Bob", "")]);
        let cross = session.all(pairs().cross_join(Post::entity())).await.unwrap();
        assert_eq!(cross.len(), 4);
        let both = select((User::entity().optional(), Post::entity().optional())).full_join(by_key());
        let found = session.all(both).await.unwrap();
        assert_eq!(found.iter().filter(|(_, post)| post.is_none()).count(), 1);
        assert_eq!(found.len(), 3);
    }

    /// A group without rows is none, one without a key is one.
    #[case]
    async fn groups(db: Db) {
        let mut session = people(&db).await;
        let counted =
            select((User::NAME, count(Post::ID))).left_join(Post::AUTHOR.reverse()).group_by(User::NAME);
        let all = session.all(counted.clone().order_by(User::NAME)).await.unwrap();
        assert_eq!(all, [("Alice".to_owned(), 2), ("Bob".to_owned(), 0)]);
        let some = session.all(counted.having(count(Post::ID).gt(1))).await.unwrap();
        assert_eq!(some, [("Alice".to_owned(), 2)]);
        let nobody = select(count_all()).from(User::entity()).filter(User::NAME.eq("Zoe"));
        assert_eq!(session.one(nobody.clone()).await.unwrap(), 0);
        assert!(session.all(nobody.group_by(User::NAME)).await.unwrap().is_empty());
    }

    /// The side of a relation that is joined is the one that is not there; if that is not clear, it is an error.
    #[case]
    async fn which_side_is_joined_is_never_guessed(db: Db) {
        let mut session = people(&db).await;
        let twice = select(User::NAME).join(Post::AUTHOR).join(Post::AUTHOR);
        assert_says(session.all(twice).await.unwrap_err(), &["posts", "users", "alias"]);
        let missing = User::select().join(Post::AUTHOR).filter(User::NAME.of(User::alias("other")).eq("x"));
        assert_says(session.all(missing).await.unwrap_err(), &["other", "join other"]);
        assert!(db.trace.take().is_empty());
    }
}
