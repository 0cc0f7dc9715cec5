//! `session.set`: expressions and values that the next flush writes.

use orm_tests::prelude::*;
use orm_tests::{Backend, assert_says, assert_statements, both_forms};

use crate::models::{Account, Pair, Post, User};

#[derive(Model, Debug)]
#[model(table = "pages")]
struct Page {
    #[model(key, auto)]
    id: i64,
    title: String,
    #[model(default = 0)]
    hits: i32,
    #[model(generated = "hits * 10")]
    score: i32,
    body: Deferred<Option<String>>,
    place: Spot,
}

#[derive(Embedded, Debug, PartialEq, Clone)]
struct Spot {
    row: i32,
    seat: Option<i32>,
}

impl Page {
    fn titled(title: &str) -> Self {
        Self { hits: 5, ..Self::new(title, Spot { row: 1, seat: None }) }
    }
}

#[derive(Model, Debug)]
#[model(table = "counters")]
struct Counter {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(default = 0)]
    count: i64,
    #[model(version)]
    version: i32,
}

#[both_forms]
mod assigned {
    use super::*;

    /// [FLU-11, A7]
    #[case]
    async fn an_expression_is_in_the_update(db: Db) {
        db.create::<Page>().await;
        let mut session = db.session();
        let page = session.add(Page::titled("a"));
        session.commit().await.unwrap();
        db.script("UPDATE pages SET hits = 100").await;
        db.trace.take();
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        assert_eq!(session[page].hits, 5, "what is known until the flush");
        assert!(session.is_modified(page) && session.has_changes());
        assert_eq!(session.dirty::<Page>(), [page]);
        session[page].title = "b".to_owned();
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE pages SET title = ?, hits = hits + ? WHERE id = ? RETURNING id, hits, score"],
        );
        assert_eq!((session[page].hits, session[page].score), (101, 1010));
        assert!(!session.is_modified(page) && !session.has_changes());
        session.flush().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        session.rollback().await.unwrap();
        assert_eq!((session[page].hits, session[page].score), (5, 50));
        assert_eq!(session.rows(Page::select()).await.unwrap()[0].hits, 100);
    }

    /// [FLU-11] Any expression, of the row or of other tables.
    #[case]
    async fn any_expression_will_do(db: Db) {
        db.create::<(Page, User)>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30), ('Bob', NULL)").await;
        let mut session = db.session();
        let page = session.add(Page::titled("Title"));
        let users = session.all(User::select().order_by(User::ID.asc())).await.unwrap();
        session.set(page, Page::HITS, 3).unwrap();
        session.flush().await.unwrap();
        session.set(page, Page::TITLE, orm::functions::lower(Page::TITLE)).unwrap();
        session.set(page, Page::PLACE.at(Spot::SEAT), Page::HITS * 2).unwrap();
        session.set(page, Page::BODY, Some("text".to_owned())).unwrap();
        session.set(users[0], User::AGE, User::AGE + 1).unwrap();
        session.set(users[1], User::AGE, coalesce(User::AGE, 7)).unwrap();
        db.trace.take();
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 3);
        let page = &session[page];
        assert_eq!((page.title.as_str(), page.place.clone()), ("title", Spot { row: 1, seat: Some(6) }));
        assert_eq!(page.body.get(), Some(&Some("text".to_owned())));
        assert_eq!((session[users[0]].age, session[users[1]].age), (Some(31), Some(7)));
    }

    /// [FLU-11] A value is the same as an assignment.
    #[case]
    async fn a_value_is_an_assignment(db: Db) {
        db.create::<(User, Post)>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("a"), User::new("b"), User::new("c")]);
        let post = session.add(Post::new("p", users[0]));
        session.set(users[0], User::NAME, "Alice").unwrap();
        assert_eq!(session[users[0]].name, "Alice");
        session.commit().await.unwrap();
        db.trace.take();
        for &user in &users {
            session.set(user, User::AGE, 7).unwrap();
            assert_eq!(session[user].age, Some(7));
        }
        session.set(users[2], User::AGE, None).unwrap();
        session.set(post, Post::AUTHOR_ID, 2).unwrap();
        assert!(!session.is_modified(users[2]), "that is what it was");
        session.commit().await.unwrap();
        let statements = db.trace.take_statements();
        assert_eq!(statements.len(), 2, "{statements:?}");
        assert_says(&statements[0], &["2 rows"]);
        assert_eq!(session[post].author.get(), Some(&2));
    }

    /// [FLU-11] The last one counts.
    #[case]
    async fn the_last_one_wins(db: Db) {
        db.create::<Page>().await;
        let mut session = db.session();
        let page = session.add(Page::titled("a"));
        session.commit().await.unwrap();
        db.trace.take();

        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.set(page, Page::HITS, Page::HITS + 10).unwrap();
        session.flush().await.unwrap();
        assert_eq!(session[page].hits, 15);

        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.set(page, Page::HITS, 3).unwrap();
        session.flush().await.unwrap();
        assert_eq!(session[page].hits, 3);

        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session[page].hits = 8;
        session.flush().await.unwrap();
        assert_eq!(session[page].hits, 8);

        session[page].hits = 20;
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.flush().await.unwrap();
        assert_eq!(session[page].hits, 9);

        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.set(page, Page::HITS, 9).unwrap();
        db.trace.take();
        session.flush().await.unwrap();
        assert!(db.trace.take_statements().is_empty(), "it is what it was");
        assert_eq!(session.rows(Page::select()).await.unwrap()[0].hits, 9);
    }

    /// [EXP-5]
    #[case]
    async fn an_expired_entity_is_set_without_being_read(db: Db) {
        db.create::<(User, Pair)>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30), ('Bob', 40), ('Carol', 50)").await;
        db.script("INSERT INTO pairs (a, b, data) VALUES (1, 'x', 'old')").await;
        let mut session = db.session();
        let alice = session.get_one::<User>(1).await.unwrap();
        session.expire(alice).unwrap();
        let bob = session.reference::<User>(2).unwrap();
        let pair = session.reference::<Pair>((1, "x".to_owned())).unwrap();
        db.trace.take();
        session.set(bob, User::AGE, 41).unwrap();
        session.set(alice, User::AGE, 31).unwrap();
        session.set(pair, Pair::DATA, None).unwrap();
        assert!(session.is_modified(bob) && session.has_changes());
        assert_eq!(session.dirty::<User>(), [alice, bob]);
        assert_eq!(session.history(bob).unwrap().of(User::AGE), Some((None, Some(Some(41)))));
        assert_eq!(session.try_get(bob).unwrap_err().kind(), ErrorKind::NotLoaded);
        session.flush().await.unwrap();
        let expected = match db.backend {
            Backend::Sqlite | Backend::MariaDb | Backend::MySql => {
                "UPDATE users SET age = ? WHERE id = ? -- 2 rows"
            }
            Backend::Postgres => {
                "UPDATE users AS t SET age = v.c0 FROM unnest(?::integer[], ?::bigint[]) AS v(c0, k0) WHERE t.id = v.k0 -- 2 rows"
            }
        };
        assert_statements(
            &db.trace.take_statements(),
            &[expected, "UPDATE pairs SET data = ? WHERE a = ? AND b = ?"],
        );
        assert_eq!(session.load(alice).await.unwrap().age, Some(31));
        assert_eq!(session.load(bob).await.unwrap(), &User { id: 2, name: "Bob".to_owned(), age: Some(41) });
        session.rollback().await.unwrap();
        assert_eq!(session.load(bob).await.unwrap().age, Some(40));
    }

    /// [EXP-5, FLU-11]
    #[case]
    async fn a_stand_in_takes_expressions(db: Db) {
        db.create::<Page>().await;
        let mut session = db.session();
        session.execute(Page::insert().values([Page::titled("a"), Page::titled("b")])).await.unwrap();
        let page = session.reference::<Page>(1).unwrap();
        let other = session.reference::<Page>(2).unwrap();
        db.trace.take();
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.set(page, Page::PLACE.at(Spot::ROW), 9).unwrap();
        session.set(other, Page::PLACE.at(Spot::ROW), 8).unwrap();
        session.commit().await.unwrap();
        let statements = db.trace.take_statements();
        assert_statements(
            &statements,
            &[
                "UPDATE pages SET hits = hits + ?, place_row = ? WHERE id = ?",
                "UPDATE pages SET place_row = ? WHERE id = ? RETURNING id, score",
            ],
        );
        assert_eq!(session.load(page).await.unwrap().hits, 6);
        assert_eq!((session[page].place.row, session[page].score), (9, 60));
    }

    /// [EXP-5] What was set survives a load of the other columns.
    #[case]
    async fn what_is_set_survives_a_load(db: Db) {
        db.create::<Page>().await;
        let mut session = db.session();
        session.execute(Page::insert().values([Page::titled("a")])).await.unwrap();
        let page = session.reference::<Page>(1).unwrap();
        session.set(page, Page::TITLE, "b").unwrap();
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        {
            let mut scope = session.no_autoflush();
            db.trace.take();
            let loaded = scope.load(page).await.unwrap();
            assert_eq!((loaded.title.as_str(), loaded.hits, loaded.place.row), ("b", 5, 1));
            assert_eq!(db.trace.take_statements().len(), 1);
        }
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE pages SET title = ?, hits = hits + ? WHERE id = ? RETURNING id, hits, score"],
        );
        assert_eq!((session[page].title.as_str(), session[page].hits, session[page].score), ("b", 6, 60));
    }

    /// [FLU-11, EXP-2] Values that come from the database meanwhile do not count as set.
    #[case]
    async fn what_the_database_brings_is_no_assignment(db: Db) {
        db.create::<Page>().await;
        let mut session = db.session();
        session.execute(Page::insert().values([Page::titled("a")])).await.unwrap();
        let page = session.get_one::<Page>(1).await.unwrap();
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.set(page, Page::BODY, orm::functions::lower(value("TEXT".to_owned()))).unwrap();
        {
            let mut scope = session.no_autoflush();
            scope.execute(Page::update().set(Page::HITS, 50).filter(Page::ID.eq(1))).await.unwrap();
            assert_eq!(scope[page].hits, 50);
            scope.load_deferred(page, Page::BODY).await.unwrap();
            assert_eq!(scope[page].body.get(), Some(&None));
        }
        session.flush().await.unwrap();
        assert_eq!(session[page].hits, 51);
        assert_eq!(session[page].body.get(), Some(&Some("text".to_owned())));

        session.set(page, Page::BODY, orm::functions::upper(Page::BODY)).unwrap();
        session.unload(page, Page::BODY).unwrap();
        assert!(!session.is_modified(page));
        assert_eq!(
            session.load_deferred(page, Page::BODY).await.unwrap().body.get(),
            Some(&Some("text".to_owned()))
        );
    }

    /// [FLU-13, EXP-1] A query flushes it; what drops changes drops it.
    #[case]
    async fn it_goes_where_other_changes_go(db: Db) {
        db.create::<Page>().await;
        let mut session = db.session();
        let page = session.add(Page::titled("a"));
        session.commit().await.unwrap();
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        assert_eq!(session.count(Page::select().filter(Page::HITS.eq(6))).await.unwrap(), 1);
        assert_eq!(session[page].hits, 6);

        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.refresh(page).await.unwrap();
        assert!(!session.has_changes());
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.expire(page).unwrap();
        assert!(!session.has_changes());
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.expire_all();
        assert!(!session.has_changes());
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        let mut nested = session.begin_nested().await.unwrap();
        nested.set(page, Page::HITS, Page::HITS + 1).unwrap();
        nested.rollback().await.unwrap();
        assert!(!session.has_changes());
        session.commit().await.unwrap();
        assert_eq!(session.load(page).await.unwrap().hits, 7);
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.rollback().await.unwrap();
        assert!(!session.has_changes());
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.expunge(page).unwrap();
        assert!(!session.has_changes());
        let page = session.get_one::<Page>(1).await.unwrap();
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.delete(page).unwrap();
        db.trace.take();
        session.commit().await.unwrap();
        assert_statements(&db.trace.take_statements(), &["DELETE FROM pages WHERE id = ?"]);
    }

    /// [COM-5] Undone with its savepoint.
    #[case]
    async fn a_savepoint_undoes_it(db: Db) {
        db.create::<Page>().await;
        let mut session = db.session();
        let page = session.add(Page::titled("a"));
        session.commit().await.unwrap();
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        let mut nested = session.begin_nested().await.unwrap();
        assert_eq!(nested[page].hits, 6, "it was flushed before");
        nested.set(page, Page::HITS, Page::HITS * 2).unwrap();
        nested.flush().await.unwrap();
        assert_eq!(nested[page].hits, 12);
        nested.rollback().await.unwrap();
        assert_eq!((session[page].hits, session[page].score), (6, 60));
        session.commit().await.unwrap();
        assert_eq!(session.load(page).await.unwrap().hits, 6);
    }

    /// [FLU-11, VER-1, VER-2]
    #[case]
    async fn versions_are_checked_and_raised(db: Db) {
        db.create::<Counter>().await;
        let mut session = db.session();
        let counter = session.add(Counter::new("a"));
        session.commit().await.unwrap();
        db.trace.take();
        session.set(counter, Counter::COUNT, Counter::COUNT + 1).unwrap();
        session.commit().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &[
                "UPDATE counters SET count = count + ?, version = ? WHERE id = ? AND version = ? RETURNING id, count",
            ],
        );
        assert_eq!((session[counter].count, session[counter].version), (1, 2));

        let mut other = db.session();
        let stand_in = other.reference::<Counter>(1).unwrap();
        other.set(stand_in, Counter::NAME, "b").unwrap();
        other.commit().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE counters SET name = ?, version = version + 1 WHERE id = ?"],
        );
        session.set(counter, Counter::COUNT, Counter::COUNT + 1).unwrap();
        assert_eq!(session.flush().await.unwrap_err().kind(), ErrorKind::StaleData);
        session.rollback().await.unwrap();
        assert_eq!(session.load(counter).await.unwrap().version, 3);
        session.set(counter, Counter::COUNT, Counter::COUNT + 1).unwrap();
        session.commit().await.unwrap();
        assert_eq!((session[counter].count, session[counter].version), (2, 4));
    }

    /// [FLU-14] A row that is gone.
    #[case]
    async fn a_row_that_is_gone_is_stale(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        for value in [true, false] {
            let nobody = session.reference::<User>(7).unwrap();
            match value {
                true => session.set(nobody, User::AGE, 1).unwrap(),
                false => session.set(nobody, User::AGE, User::AGE + 1).unwrap(),
            }
            let error = session.flush().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StaleData);
            assert_says(error, &["users", "1 row was", "0 were"]);
            session.rollback().await.unwrap();
            assert!(!session.has_changes());
        }
    }

    /// [FLU-11] What cannot be is refused at the call, and nothing is changed.
    #[case]
    async fn what_cannot_be_set_is_refused(db: Db) {
        db.create::<(Page, Account, Counter)>().await;
        let mut session = db.session();
        let page = session.add(Page::titled("a"));
        let error = session.set(page, Page::HITS, Page::HITS + 1).unwrap_err();
        assert_says(error, &["Page, column hits", "is new", "flush it first"]);
        session.flush().await.unwrap();
        let error = session.set(page, Page::ID, Page::ID + 1).unwrap_err();
        assert_says(error, &["Page, column id", "set it to a value"]);
        assert_says(session.set(page, Page::SCORE, 1).unwrap_err(), &["score", "computed"]);
        let account = session.reference::<Account>("x".to_owned()).unwrap();
        let error = session.set(account, Account::CODE, "y").unwrap_err();
        assert_says(error, &["Account, column code", "session.load(entity)"]);
        let counter = session.reference::<Counter>(1).unwrap();
        assert!(session.set(counter, Counter::VERSION, 1).is_err());
        assert!(session.set(counter, Counter::VERSION, Counter::VERSION + 1).is_err());
        assert!(!session.has_changes());

        let other = db.session().add(Page::titled("b"));
        assert_eq!(session.set(other, Page::HITS, 1).unwrap_err().kind(), ErrorKind::Detached);
        session.rollback().await.unwrap();
        assert_eq!(session.set(page, Page::HITS, 1).unwrap_err().kind(), ErrorKind::NotPersistent);
    }

    /// [KEY-2] A key is set to a value, beside an expression.
    #[case]
    async fn a_key_changes_beside_an_expression(db: Db) {
        db.create::<Account>().await;
        db.script("INSERT INTO accounts (code, balance) VALUES ('a', 1)").await;
        let mut session = db.session();
        let account = session.get_one::<Account>("a").await.unwrap();
        session.set(account, Account::CODE, "b").unwrap();
        session.set(account, Account::BALANCE, Account::BALANCE + 1).unwrap();
        db.trace.take();
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE accounts SET code = ?, balance = balance + ? WHERE code = ? RETURNING code, balance"],
        );
        assert_eq!(session[account].balance, 2);
        assert_eq!(session.get::<Account>("b").await.unwrap(), Some(account));
        session.rollback().await.unwrap();
        assert_eq!(session[account].balance, 1);
        assert_eq!(session.get::<Account>("a").await.unwrap(), Some(account));
    }

    /// [EXP-5] [COM-3] What was set without being loaded, and read after it was flushed, is not shown after a rollback.
    #[case]
    async fn a_rollback_forgets_what_was_read_after_it(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30), ('Bob', 40)").await;
        let mut session = db.session();
        let alice = session.get_one::<User>(1).await.unwrap();
        let bob = session.reference::<User>(2).unwrap();
        session.expire(alice).unwrap();
        session.set(alice, User::AGE, User::AGE + 1).unwrap();
        session.set(bob, User::AGE, 7).unwrap();
        for user in [alice, bob] {
            session.load(user).await.unwrap();
        }
        assert_eq!((session[alice].age, session[bob].age), (Some(31), Some(7)));
        session.rollback().await.unwrap();
        for (user, age) in [(alice, 30), (bob, 40)] {
            assert_eq!(session.try_get(user).unwrap_err().kind(), ErrorKind::Expired);
            assert_eq!(session.load(user).await.unwrap().age, Some(age));
        }
    }

    /// Hooks see it, on loaded entities and on others.
    #[case]
    async fn hooks_see_it(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30), ('Bob', 40)").await;
        let seen = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = seen.clone();
        let maker =
            SessionMaker::new(&db.engine).before_update(move |_: &mut orm::Entities, _user: Entity<User>| {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Ok(())
            });
        let mut session = maker.session();
        let alice = session.get_one::<User>(1).await.unwrap();
        let bob = session.reference::<User>(2).unwrap();
        session.set(alice, User::AGE, User::AGE + 1).unwrap();
        session.set(bob, User::AGE, 7).unwrap();
        session.flush().await.unwrap();
        assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 2);
        assert_eq!(session[alice].age, Some(31));
    }

    /// The plan of a flush tells of it.
    #[case]
    async fn the_plan_tells_of_it(db: Db) {
        db.create::<Page>().await;
        let mut session = db.session();
        let page = session.add(Page::titled("a"));
        session.flush().await.unwrap();
        let stand_in = session.reference::<Page>(2).unwrap();
        session.set(page, Page::HITS, Page::HITS + 1).unwrap();
        session.set(stand_in, Page::HITS, 3).unwrap();
        let plan = session.plan().unwrap().to_string();
        assert_says(&plan, &["with key 1: hits: what an expression gives", "with key 2: hits: 3"]);
        assert_eq!(session.history(page).unwrap().of(Page::HITS), Some((Some(5), None)));
    }
}
