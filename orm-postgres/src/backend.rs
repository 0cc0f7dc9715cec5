//! Where the database is: a URL becomes the settings that connections are opened with.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use orm_core::driver::{
    AsyncConnection, Backend, Blocking, BoxFuture, ConnectOptions, Connection, Drive, OwnRuntime, Place,
};
use orm_core::engine::Url;
use orm_core::query::Dialect;
use orm_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::Tls;
use crate::cancel::Cancel;
use crate::connection::{DriverResult, PostgresConnection};
use crate::dial::{Channel, Peer, Stream};
use crate::dialect::PostgresDialect;
use crate::options::{Options, is_socket};
use crate::turns::{Driver, Timer, Turns};
use crate::{error, tls};

/// A PostgreSQL database, `postgres://user:password@host:port/database`.
///
/// The host is `localhost` unless it is named; one that begins with `/` (written `%2F`, or as the option `host`) is the
/// folder of a Unix socket. User and database have the defaults of PostgreSQL itself. The options behind the `?`:
///
/// | option | |
/// |---|---|
/// | `sslmode` | `disable`, `prefer` (TLS if the server has it, unchecked), `require` (TLS, the certificate unchecked unless `sslrootcert` is given), `verify-ca`, `verify-full` (the certificate names the host). Without it: `verify-full`, and `disable` to this machine (loopback and Unix sockets). TLS needs the feature `tls` and costs one to two round trips more for each new connection, and the encryption |
/// | `sslrootcert` | a PEM file with the authorities to trust instead of the public ones, or with the server's own certificate. Read once, when the engine is opened |
/// | `sslcert`, `sslkey` | PEM files with the client's certificate and its key. Cost a signature for each new connection |
/// | `pooler=transaction`, `pgbouncer=true` | PgBouncer in transaction mode, or something like it, is in between: nothing is kept on the server beyond a transaction. Each different statement of a transaction costs a round trip more, as it is prepared anew; a new connection costs two or more to look up the database's own types. A statement outside of a transaction gets one of its own |
/// | `application_name` | shown in `pg_stat_activity`. Costs nothing |
/// | `options` | settings for each session as the server's command line has them, `-c%20search_path=app`. Cost nothing |
/// | `target_session_attrs` | `any`, `read-write`, `read-only`: refuses a server of the other kind. Costs a round trip for each new connection, unless it is `any` |
pub struct PostgresBackend {
    options: Options,
    tls: Option<Tls>,
}

impl PostgresBackend {
    /// Reads the URL; nothing is connected yet.
    pub fn new(url: &Url) -> Result<Self> {
        let options = Options::new(url)?;
        // A Unix socket has no use for it.
        let tls = if is_socket(&options.host) { None } else { tls::tls(&options.security)? };
        Ok(Self { options, tls })
    }

    async fn open(&self, options: &ConnectOptions, runtime: Handle) -> Result<Box<dyn AsyncConnection>> {
        // It also covers a server that takes the connection and then stays silent.
        let limit = limit(options);
        match tokio::time::timeout(limit, self.connect_any(options, runtime)).await {
            Ok(connection) => connection,
            Err(_) => Err(self.silent(limit)),
        }
    }

    /// Connects to the first address that takes the connection. Each is tried by itself, so that it is known which one
    /// to send a cancel request to.
    async fn connect_any(
        &self,
        options: &ConnectOptions,
        runtime: Handle,
    ) -> Result<Box<dyn AsyncConnection>> {
        let mut failure = None;
        for peer in self.peers().await? {
            match self.connect_to(peer, options, &runtime).await {
                Ok(connection) => return Ok(Box::new(connection)),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| self.nowhere()))
    }

    async fn connect_to(
        &self,
        peer: Peer,
        options: &ConnectOptions,
        runtime: &Handle,
    ) -> Result<PostgresConnection> {
        let channel = self.dial(&peer).await?.into_channel();
        let (client, driver) = self.log_in(channel).await?;
        // How it ends is also told to whoever waits for an answer then, and to everybody who asks after that.
        tokio::spawn(driver);
        let cancel = self.cancel(&client, peer, Some(runtime.clone()));
        self.set_up(client, cancel, Timer::Runtime, options).await
    }

    /// The same on the caller's thread. Only names and sockets need a runtime.
    fn open_blocking(&self, options: &ConnectOptions) -> Result<Box<dyn Connection>> {
        let time = TimeLeft::of(limit(options));
        let mut runtime = OwnRuntime::start()?;
        let peers = runtime.drive(async { tokio::time::timeout(time.left(), self.peers()).await })?;
        let mut failure = None;
        for peer in peers.map_err(|_| self.silent(time.limit))?? {
            match self.connect_blocking_to(peer, options, &mut runtime, &time) {
                Ok(connection) => return Ok(Box::new(connection)),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| self.nowhere()))
    }

    fn connect_blocking_to(
        &self,
        peer: Peer,
        options: &ConnectOptions,
        runtime: &mut OwnRuntime,
        time: &TimeLeft,
    ) -> Result<Blocking<Turns>> {
        let silent = || self.silent(time.limit);
        let stream = runtime.drive(async { tokio::time::timeout(time.left(), self.dial(&peer)).await })?;
        let stream = stream.map_err(|_| silent())??;
        let (mut turns, wire) = Turns::new(stream).map_err(|error| self.unconnected(error))?;
        let timer = turns.timer();
        let login = turns.drive(timer.within(time.left(), self.log_in(Channel::new(wire))))?;
        let (client, driver) = login.ok_or_else(silent)??;
        turns.set_driver(driver);
        let cancel = self.cancel(&client, peer, None);
        let set_up = self.set_up(client, cancel, turns.timer(), options);
        let connection = turns.drive(timer.within(time.left(), set_up))?.ok_or_else(silent)??;
        Ok(Blocking::new(Box::new(connection), turns))
    }

    async fn peers(&self) -> Result<Vec<Peer>> {
        let Options { host, port, .. } = &self.options;
        if is_socket(host) {
            return Ok(vec![Peer::Socket(PathBuf::from(format!("{host}/.s.PGSQL.{port}")))]);
        }
        let found = tokio::net::lookup_host((host.as_str(), *port)).await;
        let found = found.map_err(|error| self.unreachable(&error.to_string()).with_source(error))?;
        Ok(found.map(Peer::Tcp).collect())
    }

    async fn dial(&self, peer: &Peer) -> Result<Stream> {
        Stream::open(peer).await.map_err(|error| self.unconnected(error))
    }

    async fn log_in(&self, channel: Channel) -> Result<(Client, Driver)> {
        let config = &self.options.config;
        let login: DriverResult<(Client, Driver)> = match self.tls.clone() {
            None => {
                let login = config.connect_raw(channel, NoTls).await;
                login.map(|(client, driver)| (client, Box::pin(driver) as Driver))
            }
            Some(mut tls) => {
                let tls = MakeTlsConnect::<Channel>::make_tls_connect(&mut tls, &self.options.host);
                let tls = tls.map_err(|error| self.unreachable(&format!("TLS: {error}")));
                let login = config.connect_raw(channel, tls?).await;
                login.map(|(client, driver)| (client, Box::pin(driver) as Driver))
            }
        };
        login.map_err(|error| self.failed(error))
    }

    fn cancel(&self, client: &Client, peer: Peer, runtime: Option<Handle>) -> Cancel {
        let token = client.cancel_token();
        Cancel { token, peer, host: self.options.host.clone(), tls: self.tls.clone(), runtime }
    }

    async fn set_up(
        &self,
        client: Client,
        cancel: Cancel,
        timer: Timer,
        options: &ConnectOptions,
    ) -> Result<PostgresConnection> {
        self.refuse_other_kind(&client).await?;
        let mut connection = PostgresConnection::new(client, cancel, timer, options.statement_cache);
        // Zero would be no limit, and more than this cannot be said.
        let milliseconds = |limit: Duration| limit.as_millis().clamp(1, i32::MAX.unsigned_abs().into());
        let limit = options.statement_timeout.map(milliseconds);
        if self.options.pooled {
            connection.set_pooled(limit).await?;
            return Ok(connection);
        }
        if let Some(limit) = limit {
            connection.limit_statements(limit).await?;
        }
        connection.learn_isolation().await?;
        Ok(connection)
    }

    /// Asks for what `target_session_attrs` wants to know.
    async fn refuse_other_kind(&self, client: &Client) -> Result<()> {
        let wanted = match self.options.config.get_target_session_attrs() {
            TargetSessionAttrs::ReadWrite => "off",
            TargetSessionAttrs::ReadOnly => "on",
            _ => return Ok(()),
        };
        let answer = client.simple_query("SHOW transaction_read_only").await;
        let answer = answer.map_err(|error| self.failed(error))?;
        let is_wanted = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => row.get(0) == Some(wanted),
            _ => false,
        };
        match answer.iter().any(is_wanted) {
            true => Ok(()),
            false if wanted == "on" => {
                Err(self.unreachable("the database allows writes, and target_session_attrs is read-only"))
            }
            false => {
                Err(self.unreachable("the database allows no writes, and target_session_attrs is read-write"))
            }
        }
    }

    fn failed(&self, error: tokio_postgres::Error) -> Error {
        error::connecting(error, &self.address())
    }

    fn unconnected(&self, error: io::Error) -> Error {
        self.unreachable(&format!("error connecting to server: {error}")).with_source(error)
    }

    fn silent(&self, limit: Duration) -> Error {
        self.unreachable(&format!("no answer within {} s", limit.as_secs_f64()))
    }

    fn nowhere(&self) -> Error {
        self.unreachable("the name has no address")
    }

    fn unreachable(&self, problem: &str) -> Error {
        Error::new(ErrorKind::Connect, format!("{}: {problem}", self.address()))
    }

    /// Host and port, for messages.
    fn address(&self) -> String {
        format!("{}:{}", self.options.host, self.options.port)
    }
}

fn limit(options: &ConnectOptions) -> Duration {
    options.connect_timeout.unwrap_or(Duration::MAX)
}

/// How much of a limit is left.
struct TimeLeft {
    limit: Duration,
    start: Instant,
}

impl TimeLeft {
    fn of(limit: Duration) -> Self {
        Self { limit, start: Instant::now() }
    }

    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.start.elapsed())
    }
}

impl Backend for PostgresBackend {
    fn dialect(&self) -> &dyn Dialect {
        &PostgresDialect
    }

    fn place(&self) -> Place {
        let Options { host, port, config, .. } = &self.options;
        let database = config.get_dbname().or(config.get_user()).map(str::to_owned);
        Place { system: "postgresql", host: Some(host.clone()), port: Some(*port), database }
    }

    fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Connection>> {
        self.open_blocking(options)
    }

    fn connect_async<'a>(
        &'a self,
        options: &'a ConnectOptions,
    ) -> BoxFuture<'a, Result<Box<dyn AsyncConnection>>> {
        Box::pin(async {
            let runtime = Handle::try_current().map_err(|_| {
                let message = "an async connection to PostgreSQL needs a running tokio runtime; use Engine where \
                               there is none";
                Error::new(ErrorKind::Misuse, message)
            })?;
            self.open(options, runtime).await
        })
    }
}

impl std::fmt::Debug for PostgresBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgresBackend({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parse(text: &str) -> Result<PostgresBackend> {
        PostgresBackend::new(&Url::parse(text).expect("a URL"))
    }

    #[test]
    fn the_password_is_never_shown() {
        let backend = parse("postgres://alice:hunter2@localhost:5433/app").expect("a good URL");
        assert_eq!(backend.address(), "localhost:5433");
        assert!(!format!("{backend:?}").contains("hunter2"));
    }

    #[test]
    fn an_async_connection_without_a_runtime_is_misuse() {
        let backend = parse("postgres://localhost/db").expect("a good URL");
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let options = ConnectOptions::default();
        let std::task::Poll::Ready(Err(error)) = backend.connect_async(&options).as_mut().poll(&mut context)
        else {
            unreachable!("it is refused at once")
        };
        assert_eq!(error.kind(), ErrorKind::Misuse);
    }
}
