//! A flush that gets no connection leaves memory as it was: what it would have done to related rows is not done, and what the
//! program says next counts.

use std::time::Duration;

use orm::{ErrorKind, create};
use orm_tests::prelude::*;
use orm_tests::{Backend, async_form, both_forms, drop_after};

#[derive(Model, Debug)]
#[model(table = "shelves")]
struct Shelf {
    #[model(key, auto)]
    id: i64,
    name: String,
    #[model(cascade = "delete")]
    books: HasMany<Book>,
}

#[derive(Model, Debug)]
#[model(table = "books")]
struct Book {
    #[model(key, auto)]
    id: i64,
    title: String,
    shelf: Option<BelongsTo<Shelf>>,
}

fn shelves() -> [Shelf; 2] {
    [
        create!(Shelf { name: "first", books: [Book { title: "a" }, Book { title: "b" }] }),
        Shelf::new("second"),
    ]
}

#[both_forms]
mod forms {
    use super::*;

    fn narrow(db: &Db) -> Engine {
        let builder = Engine::builder(&db.database.url).unwrap().pool_size(1).max_overflow(0);
        builder.pool_timeout(Duration::from_millis(20)).open()
    }

    /// A book that stands on a shelf which is to be deleted, and with it the book, is put onto another one after a commit that got no
    /// connection.
    #[case]
    async fn what_goes_with_a_row_stays(db: Db) {
        db.create::<Shelf>().await;
        let engine = narrow(&db);
        for loaded in [true, false] {
            let mut session = engine.session();
            let [first, second] = shelves().map(|shelf| session.add(shelf));
            session.commit().await.unwrap();
            let book = session[first].books.iter().next().unwrap();
            if !loaded {
                session.expire(first).unwrap();
            }
            let mut other = engine.session();
            other.all(Shelf::select()).await.unwrap();
            session.delete(first).unwrap();
            let error = session.commit().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PoolTimeout);
            session[book].shelf = Some(second.into());
            drop(other);
            session.commit().await.unwrap();
            let left = session.rows(Book::select()).await.unwrap();
            assert_eq!(left.iter().map(|book| &*book.title).collect::<Vec<_>>(), ["a"], "loaded: {loaded}");
            session.delete(second).unwrap();
            session.commit().await.unwrap();
        }
    }

    /// A reference is set, shows in a collection, and is set to something else after a commit that got no connection.
    #[case]
    async fn the_last_word_counts(db: Db) {
        db.create::<Shelf>().await;
        let engine = narrow(&db);
        let mut session = engine.session();
        let [first, second] = shelves().map(|shelf| session.add(shelf));
        session.commit().await.unwrap();
        let book = session[first].books.iter().next().unwrap();
        let mut other = engine.session();
        other.all(Shelf::select()).await.unwrap();
        session[book].shelf = Some(second.into());
        assert_eq!(session.commit().await.unwrap_err().kind(), ErrorKind::PoolTimeout);
        session[book].shelf = None;
        drop(other);
        session.commit().await.unwrap();
        let left = session.rows(Book::select().filter(Book::SHELF.eq(None))).await.unwrap();
        assert_eq!(left.len(), 1);
    }
}

/// A call that is dropped while it waits to read what goes with the shelf; what it has shown in the other collection is gone again.
async fn a_dropped_commit(db: async_form::Db) {
    db.create::<Shelf>().await;
    let engine = async_form::Engine::builder(&db.database.url).unwrap().pool_size(1).max_overflow(0).open();
    let mut session = engine.session();
    let [first, second] = shelves().map(|shelf| session.add(shelf));
    session.commit().await.unwrap();
    let books: Vec<_> = session[first].books.iter().collect();
    let mut other = engine.session();
    other.all(Shelf::select()).await.unwrap();
    session.delete(first).unwrap();
    session[books[0]].shelf = Some(second.into());
    assert!(drop_after(1, false, session.commit()).await.is_none());
    assert_eq!(session[second].books.len(), 0);
    session[books[0]].shelf = None;
    session[books[1]].shelf = Some(second.into());
    drop(other);
    session.commit().await.unwrap();
    let left = session.rows(Book::select().order_by(Book::TITLE.asc())).await.unwrap();
    assert_eq!(left.iter().map(|book| book.shelf.is_some()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_commit_that_is_dropped_while_it_waits_changes_nothing() {
    for backend in Backend::ALL {
        async_form::run(backend, a_dropped_commit);
    }
}
