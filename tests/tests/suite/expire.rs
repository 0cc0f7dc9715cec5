//! Expired and refreshed entities.

use orm_tests::prelude::*;
use orm_tests::{assert_says, assert_statements, both_forms};

use crate::models::{Page, User};

#[both_forms]
mod expire {
    use super::*;

    /// [EXP-1] [ASY-3]
    #[case]
    async fn expire_drops_the_values_and_the_next_load_reads_them(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30)").await;
        let mut session = db.session();
        let alice = session.get::<User>(1).await.unwrap().unwrap();
        session[alice].age = Some(99);
        db.trace.take();
        session.expire(alice).unwrap();
        let error = session.try_get(alice).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Expired);
        assert_says(error, &["User", "with key 1", "expired"]);
        assert!(db.trace.take().is_empty());

        assert_eq!(session.load(alice).await.unwrap().age, Some(30));
        assert_eq!(session.load(alice).await.unwrap().age, Some(30));
        assert_eq!(db.trace.take_statements().len(), 1);
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
    }

    /// [EXP-3]
    #[case]
    async fn expire_all_leaves_new_entities_alone(db: Db) {
        db.create::<User>().await;
        db.script("INSERT INTO users (name, age) VALUES ('Alice', 30), ('Bob', 25)").await;
        let mut session = db.session();
        let users = session.all(User::select()).await.unwrap();
        session[users[0]].age = Some(99);
        let carol = session.add(User::new("Carol"));
        db.trace.take();
        session.expire_all();
        assert!(users.iter().all(|&user| session.try_get(user).is_err()));
        assert_eq!(session[carol].name, "Carol");
        assert!(db.trace.take().is_empty());

        assert_eq!(session.all(User::select()).await.unwrap().len(), 3);
        let ages: Vec<_> = users.iter().map(|&user| session[user].age).collect();
        assert_eq!(ages, [Some(30), Some(25)]);
    }

    /// [EXP-4]
    #[case]
    async fn a_refresh_gives_what_was_flushed(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        session[alice].age = Some(40);
        session.flush().await.unwrap();
        session[alice].age = Some(50);
        session.refresh(alice).await.unwrap();
        assert_eq!(session[alice].age, Some(40));
        session.rollback().await.unwrap();
        assert_eq!(session.load(alice).await.unwrap().age, None);
    }

    /// [EXP-6]
    #[case]
    async fn a_refresh_drops_its_own_changes_and_flushes_those_of_others(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        session.commit().await.unwrap();
        session[users[0]].age = Some(1);
        session[users[1]].age = Some(2);
        session.refresh(users[0]).await.unwrap();
        assert_eq!((session[users[0]].age, session[users[1]].age), (None, Some(2)));
        db.trace.take();
        session.commit().await.unwrap();
        assert!(db.trace.take_statements().is_empty());
        let ages: Vec<_> = session
            .rows(User::select().order_by(User::ID.asc()))
            .await
            .unwrap()
            .iter()
            .map(|user| user.age)
            .collect();
        assert_eq!(ages, [None, Some(2)]);
    }

    /// [EXP-7]
    #[case]
    async fn a_row_that_is_gone_is_told_apart_and_the_entity_stays(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let alice = session.add(User::new("Alice"));
        session.commit().await.unwrap();
        db.script("DELETE FROM users").await;
        session.expire(alice).unwrap();
        let error = session.load(alice).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RowGone);
        assert_says(error, &["User", "with key 1"]);
        assert_eq!(session.refresh(alice).await.unwrap_err().kind(), ErrorKind::RowGone);
        assert!(session.contains(alice));
    }

    /// [QRY-12]
    #[case]
    async fn a_query_does_not_overwrite_what_is_loaded(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all([User::new("Alice"), User::new("Bob")]);
        session.flush().await.unwrap();
        session[users[0]].age = Some(7);
        session.all(User::select()).await.unwrap();
        assert_eq!(session[users[0]].age, Some(7));
        session.commit().await.unwrap();
        assert_eq!(session.rows(User::select().filter(User::AGE.eq(7))).await.unwrap().len(), 1);
    }

    async fn page(db: &Db) -> (Session, Entity<Page>) {
        db.create::<Page>().await;
        let mut session = db.session();
        session.add(Page { note: Some("noted".to_owned()).into(), ..Page::new("A", "text") });
        session.commit().await.unwrap();
        let mut session = db.session();
        let query = Page::select().undefer(Page::BODY).undefer(Page::NOTE);
        let page = session.one(query).await.unwrap();
        db.trace.take();
        (session, page)
    }

    /// [EXP-2] [STA-8] A deferred column is forgotten with its change, and loaded again by 1 SELECT of it alone; other columns keep
    /// their values and changes.
    #[case]
    async fn a_deferred_column_can_be_forgotten_alone(db: Db) {
        let (mut session, page) = page(&db).await;
        session[page].title = "B".into();
        session[page].body = "changed".into();
        session[page].note = None.into();
        session.unload(page, Page::BODY).unwrap();
        assert_eq!((session[page].body.get(), session[page].title.as_str()), (None, "B"));
        assert_eq!(session[page].note.get(), Some(&None));
        assert!(db.trace.take().is_empty());
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE pages SET title = ?, note = ? WHERE id = ? RETURNING id, length"],
        );
        session.load(page).await.unwrap();
        assert_eq!(session.load_deferred(page, Page::BODY).await.unwrap().body.get().unwrap(), "text");
        assert_statements(&db.trace.take_statements(), &["SELECT body FROM pages WHERE id = ?"]);
        session.load_deferred(page, Page::BODY).await.unwrap();
        session.flush().await.unwrap();
        assert!(db.trace.take_statements().is_empty());

        session.unload(page, Page::NOTE).unwrap();
        session.unload(page, Page::BODY).unwrap();
        session[page].body = "set".into();
        session.flush().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE pages SET body = ? WHERE id = ? RETURNING id, length"],
        );
        session.rollback().await.unwrap();
        assert_eq!(
            (session[page].title.as_str(), session[page].body.get().map(String::as_str)),
            ("A", Some("text"))
        );
        assert_eq!(session[page].note.get().unwrap().as_deref(), Some("noted"));
    }

    /// [EXP-2] [FLU-11] An expression that it was set to is forgotten with it, and others are not.
    #[case]
    async fn an_expression_is_forgotten_with_its_column(db: Db) {
        let (mut session, page) = page(&db).await;
        session.set(page, Page::BODY, Page::TITLE).unwrap();
        session.set(page, Page::NOTE, "noted twice").unwrap();
        session.unload(page, Page::BODY).unwrap();
        session.unload(page, Page::NOTE).unwrap();
        session.unload(page, Page::NOTE).unwrap();
        assert!(!session.has_changes());
        session.set(page, Page::BODY, Page::TITLE).unwrap();
        session.set(page, Page::TITLE, Page::BODY).unwrap();
        session.unload(page, Page::BODY).unwrap();
        session.flush().await.unwrap();
        assert_eq!(session[page].title, "text");
        assert_eq!(session.load_deferred(page, Page::BODY).await.unwrap().body.get().unwrap(), "text");
    }

    /// [EXP-2] What is no deferred column, or has no row to be read again, is not forgotten.
    #[case]
    async fn only_what_can_be_loaded_again_is_forgotten(db: Db) {
        let (mut session, page) = page(&db).await;
        let error = session.unload(page, Page::TITLE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_says(error, &["Page", "title", "expire"]);
        let new = session.add(Page::new("new", "x"));
        assert_eq!(session.unload(new, Page::BODY).unwrap_err().kind(), ErrorKind::NotPersistent);
        assert_eq!(session[new].body.get().unwrap(), "x");
    }

    /// [EXP-4] [COM-3] A deferred column that was read while others wrote to the row by hand is forgotten with the transaction.
    #[case]
    async fn a_rollback_forgets_what_was_loaded_of_it(db: Db) {
        let (mut session, page) = page(&db).await;
        session.unload(page, Page::BODY).unwrap();
        session.execute(text("UPDATE pages SET body = 'draft'")).await.unwrap();
        assert_eq!(session.load_deferred(page, Page::BODY).await.unwrap().body.get().unwrap(), "draft");
        session.rollback().await.unwrap();
        assert_eq!(session[page].body.get(), None);
        assert_eq!(session.load_deferred(page, Page::BODY).await.unwrap().body.get().unwrap(), "text");
    }
}
