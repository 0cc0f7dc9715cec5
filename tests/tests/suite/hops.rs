//! Async SQLite: a statement, or a batch, is one hop to the connection's thread and one back, however many rows it has.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use orm_tests::async_form::{Db, Session};
use orm_tests::prelude::*;
use orm_tests::{Backend, async_form};

use crate::models::User;

/// Counts how often a task is woken: once for each answer that it has waited for.
#[derive(Default)]
struct Woken {
    times: AtomicUsize,
    task: Mutex<Option<Waker>>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.times.fetch_add(1, Ordering::Relaxed);
        if let Some(task) = self.task.lock().unwrap().take() {
            task.wake();
        }
    }
}

/// What a future gives, and how many answers it has waited for.
async fn answers<T>(work: impl Future<Output = T>) -> (T, usize) {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let mut work = pin!(work);
    let output = poll_fn(|context| {
        *woken.task.lock().unwrap() = Some(context.waker().clone());
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => Poll::Ready(output),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    (output, woken.times.load(Ordering::Relaxed))
}

/// Does something, which may wait for as many answers as it sends statements and steps of transactions.
async fn one_for_each<T>(db: &Db, what: &str, sent: usize, work: impl Future<Output = T>) -> T {
    db.trace.take();
    let (output, answers) = answers(work).await;
    let lines = db.trace.take();
    assert_eq!(lines.len(), sent, "{what}: {lines:#?}");
    assert!(answers <= sent, "{what}: {answers} answers for {lines:#?}");
    output
}

async fn with_users(db: &Db) -> (Session, Vec<Entity<User>>) {
    db.create::<User>().await;
    let mut session = db.session();
    let users = session.add_all((0..1000).map(|number| User::new(number.to_string())));
    one_for_each(db, "insert", 3, session.commit()).await.unwrap();
    (session, users)
}

/// Inserting, loading, getting and updating a thousand rows are a hop there and one back for each statement.
#[test]
fn a_statement_is_two_hops() {
    async_form::run(Backend::Sqlite, |db| async move {
        let (mut session, users) = with_users(&db).await;
        for &user in &users {
            session[user].age = Some(1);
        }
        one_for_each(&db, "update", 3, session.commit()).await.unwrap();
        let mut other = db.session();
        let all = one_for_each(&db, "load", 2, other.all(User::select())).await.unwrap();
        assert_eq!(all.len(), users.len());
        other.rollback().await.unwrap();
        let mut third = db.session();
        let ((), answers) = answers(async {
            for id in 1..=100 {
                third.get::<User>(id).await.unwrap();
            }
        })
        .await;
        // Not always: an answer may be there before it is waited for.
        assert!((1..=101).contains(&answers), "{answers} answers for 100 statements");
        one_for_each(&db, "rows", 1, third.rows(User::select())).await.unwrap();
    });
}

/// A stream is two hops for each batch.
#[test]
fn a_batch_of_a_stream_is_two_hops() {
    async_form::run(Backend::Sqlite, |db| async move {
        let (mut session, _) = with_users(&db).await;
        let (found, answers) = answers(async {
            let mut stream = session.stream(User::select(), 100).await.unwrap();
            let mut found = Vec::new();
            while let Some(part) = stream.next().await.unwrap() {
                found.extend(part);
            }
            found.len()
        })
        .await;
        assert_eq!(found, 1000);
        // BEGIN, the cursor, ten batches, and one that says that there are no more.
        assert!(answers <= 13, "{answers} answers");
    });
}
