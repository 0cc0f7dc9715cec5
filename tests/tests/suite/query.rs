//! Filters, orders and slices over typed columns.

use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};

use crate::models::{Post, User};

#[both_forms]
mod query {
    use super::*;

    async fn people(db: &Db) -> Session {
        db.create::<User>().await;
        let mut session = db.session();
        let people = [
            ("Alice", Some(30)),
            ("Bob", Some(25)),
            ("al_ice", None),
            ("100%", Some(40)),
            ("100\\", Some(40)),
        ];
        session.add_all(people.map(|(name, age)| User { age, ..User::new(name) }));
        session.commit().await.unwrap();
        session
    }

    async fn names(session: &mut Session, query: orm::Select<User>) -> Vec<String> {
        let rows = session.rows(query.order_by(User::ID.asc())).await.unwrap();
        rows.into_iter().map(|user| user.name).collect()
    }

    /// [QRY-1]
    #[case]
    async fn filters(db: Db) {
        let mut session = people(&db).await;
        let session = &mut session;
        let all = User::select;
        assert_eq!(names(session, all().filter(User::AGE.gt(28))).await, ["Alice", "100%", "100\\"]);
        assert_eq!(names(session, all().filter(User::AGE.ge(30)).filter(User::AGE.le(30))).await, ["Alice"]);
        assert_eq!(
            names(session, all().filter(User::AGE.lt(26).or(User::NAME.eq("Alice")))).await,
            ["Alice", "Bob"]
        );
        assert_eq!(names(session, all().filter(User::AGE.gt(28).and(User::AGE.ne(40)))).await, ["Alice"]);
        assert_eq!(names(session, all().filter(!User::AGE.gt(28))).await, ["Bob"]);
        let or = (User::AGE.lt(26) | User::NAME.eq("Alice")) & User::AGE.eq(Some(30));
        assert_eq!(names(session, all().filter(or)).await, ["Alice"]);
        assert_eq!(names(session, all().filter(User::AGE.eq(None))).await, ["al_ice"]);
        assert_eq!(names(session, all().filter(User::AGE.ne(None))).await.len(), 4);
        assert_eq!(names(session, all().filter(User::AGE.is_null())).await, ["al_ice"]);
        assert_eq!(names(session, all().filter(User::AGE.is_not_null())).await.len(), 4);
        assert_eq!(names(session, all().filter(User::AGE.between(25, 30))).await, ["Alice", "Bob"]);
        assert_eq!(names(session, all().filter(User::NAME.eq(User::NAME))).await.len(), 5);
    }

    /// [QRY-2]
    #[case]
    async fn slices(db: Db) {
        let mut session = people(&db).await;
        let by_name =
            || User::select().order_by(User::AGE.desc()).order_by(User::NAME.asc()).filter(User::AGE.gt(0));
        let mut slice = async |query| {
            let rows: Vec<User> = session.rows(query).await.unwrap();
            rows.into_iter().map(|user| user.name).collect::<Vec<_>>()
        };
        assert_eq!(slice(by_name()).await, ["100%", "100\\", "Alice", "Bob"]);
        assert_eq!(slice(by_name().limit(2)).await, ["100%", "100\\"]);
        assert_eq!(slice(by_name().limit(1).offset(2)).await, ["Alice"]);
        assert_eq!(slice(by_name().offset(3)).await, ["Bob"]);
        assert_eq!(slice(by_name().limit(0)).await, [""; 0]);
        assert_eq!(slice(by_name().limit(4).offset(0)).await.len(), 4);
        db.trace.take();
        session.first(by_name()).await.unwrap().unwrap();
        assert_says(db.trace.take().last().unwrap(), &[" LIMIT "]);
    }

    /// [QRY-3]
    #[case]
    async fn lists(db: Db) {
        let mut session = people(&db).await;
        let none: [i32; 0] = [];
        assert_eq!(
            names(&mut session, User::select().filter(User::AGE.in_([25, 30]))).await,
            ["Alice", "Bob"]
        );
        assert_eq!(names(&mut session, User::select().filter(User::AGE.in_(none))).await.len(), 0);
        assert_eq!(names(&mut session, User::select().filter(User::AGE.not_in(none))).await.len(), 5);
        assert_eq!(names(&mut session, User::select().filter(User::NAME.not_in(["Bob"]))).await.len(), 4);
        // The same of lists so long that a database may take them as one array; some ages are NULL.
        let ages = |with: Option<i32>| (100..120).map(Some).chain([Some(30), with]);
        let mut count = async |filter| names(&mut session, User::select().filter(filter)).await.len();
        let null = count(User::AGE.is_null()).await;
        assert_eq!(count(User::AGE.in_(ages(Some(31)))).await, count(User::AGE.eq(30)).await);
        assert_eq!(count(User::AGE.in_(ages(None))).await, count(User::AGE.eq(30)).await + null);
        assert_eq!(count(User::AGE.not_in(ages(Some(31)))).await, count(User::AGE.ne(30)).await);
        assert_eq!(count(User::AGE.not_in(ages(None))).await, count(User::AGE.ne(30)).await);
        let hostile = ["'; DROP TABLE users; --", "Bob"];
        assert_eq!(names(&mut session, User::select().filter(User::NAME.in_(hostile))).await, ["Bob"]);
    }

    /// [QRY-4]
    #[case]
    async fn searches_take_nothing_for_a_wildcard(db: Db) {
        let mut session = people(&db).await;
        let session = &mut session;
        assert_eq!(names(session, User::select().filter(User::NAME.contains("l_i"))).await, ["al_ice"]);
        assert_eq!(names(session, User::select().filter(User::NAME.ends_with("%"))).await, ["100%"]);
        assert_eq!(names(session, User::select().filter(User::NAME.ends_with("\\"))).await, ["100\\"]);
        assert_eq!(names(session, User::select().filter(User::NAME.starts_with("Al"))).await, ["Alice"]);
        assert_eq!(
            names(session, User::select().filter(User::NAME.like("%_ice"))).await,
            ["Alice", "al_ice"]
        );
    }

    /// [RES-5] for entities.
    #[case]
    async fn one_row_or_an_error(db: Db) {
        let mut session = people(&db).await;
        let alice = session.one(User::select().filter(User::NAME.eq("Alice"))).await.unwrap();
        assert_eq!(session[alice].age, Some(30));
        let none = session.one(User::select().filter(User::NAME.eq("Zoe"))).await.unwrap_err();
        assert_eq!(none.kind(), ErrorKind::NoResult);
        assert_says(none, &["found no row", "users"]);
        let many = session.one(User::select()).await.unwrap_err();
        assert_eq!(many.kind(), ErrorKind::MultipleResults);
        assert_eq!(session.one_or_none(User::select().filter(User::NAME.eq("Zoe"))).await.unwrap(), None);
        assert_eq!(session.one_or_none(User::select()).await.unwrap_err().kind(), ErrorKind::MultipleResults);
        assert_eq!(session.first(User::select().filter(User::NAME.eq("Zoe"))).await.unwrap(), None);
    }

    /// A query is a value.
    #[case]
    async fn a_query_is_built_step_by_step(db: Db) {
        let mut session = people(&db).await;
        let base = User::select().filter(User::AGE.is_not_null());
        let mut narrow = base.clone();
        for (column_is_wanted, age) in [(true, 26), (false, 100)] {
            if column_is_wanted {
                narrow = narrow.filter(User::AGE.gt(age));
            }
        }
        assert_eq!(names(&mut session, base).await.len(), 4);
        assert_eq!(names(&mut session, narrow).await.len(), 3);
    }

    /// A column of a table that is not there is named, and nothing is sent.
    #[case]
    async fn a_column_of_another_table_is_refused(db: Db) {
        let mut session = people(&db).await;
        db.trace.take();
        let error = session.all(User::select().filter(Post::TITLE.eq("Hello"))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_says(error, &["posts.title", "users", "join posts"]);
        assert!(db.trace.take().is_empty());
    }
}
