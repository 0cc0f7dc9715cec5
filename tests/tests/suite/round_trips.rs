//! How often a unit of work waits for the server, counted on the wire by a proxy that takes its time.

use std::time::Duration;

use orm_tests::prelude::*;
use orm_tests::proxy::Proxy;
use orm_tests::{Backend, both_forms};

/// Known by a key that the database makes.
#[derive(Model, Debug)]
#[model(table = "guests")]
struct Guest {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    age: Option<i32>,
}

/// Known by a key that the program makes.
#[derive(Model, Debug)]
#[model(table = "rooms")]
struct Room {
    #[model(key)]
    number: i32,
    beds: i32,
}

/// Has something that the database fills in, and a version.
#[derive(Model, Debug)]
#[model(table = "bills")]
struct Bill {
    #[model(key, auto)]
    id: i64,
    total: i32,
    #[model(auto, server_default = "'open'")]
    status: String,
    #[model(version)]
    version: i32,
}

#[derive(Model, Debug)]
#[model(table = "shelves")]
struct Shelf {
    #[model(key, auto)]
    id: i64,
    label: String,
    #[model(via = Book::SHELF)]
    books: HasMany<Book>,
}

#[derive(Model, Debug)]
#[model(table = "books")]
struct Book {
    #[model(key, auto)]
    id: i64,
    title: String,
    shelf: BelongsTo<Shelf>,
}

#[both_forms]
mod round_trips {
    use super::*;

    /// The same database, through a proxy that counts.
    fn counted(db: &Db) -> (Engine, Proxy) {
        let proxy = Proxy::delayed(&db.database.url, Duration::from_millis(5));
        (Engine::open(&proxy.url).unwrap(), proxy)
    }

    /// A session on a connection that is open and has prepared nothing.
    async fn fresh(db: &Db) -> (Session, Proxy) {
        let (engine, proxy) = counted(db);
        engine.script("SELECT 1").await.unwrap();
        proxy.take();
        (engine.session(), proxy)
    }

    fn guests(round: usize, count: usize) -> Vec<Guest> {
        (0..count).map(|number| Guest::new(format!("{round} {number}"))).collect()
    }

    /// Units of work of one table: BEGIN goes with the first statement, and one that the connection has not prepared needs no round
    /// trip for that. The keys of several rows and the number of those that were updated are looked at before COMMIT; one new row, or a
    /// deletion, waits for nothing.
    #[case(postgres)]
    async fn a_unit_of_work_of_one_table_costs_one_or_two(db: Db) {
        db.create::<Guest>().await;
        for count in [1, 100] {
            let (mut session, proxy) = fresh(&db).await;
            for round in 0..3 {
                let guests = session.add_all(guests(round, count));
                session.commit().await.unwrap();
                let inserted = proxy.take();
                for &guest in &guests {
                    session[guest].age = Some(1);
                }
                session.commit().await.unwrap();
                let updated = proxy.take();
                for &guest in &guests {
                    session.delete(guest).unwrap();
                }
                session.commit().await.unwrap();
                let insert = if count == 1 { 1 } else { 2 };
                assert_eq!([inserted, updated, proxy.take()], [insert, 2, 1], "{count} rows, round {round}");
            }
        }
        assert!(db.session().all(Guest::select()).await.unwrap().is_empty());
    }

    /// What the database makes is read with the statement that writes, which is prepared first. A version is looked at before COMMIT.
    #[case(postgres)]
    async fn rows_that_are_looked_at_cost_two(db: Db) {
        db.create::<Bill>().await;
        let (mut session, proxy) = fresh(&db).await;
        for round in 0..3 {
            let bills = session.add_all([Bill::new(1), Bill::new(2)]);
            session.commit().await.unwrap();
            let inserted = proxy.take();
            assert_eq!(session[bills[0]].status, "open");
            session[bills[0]].total = 7;
            session.commit().await.unwrap();
            let updated = proxy.take();
            bills.iter().for_each(|&bill| session.delete(bill).unwrap());
            session.commit().await.unwrap();
            let first = usize::from(round == 0);
            assert_eq!([inserted, updated, proxy.take()], [2 + first, 2, 2], "round {round}");
        }
    }

    /// Statements that need nothing from each other travel together.
    #[case(postgres)]
    async fn independent_statements_travel_together(db: Db) {
        db.create::<(Guest, Room)>().await;
        let (mut session, proxy) = fresh(&db).await;
        let known = session.add(Guest::new("known"));
        session.commit().await.unwrap();
        proxy.take();
        for round in 1..4 {
            session.add_all(guests(round, 2));
            session[known].age = Some(i32::try_from(round).unwrap());
            session.commit().await.unwrap();
            assert_eq!(proxy.take(), 2, "2 inserts and 1 update");

            let guest = session.add(Guest::new(format!("guest {round}")));
            let room = session.add(Room::new(i32::try_from(round).unwrap(), 2));
            session.commit().await.unwrap();
            assert_eq!(proxy.take(), 1, "one row of each of 2 tables");

            session[room].beds = 3;
            session.delete(guest).unwrap();
            session.add(Guest::new(format!("another {round}")));
            session.commit().await.unwrap();
            assert_eq!(proxy.take(), 2, "a deletion behind the others, with COMMIT");
        }
        assert_eq!(db.session().all(Room::select().filter(Room::BEDS.eq(3))).await.unwrap().len(), 3);
        assert_eq!(db.session().all(Guest::select()).await.unwrap().len(), 10);
    }

    /// Children wait for the keys of their parents; a deletion of both does not wait.
    #[case(postgres)]
    async fn one_round_trip_for_each_table_whose_keys_are_waited_for(db: Db) {
        db.create::<(Shelf, Book)>().await;
        let (mut session, proxy) = fresh(&db).await;
        for round in 0..3 {
            let shelves = session.add_all((0..10).map(|number| Shelf::new(format!("{number}"))));
            let books = session.add_all(shelves.iter().map(|&shelf| Book::new("Emma", shelf)));
            session.commit().await.unwrap();
            assert_eq!(proxy.take(), 3, "two tables and COMMIT, round {round}");
            session.add(Book::new("Persuasion", shelves[0]));
            session.add(Shelf::new("empty"));
            session.commit().await.unwrap();
            assert_eq!(proxy.take(), 1, "one row of each, of a parent that is there, round {round}");
            books.iter().for_each(|&book| session.delete(book).unwrap());
            session.commit().await.unwrap();
            assert_eq!(proxy.take(), 1, "round {round}");
        }
    }

    /// A statement that reads is prepared by itself when the connection sees it for the first time. What only reads has nothing to commit.
    #[case(postgres)]
    async fn reading_costs_one_for_each_statement(db: Db) {
        db.create::<(Shelf, Book)>().await;
        let mut writer = db.session();
        let shelves = writer.add_all([Shelf::new("a"), Shelf::new("b")]);
        writer.add_all(shelves.iter().map(|&shelf| Book::new("Emma", shelf)));
        writer.commit().await.unwrap();
        let (engine, proxy) = counted(&db);
        engine.script("SELECT 1").await.unwrap();
        for round in 0..3 {
            let first = usize::from(round == 0);
            let mut session = engine.session();
            proxy.take();
            session.get::<Shelf>(1).await.unwrap().unwrap();
            let get = proxy.take();
            session.get::<Shelf>(1).await.unwrap().unwrap();
            assert_eq!(proxy.take(), 0, "it is known");
            session.all(Shelf::select().with(Shelf::BOOKS)).await.unwrap();
            let eager = proxy.take();
            session.commit().await.unwrap();
            assert_eq!([get, eager, proxy.take()], [1 + first, 2 + 2 * first, 0], "round {round}");
        }
    }

    /// A statement that fails among others is the one that is reported, and nothing of them is stored, whatever is behind it.
    #[case]
    async fn a_failure_in_the_middle_leaves_nothing(db: Db) {
        db.create::<(Guest, Room)>().await;
        let mut session = db.session();
        let known = session.add_all([Guest::new("known"), Guest::new("taken")])[0];
        let room = session.add(Room::new(1, 1));
        session.commit().await.unwrap();
        session[known].age = Some(1);
        session.add(Guest::new("taken"));
        session[room].beds = 9;
        let error = session.commit().await.unwrap_err();
        assert!(error.is_unique_violation(), "{error}");
        assert!(error.sql().unwrap().starts_with("INSERT"), "{error}");
        session.rollback().await.unwrap();
        let older = Guest::select().filter(Guest::AGE.is_not_null());
        assert_eq!(db.session().all(older).await.unwrap().len(), 0);
        assert_eq!(db.session().all(Room::select().filter(Room::BEDS.eq(9))).await.unwrap().len(), 0);
        session[known].age = Some(2);
        session.commit().await.unwrap();
        let older = Guest::select().filter(Guest::AGE.eq(2));
        assert_eq!(db.session().all(older).await.unwrap().len(), 1);
    }

    /// The same with the COMMIT behind it.
    #[case]
    async fn a_failure_before_a_commit_that_is_on_its_way_leaves_everything(db: Db) {
        db.create::<(Shelf, Book, Room)>().await;
        let mut session = db.session();
        let shelf = session.add(Shelf::new("full"));
        let room = session.add(Room::new(1, 1));
        session.commit().await.unwrap();
        db.script("INSERT INTO books (title, shelf_id) VALUES ('Emma', 1)").await;
        session.delete(room).unwrap();
        session.delete(shelf).unwrap();
        session.commit().await.unwrap_err();
        session.rollback().await.unwrap();
        assert!(session.contains(room) && session.contains(shelf));
        assert_eq!(db.session().all(Room::select()).await.unwrap().len(), 1);
        db.script("DELETE FROM books").await;
        session.delete(room).unwrap();
        session.delete(shelf).unwrap();
        session.commit().await.unwrap();
        assert!(db.session().all(Shelf::select()).await.unwrap().is_empty());
    }

    /// A row that a trigger keeps from being inserted is missed when COMMIT is done already. The others are stored, and that is said.
    /// (Triggers of MariaDB can only fail.)
    #[case(sqlite, postgres)]
    async fn a_row_that_is_missed_after_the_commit_leaves_it_in_doubt(db: Db) {
        db.create::<(Guest, Room)>().await;
        db.script(match db.backend {
            Backend::Sqlite => {
                "CREATE TRIGGER nobody BEFORE INSERT ON guests WHEN NEW.name = 'nobody' BEGIN SELECT RAISE(IGNORE); END"
            }
            Backend::Postgres => {
                "CREATE FUNCTION nobody() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
                 CREATE TRIGGER nobody BEFORE INSERT ON guests FOR EACH ROW WHEN (NEW.name = 'nobody') EXECUTE FUNCTION nobody()"
            }
            Backend::MariaDb | Backend::MySql => unreachable!("not a case there"),
        })
        .await;
        let mut session = db.session();
        session.add(Guest::new("nobody"));
        session.add(Room::new(1, 1));
        let error = session.commit().await.unwrap_err();
        assert!(error.is_commit_unknown(), "{error:?}");
        session.rollback().await.unwrap();
        assert_eq!(db.session().all(Guest::select()).await.unwrap(), []);
        assert_eq!(db.session().all(Room::select()).await.unwrap().len(), 1);
    }

    /// A connection that breaks under a statement which has the COMMIT behind it leaves the outcome unknown, and that is said.
    #[case(postgres, mariadb, mysql)]
    async fn a_commit_that_was_sent_along_without_an_answer_is_unknown(db: Db) {
        db.create::<Room>().await;
        let mut session = db.session();
        let room = session.add(Room::new(1, 1));
        session.flush().await.unwrap();
        session.delete(room).unwrap();
        db.end_connections().await;
        let error = session.commit().await.unwrap_err();
        assert!(error.is_commit_unknown(), "{error:?}");
        session.rollback().await.unwrap();
        assert!(session.all(Room::select()).await.unwrap().is_empty());
    }
}
