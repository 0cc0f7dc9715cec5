//! Where the database is: a URL becomes the settings that connections are opened with.

use std::time::Duration;

use orm_core::driver::{AsyncConnection, Backend, Blocking, BoxFuture, ConnectOptions, Connection};
use orm_core::engine::Url;
use orm_core::query::Dialect;
use orm_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};

use crate::connection::{DriverResult, PostgresConnection};
use crate::dialect::PostgresDialect;
use crate::error;

const OPTIONS: &[&str] = &["sslmode", "application_name"];

/// A PostgreSQL database, `postgres://user:password@host:port/database`.
///
/// The host is `localhost` unless it is named; one that begins with `/` (written `%2F`) is the directory of a Unix
/// socket. User and database have the defaults of PostgreSQL itself. The options are `application_name` and
/// `sslmode`, which can only be `disable` or `prefer` as there is no TLS yet.
#[derive(Debug)]
pub struct PostgresBackend {
    // Its `Debug` hides the password.
    config: Config,
    /// Host and port, for messages.
    address: String,
}

impl PostgresBackend {
    /// Reads the URL; nothing is connected yet.
    pub fn new(url: &Url) -> Result<Self> {
        url.refuse_options(OPTIONS)?;
        let (host, port) = (url.host().unwrap_or("localhost"), url.port().unwrap_or(5432));
        let mut config = Config::new();
        config.host(host).port(port).ssl_mode(SslMode::Disable);
        if let Some(user) = url.user() {
            config.user(user);
        }
        if let Some(password) = url.password() {
            config.password(password);
        }
        if !url.path().is_empty() {
            config.dbname(url.path());
        }
        let mut backend = Self { config, address: format!("{host}:{port}") };
        url.query().iter().try_for_each(|(key, value)| backend.set(key, value))?;
        Ok(backend)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        match key {
            "sslmode" => refuse_tls(value)?,
            _ => {
                self.config.application_name(value);
            }
        }
        Ok(())
    }

    async fn open(&self, options: &ConnectOptions) -> Result<Box<dyn AsyncConnection>> {
        let runtime = Handle::try_current().map_err(|_| {
            misuse("an async connection to PostgreSQL needs a running tokio runtime; use Engine where there is none")
        })?;
        // The driver's own timeout ends with the TCP handshake; this one also covers a server that then stays silent.
        let limit = options.connect_timeout.unwrap_or(Duration::MAX);
        match tokio::time::timeout(limit, self.connect_on(&runtime, options)).await {
            Ok(Ok(client)) => Ok(Box::new(PostgresConnection::new(client, options.statement_cache))),
            Ok(Err(error)) => Err(error::connecting(error, &self.address)),
            Err(_) => Err(self.timed_out(limit)),
        }
    }

    async fn connect_on(&self, runtime: &Handle, options: &ConnectOptions) -> DriverResult<Client> {
        let (client, driver) = self.config.connect(NoTls).await?;
        // How it ends is also told to whoever waits for an answer then, and to everybody who asks after that.
        runtime.spawn(driver);
        if let Some(limit) = options.statement_timeout {
            // Zero would be no limit, and more than this cannot be said.
            let milliseconds = limit.as_millis().clamp(1, i32::MAX.unsigned_abs().into());
            client.batch_execute(&format!("SET statement_timeout = {milliseconds}")).await?;
        }
        Ok(client)
    }

    fn timed_out(&self, limit: Duration) -> Error {
        let message = format!("{}: no answer within {} s", self.address, limit.as_secs_f64());
        Error::new(ErrorKind::Connect, message)
    }
}

impl Backend for PostgresBackend {
    fn dialect(&self) -> &dyn Dialect {
        &PostgresDialect
    }

    fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Connection>> {
        Blocking::open(self.connect_async(options))
    }

    fn connect_async<'a>(
        &'a self,
        options: &'a ConnectOptions,
    ) -> BoxFuture<'a, Result<Box<dyn AsyncConnection>>> {
        Box::pin(self.open(options))
    }
}

fn misuse(message: &str) -> Error {
    Error::new(ErrorKind::Misuse, message)
}

fn refuse_tls(mode: &str) -> Result<()> {
    match mode {
        "disable" | "prefer" => Ok(()),
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "sslmode={mode}: there is no TLS yet, only sslmode=disable and sslmode=prefer (without TLS)"
            ),
        )),
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
        let backend = parse("postgres://alice:hunter2@db.example:5433/app").expect("a good URL");
        assert_eq!(backend.address, "db.example:5433");
        assert!(!format!("{backend:?}").contains("hunter2"));
    }

    #[test]
    fn options_are_read_or_refused() {
        let backend = parse("postgres://h/db?sslmode=prefer&application_name=shop");
        let backend = backend.expect("good options");
        assert_eq!(backend.config.get_application_name(), Some("shop"));
        for (option, kind) in [("sslmode=require", ErrorKind::Unsupported), ("colour=red", ErrorKind::Url)] {
            let error = parse(&format!("postgres://h/db?{option}")).expect_err(option);
            assert_eq!(error.kind(), kind, "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_host_that_is_a_path_is_a_socket() {
        use tokio_postgres::config::Host;
        let backend = parse("postgres://%2Frun%2Fpostgresql/db").expect("a good URL");
        assert_eq!(backend.config.get_hosts(), [Host::Unix("/run/postgresql".into())]);
    }

    #[test]
    fn an_async_connection_without_a_runtime_is_misuse() {
        let backend = parse("postgres://h/db").expect("a good URL");
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let options = ConnectOptions::default();
        let std::task::Poll::Ready(Err(error)) = backend.connect_async(&options).as_mut().poll(&mut context)
        else {
            unreachable!("it is refused at once")
        };
        assert_eq!(error.kind(), ErrorKind::Misuse);
    }
}
