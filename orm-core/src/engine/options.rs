//! How an engine behaves: the options, the builder's methods for those of the pool and its connections, and the same as
//! keys of a URL. A key is one line in [`KEYS`].

use std::time::Duration;

use crate::Result;
use crate::driver::{ConnectOptions, Isolation};
use crate::engine::{EngineBuilder, EngineForm, Url, Watch};
use crate::error::{Error, ErrorKind};

/// How an engine behaves; see the methods of [`EngineBuilder`].
pub(crate) struct Options {
    pub(super) pool_size: usize,
    pub(super) max_overflow: usize,
    pub(super) pool_timeout: Duration,
    pub(super) recycle: Option<Duration>,
    pub(super) pre_ping: bool,
    pub(super) on_connect: Vec<&'static str>,
    pub(super) connect: ConnectOptions,
    pub(super) isolation: Option<Isolation>,
    pub(super) watch: Watch,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pool_size: 5,
            max_overflow: 10,
            pool_timeout: Duration::from_secs(30),
            recycle: None,
            pre_ping: false,
            on_connect: Vec::new(),
            connect: ConnectOptions::default(),
            isolation: None,
            watch: Watch::default(),
        }
    }
}

/// Reads a key's value into the options; an error says what the value ought to be.
type Setter = fn(&mut Options, &str) -> Result<(), &'static str>;

/// The keys of a URL that every engine understands; what is not here is the backend's.
const KEYS: [(&str, Setter); 12] = [
    ("pool_size", |options, text| set(&mut options.pool_size, whole(text))),
    ("max_overflow", |options, text| set(&mut options.max_overflow, whole(text))),
    ("pool_timeout", |options, text| set(&mut options.pool_timeout, seconds(text))),
    ("recycle", |options, text| set(&mut options.recycle, seconds(text).map(Some))),
    ("pre_ping", |options, text| set(&mut options.pre_ping, switch(text))),
    ("connect_timeout", |options, text| set(&mut options.connect.connect_timeout, seconds(text).map(limit))),
    ("statement_timeout", |options, text| {
        set(&mut options.connect.statement_timeout, seconds(text).map(limit))
    }),
    ("isolation", |options, text| set(&mut options.isolation, level(text).map(Some))),
    ("echo", |options, text| set(&mut options.watch.echo, switch(text))),
    ("hide_parameters", |options, text| set(&mut options.watch.hidden, switch(text))),
    ("slow_statements", |options, text| set(&mut options.watch.slow, seconds(text).map(Some))),
    ("statement_cache", |options, text| set(&mut options.connect.statement_cache, whole(text))),
];

fn set<T>(option: &mut T, value: Result<T, &'static str>) -> Result<(), &'static str> {
    *option = value?;
    Ok(())
}

fn whole(text: &str) -> Result<usize, &'static str> {
    text.parse().map_err(|_| "a whole number")
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or("a number of seconds, such as 0.5")
}

fn switch(text: &str) -> Result<bool, &'static str> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("true or false"),
    }
}

fn level(text: &str) -> Result<Isolation, &'static str> {
    use Isolation::{ReadCommitted, ReadUncommitted, RepeatableRead, Serializable};
    let levels = [ReadUncommitted, ReadCommitted, RepeatableRead, Serializable];
    let known = levels.into_iter().find(|level| level.sql().eq_ignore_ascii_case(&text.replace('_', " ")));
    known.ok_or("one of read_uncommitted, read_committed, repeatable_read, serializable")
}

/// A time of zero is no limit, as it is for PostgreSQL.
fn limit(time: Duration) -> Option<Duration> {
    (!time.is_zero()).then_some(time)
}

impl Options {
    /// Takes the keys out of a URL that are not the backend's.
    pub(super) fn take_from(url: &mut Url) -> Result<Self> {
        let mut options = Self::default();
        url.take_options(|key, value| {
            let (_, setter) = KEYS.iter().find(|(known, _)| *known == key)?;
            Some(setter(&mut options, value).map_err(|expected| {
                Error::new(ErrorKind::Url, format!("the option {key} is not {expected}"))
            }))
        })?;
        Ok(options)
    }

    pub(super) fn keys() -> [&'static str; KEYS.len()] {
        KEYS.map(|(key, _)| key)
    }
}

/// The pool and its connections. Each option but `on_connect` is also a key of the URL, with times in seconds
/// (`?pool_size=20&pool_timeout=0.5`); what is set here goes before what the URL says.
impl<E: EngineForm> EngineBuilder<E> {
    /// How many idle connections are kept for the next user (5). Each one costs the server a process or a thread.
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.options.pool_size = connections;
        self
    }

    /// How many connections may be open beyond the pool's size when all are in use (10). They are closed when they come
    /// back, so each use of one costs a new connection. If size and overflow are both 0, there is still one.
    pub fn max_overflow(mut self, connections: usize) -> Self {
        self.options.max_overflow = connections;
        self
    }

    /// How long to wait for a connection when all are in use (30 s) before a pool-timeout error; 0 is not to wait at all. Opening
    /// one is not part of it. Costs nothing.
    pub fn pool_timeout(mut self, timeout: Duration) -> Self {
        self.options.pool_timeout = timeout;
        self
    }

    /// Closes an idle connection at its next use if it was opened longer ago than this (never). Costs that user a new connection;
    /// worth it where something between here and the server drops connections that have become old.
    pub fn recycle(mut self, age: Duration) -> Self {
        self.options.recycle = Some(age);
        self
    }

    /// Tests an idle connection before it is used, and opens a new one if it is dead (off). Costs a round trip each time
    /// a connection is taken, about a tenth of a millisecond on PostgreSQL beside the program; nothing on SQLite, which has no
    /// server. Without it the first statement after a restart of the server fails, and those after it work.
    pub fn pre_ping(mut self, on: bool) -> Self {
        self.options.pre_ping = on;
        self
    }

    /// How long opening a connection may take, log-in included (10 s); 0 is without limit. Costs nothing. SQLite opens a file,
    /// and does not wait.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect.connect_timeout = limit(timeout);
        self
    }

    /// How long a statement may run before the database gives it up with [`ErrorKind::Timeout`] (no limit, as is 0). Costs PostgreSQL
    /// one round trip for each new connection, and a timer for each statement; SQLite looks at the clock every 1000 steps of
    /// its machine, and waits no longer than this for locks. A transaction in which it happens has to be rolled back.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect.statement_timeout = limit(timeout);
        self
    }

    /// How many prepared statements each connection keeps (256), those used last. Each costs memory on both sides;
    /// with too few of them statements are prepared again and again, a round trip each on PostgreSQL.
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.options.connect.statement_cache = statements;
        self
    }

    /// Runs this on each new connection before its first use, such as `PRAGMA cache_size = -20000` or `SET search_path = app`.
    /// May be called more than once; the order is kept. Costs a round trip for each new connection. If it fails, the
    /// connection is closed and the error is that of whoever asked for it.
    pub fn on_connect(mut self, sql: &'static str) -> Self {
        self.options.on_connect.push(sql);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(query: &str) -> Result<(Options, Url)> {
        let mut url = Url::parse(&format!("postgres://alice:hunter2@host/db?{query}"))?;
        Ok((Options::take_from(&mut url)?, url))
    }

    #[test]
    fn keys_are_taken_out_of_the_url() {
        let query = "pool_size=1&max_overflow=2&sslmode=disable&pool_timeout=0.5&recycle=30&pre_ping=true&\
                     connect_timeout=0&statement_timeout=1.5&statement_cache=0&isolation=repeatable_read&\
                     echo=true&hide_parameters=1&slow_statements=0.2";
        let (options, url) = options(query).map_err(|error| error.to_string()).expect("good options");
        assert_eq!((options.pool_size, options.max_overflow, options.pre_ping), (1, 2, true));
        assert_eq!(options.pool_timeout, Duration::from_millis(500));
        assert_eq!(options.recycle, Some(Duration::from_secs(30)));
        let connect = ConnectOptions {
            connect_timeout: None,
            statement_timeout: Some(Duration::from_millis(1500)),
            statement_cache: 0,
        };
        assert_eq!(options.connect, connect);
        assert_eq!(options.isolation, Some(Isolation::RepeatableRead));
        assert!(options.watch.echo && options.watch.hidden);
        assert_eq!(options.watch.slow, Some(Duration::from_millis(200)));
        assert_eq!(url.to_string(), "postgres://alice:***@host/db?sslmode=disable");
    }

    #[test]
    fn a_bad_value_names_its_key_alone() {
        for (key, value) in [
            ("pool_size", "-1"),
            ("max_overflow", "hunter2"),
            ("pool_timeout", "-0.5"),
            ("recycle", "nan"),
            ("pre_ping", "maybe"),
            ("connect_timeout", "1e300"),
            ("statement_timeout", ""),
            ("statement_cache", "2.5"),
            ("isolation", "total"),
        ] {
            let error = options(&format!("{key}={value}")).err().expect("a bad option");
            let text = error.to_string();
            assert!(error.kind() == ErrorKind::Url && text.contains(key), "{text}");
            assert!(!text.contains("hunter2") && !text.contains("host"), "{text}");
        }
    }
}
