//! Requests come as lines on standard input, answers go as lines to standard output: `work NAME DATABASE WORKLOAD N COUNT` is
//! answered by what it cost, or by `none`.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::io::{BufRead, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::runtime::Runtime;

use crate::{Clock, Database, Kind, Library, work};

/// A library under its name.
pub struct Contestant {
    name: &'static str,
    kinds: &'static [Kind],
    run: fn(&Runtime, Slot, &Request) -> (Slot, String),
}

type Slot = Option<Box<dyn Any + Send>>;

struct Request {
    database: Database,
    work: String,
    n: i64,
    counts: bool,
}

impl Contestant {
    /// One that works on databases of these kinds.
    pub fn new<L: Library>(name: &'static str, kinds: &'static [Kind]) -> Self {
        Self { name, kinds, run: answer::<L> }
    }
}

/// Answers requests until there are no more.
pub fn serve(contestants: &[Contestant]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("no runtime");
    let mut open: HashMap<String, Slot> = HashMap::new();
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input");
        let words: Vec<_> = line.split(' ').collect();
        let ["work", name, database, work, n, counts] = words[..] else { panic!("what is {line:?}?") };
        let request = Request {
            database: Database::parse(database),
            work: work.to_owned(),
            n: n.parse().expect("a number"),
            counts: counts == "1",
        };
        let offers = |c: &&Contestant| c.name == name && c.kinds.contains(&request.database.kind());
        let answer = match contestants.iter().find(offers) {
            Some(contestant) => {
                let slot = open.entry(format!("{name} {database}")).or_default();
                let (kept, answer) = (contestant.run)(&runtime, slot.take(), &request);
                *slot = kept;
                answer
            }
            None => "none".to_owned(),
        };
        writeln!(out, "{answer}").and_then(|()| out.flush()).expect("standard output");
    }
}

fn answer<L: Library>(runtime: &Runtime, slot: Slot, request: &Request) -> (Slot, String) {
    let Request { database, work, n, counts } = request;
    let (database, work, n, mut clock) = (database.clone(), work.clone(), *n, Clock::new(*counts));
    let work = async move {
        let mut library = match slot {
            Some(open) => *open.downcast::<L>().expect("it was opened under this name"),
            None => {
                let mut library = L::open(&database).await;
                library.script(database.settings()).await;
                library
            }
        };
        let done = work::run(&mut library, &database, &work, n, &mut clock).await;
        (library, done.map(|()| clock.cost()))
    };
    let (library, cost) = if L::ASYNC {
        runtime.block_on(async { tokio::spawn(boxed(work)).await.expect("the work failed") })
    } else {
        at_once(work)
    };
    let answer = match cost {
        Some(cost) => {
            format!("wall={} cpu={} allocations={} peak={}", cost.wall, cost.cpu, cost.allocations, cost.peak)
        }
        None => "none".to_owned(),
    };
    (Some(Box::new(library)), answer)
}

fn boxed<T>(work: impl Future<Output = T> + Send + 'static) -> Pin<Box<dyn Future<Output = T> + Send>> {
    Box::pin(work)
}

/// A library that never waits is done when it is polled once.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("a library that is not async has waited"),
    }
}
