//! What a flush costs: it looks at what was touched, and at nothing else.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};

use allocation_counter::{AllocationInfo, measure};
use orm::{Model as _, SqlType, Value};
use orm_tests::Backend;
use orm_tests::prelude::*;
use orm_tests::{async_form, both_forms, sync_form};

use crate::models::User;

/// A small number that counts how often it is read, by the test that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Counted {
    test: i64,
    number: i64,
}

/// Both forms of a case run side by side.
static TESTS: AtomicI64 = AtomicI64::new(1);

static READS: Mutex<Option<HashMap<i64, u32>>> = Mutex::new(None);

/// How often numbers of a test were read since the last call.
fn reads(test: i64) -> u32 {
    READS.lock().unwrap().get_or_insert_default().remove(&test).unwrap_or_default()
}

impl DbValue for Counted {
    type Plain = Self;
    type Nulled<U: DbValue> = U;
    const TYPE: SqlType = SqlType::BigInt;

    fn encode(&self) -> orm::Result<Value<'_>> {
        *READS.lock().unwrap().get_or_insert_default().entry(self.test).or_default() += 1;
        Ok(Value::Int(self.test << 32 | self.number))
    }

    fn decode(value: &Value<'_>) -> orm::Result<Self> {
        i64::decode(value).map(|both| Self { test: both >> 32, number: both & 0xffff_ffff })
    }
}

#[derive(Model, Debug)]
#[model(table = "meters")]
struct Meter {
    #[model(key, auto)]
    id: i64,
    name: String,
    shown: Counted,
}

#[both_forms]
mod reading {
    use super::*;

    /// How many values are read when 3 of so many loaded entities are touched, and 2 of them changed, and all is flushed.
    async fn reads_of_a_flush(db: &Db, count: i64) -> u32 {
        let test = TESTS.fetch_add(1, Ordering::Relaxed);
        let mut session = db.session();
        let meters = (0..count).map(|number| Meter::new("meter", Counted { test, number }));
        let meters = session.add_all(meters.collect::<Vec<_>>());
        session.commit().await.unwrap();
        session.all(Meter::select()).await.unwrap();
        reads(test);
        for &meter in &meters[..2] {
            session[meter].shown.number += 1;
        }
        session[meters[2]].name = "meter".to_owned();
        db.trace.take();
        session.commit().await.unwrap();
        assert_eq!(db.trace.take_statements().len(), 1);
        let flush = reads(test);
        session.commit().await.unwrap();
        assert_eq!(reads(test), 0);
        flush
    }

    /// [FLU-2] A flush reads values of the entities that were touched: as many of a thousand as of three. Each is copied when it is
    /// touched, compared, and, if it differs, written.
    #[case]
    async fn a_flush_reads_what_was_touched(db: Db) {
        db.create::<Meter>().await;
        let few = reads_of_a_flush(&db, 3).await;
        assert_eq!(reads_of_a_flush(&db, 1000).await, few);
        assert!(few <= 3 + 3 + 2 + 2, "{few} reads");
    }
}

#[both_forms]
mod taking_back {
    use super::*;

    /// So many that it takes minutes if each one is looked for among all.
    const MANY: i64 = 50_000;

    async fn with_rows_known(db: &Db) -> (Session, Vec<Entity<User>>) {
        db.create::<User>().await;
        let mut session = db.session();
        let user = |id| User { id, ..User::new("Alice") };
        let users = (1..=MANY).map(|id| session.attach(user(id)).unwrap()).collect();
        (session, users)
    }

    /// [FLU-1] [STA-4] Tens of thousands that are new leave one by one, and there is nothing to flush.
    #[case(sqlite)]
    async fn new_ones_leave(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let users = session.add_all((0..MANY).map(|number| User::new(number.to_string())));
        for &user in users.iter().step_by(2) {
            session.detach(user).unwrap();
        }
        let rest: Vec<_> = users.iter().copied().skip(1).step_by(2).collect();
        assert_eq!(session.new::<User>(), rest);
        assert!(session.has_changes());
        for &user in &rest {
            session.expunge(user).unwrap();
        }
        assert!(session.new::<User>().is_empty() && !session.has_changes());
        session.commit().await.unwrap();
        assert!(db.trace.take().is_empty());
    }

    /// [FLU-1] [EXP-3] Tens of thousands that were changed are expired one by one, or leave.
    #[case(sqlite)]
    async fn changes_are_dropped(db: Db) {
        let (mut session, users) = with_rows_known(&db).await;
        for &user in &users {
            session[user].age = Some(31);
        }
        let (left, expired) = users.split_at(users.len() / 2);
        for &user in left {
            assert_eq!(session.detach(user).unwrap().age, Some(31));
        }
        assert_eq!(session.dirty::<User>(), expired);
        for &user in expired {
            session.expire(user).unwrap();
        }
        assert!(session.dirty::<User>().is_empty() && !session.has_changes());
        session.commit().await.unwrap();
        assert!(db.trace.take().is_empty());
    }

    /// [FLU-1] Tens of thousands that were to be deleted are not, one by one; then all but one are again.
    #[case(sqlite)]
    async fn deletions_are_taken_back(db: Db) {
        let (mut session, users) = with_rows_known(&db).await;
        for &user in &users {
            session.delete(user).unwrap();
        }
        for &user in &users {
            session.undelete(user).unwrap();
        }
        assert!(session.deleted::<User>().is_empty() && !session.has_changes());
        session.commit().await.unwrap();
        assert!(db.trace.take().is_empty());
        for &user in &users {
            session.delete(user).unwrap();
        }
        session.undelete(users[7]).unwrap();
        session.expunge(users[8]).unwrap();
        let doomed: Vec<_> =
            users.iter().copied().filter(|user| ![users[7], users[8]].contains(user)).collect();
        assert_eq!(session.deleted::<User>(), doomed);
    }

    /// [FLU-11] Each row that is set by an expression is a statement of its own, and is not compared with all before it.
    #[case(sqlite)]
    async fn expressions_stand_alone(db: Db) {
        let (mut session, users) = with_rows_known(&db).await;
        for &user in &users {
            session.set(user, User::AGE, User::AGE + 1).unwrap();
        }
        assert_eq!(session.plan().unwrap().batches().len(), users.len());
    }

    /// [R7] What was taken back and done again is written in the order in which it was done last.
    #[case]
    async fn and_done_again(db: Db) {
        db.create::<User>().await;
        let mut session = db.session();
        let [first, second, third] = ["1", "2", "3"].map(|name| session.add(User::new(name)));
        let first = session.detach(first).unwrap();
        let first = session.add(first);
        session.commit().await.unwrap();
        assert_eq!([second, third, first].map(|user| session[user].id), [1, 2, 3]);
        for user in [second, third, first] {
            session[user].age = Some(1);
        }
        for user in [second, third] {
            session.refresh(user).await.unwrap();
        }
        db.trace.take();
        let mut scope = session.no_autoflush();
        for user in [first, second, third] {
            scope[user].age = Some(2);
        }
        scope.refresh(second).await.unwrap();
        scope[second].age = Some(3);
        scope.delete(third).unwrap();
        scope.delete(first).unwrap();
        scope.undelete(third).unwrap();
        assert_eq!(scope.dirty::<User>(), [third, second]);
        assert_eq!(scope.deleted::<User>(), [first]);
        drop(scope);
        session.commit().await.unwrap();
        let ages = session.all(select((User::NAME, User::AGE)).order_by(User::ID.asc())).await.unwrap();
        assert_eq!(ages, [("2".to_owned(), Some(3)), ("3".to_owned(), Some(2))]);
    }
}

fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("there is nothing to wait for"),
    }
}

fn is_nothing(allocated: &AllocationInfo) -> bool {
    (allocated.count_total, allocated.bytes_total) == (0, 0)
}

/// [FLU-1] The flush and the commit of a session that changed nothing send nothing and allocate nothing.
#[test]
fn an_unchanged_session_allocates_nothing() {
    for backend in Backend::ALL {
        sync_form::run(backend, |db| {
            db.create::<User>();
            let mut session = db.session();
            let users = session.add_all((0..100).map(|number| User::new(number.to_string())));
            session.commit().unwrap();
            session.all(User::select()).unwrap();
            db.trace.take();
            let flush = measure(|| session.flush().unwrap());
            session.rollback().unwrap();
            db.trace.take();
            let commit = measure(|| session.commit().unwrap());
            assert!(is_nothing(&flush) && is_nothing(&commit), "{flush:?} {commit:?}");
            assert!(db.trace.take().is_empty());
            session[users[0]].age = Some(1);
            assert!(!is_nothing(&measure(|| session.flush().unwrap())), "what is counted is counted");
        });
        async_form::run(backend, |db| async move {
            db.create::<User>().await;
            let mut session = db.session();
            session.add_all((0..100).map(|number| User::new(number.to_string())));
            session.commit().await.unwrap();
            session.all(User::select()).await.unwrap();
            let flush = measure(|| poll_once(session.flush()).unwrap());
            session.rollback().await.unwrap();
            db.trace.take();
            let commit = measure(|| poll_once(session.commit()).unwrap());
            assert!(is_nothing(&flush) && is_nothing(&commit), "{flush:?} {commit:?}");
            assert!(db.trace.take().is_empty());
        });
    }
}

/// What a loaded row costs is counted on these: two strings.
#[derive(Model, Debug)]
#[model(table = "people")]
struct Person {
    #[model(key, auto)]
    id: i64,
    name: String,
    email: Option<String>,
    born: i32,
    seen: i64,
}

/// A session that nobody watches, on a table with this many rows, and what it takes to do something with it.
fn with_people(count: i64, work: impl FnOnce(&mut orm::Session)) -> AllocationInfo {
    let mut allocated = AllocationInfo::default();
    sync_form::run(Backend::Sqlite, |db| {
        db.create::<Person>();
        let engine = db.other();
        let mut session = engine.session();
        session.add_all((0..count).map(person));
        session.commit().unwrap();
        // Statements and prepared statements are there before anything is counted.
        let mut before = engine.session();
        before.get::<Person>(1).unwrap();
        let warm = before.add(person(count));
        before.all(Person::select().limit(2)).unwrap();
        before.rows(Person::select().limit(2)).unwrap();
        before.flush().unwrap();
        before[warm].seen += 1;
        before.flush().unwrap();
        before.delete(warm).unwrap();
        before.commit().unwrap();
        drop((before, session));
        let mut session = engine.session();
        session.all(Person::select().filter(Person::ID.eq(0))).unwrap();
        session.rows(Person::select().filter(Person::ID.eq(0))).unwrap();
        allocated = measure(|| work(&mut session));
    });
    allocated
}

fn person(number: i64) -> Person {
    Person {
        id: 0,
        name: format!("person {number}"),
        email: Some(format!("{number}@example.org")),
        born: 0,
        seen: 0,
    }
}

/// How many allocations a thousand more rows cost.
fn for_a_thousand(work: impl Fn(i64) -> AllocationInfo) -> u64 {
    let (few, many) = (work(2000).count_total, work(3000).count_total);
    many - few
}

/// Loading allocates the strings of each row, and a page of memory now and then.
#[test]
fn a_loaded_row_allocates_its_strings() {
    let load = |count| with_people(count, |session| drop(session.all(Person::select()).unwrap()));
    let rows = |count| with_people(count, |session| drop(session.rows(Person::select()).unwrap()));
    let (load, rows) = (for_a_thousand(load), for_a_thousand(rows));
    assert!((2000..=2010).contains(&rows), "{rows}");
    assert!((2000..=2010).contains(&load), "{load}");
}

/// Getting a row by its key allocates its strings, and one thing in rusqlite.
#[test]
fn a_row_by_its_key_allocates_its_strings() {
    let get = |count| {
        with_people(count, |session| {
            for id in 1..=count {
                session.get::<Person>(id).unwrap();
            }
        })
    };
    let get = for_a_thousand(get);
    assert!((3000..=3010).contains(&get), "{get}");
}

/// A flush allocates nothing for each row, whether it is inserted, updated or deleted: what grows grows in large steps.
#[test]
fn a_flush_allocates_nothing_for_a_row() {
    let insert = |count: i64| {
        let mut people: Vec<_> = (0..count).map(person).collect();
        with_people(1, move |session| {
            session.add_all(people.drain(..));
            session.commit().unwrap();
            std::mem::forget(people);
        })
    };
    let load = |count| with_people(count, |session| drop(session.all(Person::select()).unwrap()));
    let update = |count| {
        with_people(count, |session| {
            for person in session.all(Person::select()).unwrap() {
                session[person].seen += 1;
            }
            session.commit().unwrap();
        })
    };
    let delete = |count| {
        with_people(count, |session| {
            for person in session.all(Person::select()).unwrap() {
                session.delete(person).unwrap();
            }
            session.commit().unwrap();
        })
    };
    let (insert, load) = (for_a_thousand(insert), for_a_thousand(load));
    let (update, delete) = (for_a_thousand(update) - load, for_a_thousand(delete) - load);
    assert!(insert <= 15 && update <= 15 && delete <= 40, "{insert} {update} {delete}");
}

/// A session that has loaded rows holds at most one and a half times what the plain structs hold, while it loads them too.
#[test]
fn tracking_costs_at_most_half_of_the_structs() {
    for count in [1_000, 1_024, 4_100, 10_000, 16_384] {
        let rows = with_people(count, |session| drop(session.rows(Person::select()).unwrap()));
        let load = with_people(count, |session| drop(session.all(Person::select()).unwrap()));
        assert!(
            2 * load.bytes_max <= 3 * rows.bytes_max,
            "{count} rows: {} to {}",
            load.bytes_max,
            rows.bytes_max
        );
    }
}

/// One row costs a flush and its transaction a handful of allocations.
#[test]
fn a_commit_of_one_row_allocates_little() {
    let commit = |count: i64| {
        let mut people: Vec<_> = (0..count).map(person).collect();
        with_people(1, move |session| {
            for person in people.drain(..) {
                session.add(person);
                session.commit().unwrap();
            }
            std::mem::forget(people);
        })
    };
    let commit = for_a_thousand(commit) / 1000;
    assert!(commit <= 16, "{commit}");
}
