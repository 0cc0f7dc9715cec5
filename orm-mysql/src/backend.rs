//! Where the database is: a URL becomes the settings that connections are opened with.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use orm_core::driver::{
    AsyncConnection, Backend, Blocking, BoxFuture, ConnectOptions, Connection, Drive, OwnRuntime, Place,
};
use orm_core::engine::Url;
use orm_core::query::Dialect;
use orm_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;

use crate::connection::{Cancel, MysqlConnection};
use crate::dialect::{MysqlDialect, Product};
use crate::error;
use crate::options::Options;

/// A database of MySQL or MariaDB, `mysql://user:password@host:port/database` or `mariadb://…`.
///
/// The scheme says which of the two it is, because the SQL that they take differs; a server of the other one is refused when a
/// connection is opened. The host is `localhost` unless it is named; one that begins with `/` (written `%2F`, or as the option
/// `host`) is a Unix socket. The options behind the `?`:
///
/// | option | |
/// |---|---|
/// | `sslmode` | `disable`, `require` (TLS, the certificate unchecked unless `sslca` is given), `verify-ca`, `verify-full` (the certificate names the host; for now that is looked at with `verify-ca`, too). Without it: `verify-full`, and `disable` to this machine (loopback and Unix sockets). TLS needs the feature `tls` and costs two round trips more for each new connection, and the encryption |
/// | `sslca` | a PEM file with the authorities to trust instead of the public ones. Read for each new connection |
/// | `sslcert`, `sslkey` | PEM files with the client's certificate and its key. Cost a signature for each new connection |
///
/// Each new connection costs a round trip to set it up: strict mode, standard quotes and operators, UTC, and a collation that
/// tells letters apart as other databases do.
pub struct MysqlBackend {
    options: Options,
    dialect: MysqlDialect,
}

impl MysqlBackend {
    /// Reads the URL; nothing is connected yet.
    pub fn new(url: &Url) -> Result<Self> {
        let options = Options::new(url)?;
        let dialect = MysqlDialect::of(options.product);
        Ok(Self { options, dialect })
    }

    async fn open(
        &self,
        options: &ConnectOptions,
        runtime: Option<Handle>,
    ) -> Result<Box<dyn AsyncConnection>> {
        let limit = options.connect_timeout.unwrap_or(Duration::MAX);
        match tokio::time::timeout(limit, self.set_up(options, runtime)).await {
            Ok(connection) => connection,
            Err(_) => {
                let message = format!("{}: no answer within {} s", self.address(), limit.as_secs_f64());
                Err(Error::new(ErrorKind::Connect, message))
            }
        }
    }

    async fn set_up(
        &self,
        options: &ConnectOptions,
        runtime: Option<Handle>,
    ) -> Result<Box<dyn AsyncConnection>> {
        let opts = self.options.opts.clone();
        let mut conn = Conn::new(opts.clone()).await.map_err(|error| self.failed(error))?;
        let settings = self.settings(&mut conn, options).await?;
        let cancel = Cancel { opts, id: conn.id(), runtime };
        Ok(Box::new(MysqlConnection::new(conn, cancel, self.dialect, settings, options.statement_cache)))
    }

    async fn settings(&self, conn: &mut Conn, options: &ConnectOptions) -> Result<Settings> {
        let product = self.options.product;
        let sql = format!("{QUESTION}; {}", setup(product, options));
        let mut result = conn.query_iter(sql).await.map_err(|error| self.failed(error))?;
        let row = result.next().await.map_err(|error| self.failed(error))?;
        let settings = row.as_ref().map(Settings::read).unwrap_or_default();
        if settings.product != product {
            return Err(self.other_product(settings.product));
        }
        result.drop_result().await.map_err(|error| self.failed(error))?;
        Ok(settings)
    }

    fn other_product(&self, found: Product) -> Error {
        let message = format!(
            "{}: the server is {}, whose SQL differs; begin the URL with {}://",
            self.address(),
            found.name(),
            found.scheme()
        );
        Error::new(ErrorKind::Connect, message)
    }

    fn failed(&self, error: mysql_async::Error) -> Error {
        let Options { opts, .. } = &self.options;
        error::connecting(error, &self.address(), opts.ssl_opts().is_some() || opts.socket().is_some())
    }

    /// Host and port, for messages.
    fn address(&self) -> String {
        format!("{}:{}", self.options.host, self.options.port)
    }
}

const QUESTION: &str =
    "SELECT VERSION(), @@max_allowed_packet, @@innodb_autoinc_lock_mode, @@auto_increment_increment";

/// What a server said when a connection to it was set up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    product: Product,
    /// The most bytes that one statement may have with its values.
    pub(crate) max_packet: usize,
    /// By how much the keys of the rows of one INSERT differ, if that is certain.
    pub(crate) key_step: Option<i64>,
}

impl Settings {
    fn read(row: &Row) -> Self {
        let text = row.get_opt::<String, _>(0).and_then(std::result::Result::ok).unwrap_or_default();
        let number = |index: usize| row.get_opt::<i64, _>(index).and_then(std::result::Result::ok);
        let product = if text.contains("MariaDB") { Product::MariaDb } else { Product::MySql };
        let max_packet = number(1).and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(1 << 20);
        // In each of these modes InnoDB takes the keys of a statement whose rows are counted beforehand in one step.
        let key_step = number(3).filter(|_| matches!(number(2), Some(0..=2)));
        Self { product, max_packet, key_step }
    }
}

/// What each connection is told first.
fn setup(product: Product, options: &ConnectOptions) -> String {
    let (modes, collation) = match product {
        Product::MariaDb => (",SIMULTANEOUS_ASSIGNMENT", "utf8mb4_nopad_bin"),
        Product::MySql => (",ONLY_FULL_GROUP_BY", "utf8mb4_0900_bin"),
    };
    // MariaDB stops there without a word, and what goes on for ever would fill the disk.
    let recursion = match product {
        Product::MariaDb => "max_recursive_iterations",
        Product::MySql => "cte_max_recursion_depth",
    };
    let mut sql = format!(
        "SET NAMES utf8mb4 COLLATE {collation}; SET SESSION sql_mode = 'ANSI_QUOTES,ERROR_FOR_DIVISION_BY_ZERO,\
         NO_AUTO_VALUE_ON_ZERO,NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE,NO_ZERO_IN_DATE,PIPES_AS_CONCAT,\
         STRICT_ALL_TABLES,STRICT_TRANS_TABLES{modes}', time_zone = '+00:00', max_error_count = 65535, \
         group_concat_max_len = 4294967295, div_precision_increment = 30, {recursion} = 1000000"
    );
    if let Some(limit) = options.statement_timeout {
        // Zero would be no limit.
        sql += &match product {
            Product::MariaDb => format!(", max_statement_time = {:.6}", limit.as_secs_f64().max(0.000_001)),
            Product::MySql => format!(", max_execution_time = {}", limit.as_millis().max(1)),
        };
    }
    sql
}

impl Backend for MysqlBackend {
    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    fn place(&self) -> Place {
        let Options { host, port, database, product, .. } = &self.options;
        Place {
            system: product.scheme(),
            host: Some(host.clone()),
            port: Some(*port),
            database: database.clone(),
        }
    }

    fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Connection>> {
        let mut runtime = OwnRuntime::start()?;
        let connection = runtime.drive(self.open(options, None))??;
        Ok(Box::new(Blocking::new(connection, runtime)))
    }

    fn connect_async<'a>(
        &'a self,
        options: &'a ConnectOptions,
    ) -> BoxFuture<'a, Result<Box<dyn AsyncConnection>>> {
        Box::pin(async {
            let runtime = Handle::try_current().map_err(|_| {
                let message = "an async connection to MySQL needs a running tokio runtime; use Engine where there \
                               is none";
                Error::new(ErrorKind::Misuse, message)
            })?;
            self.open(options, Some(runtime)).await
        })
    }
}

impl std::fmt::Debug for MysqlBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MysqlBackend({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_shown() {
        let url = Url::parse("mysql://alice:hunter2@localhost:3307/app").expect("a URL");
        let backend = MysqlBackend::new(&url).expect("a good URL");
        assert_eq!(backend.address(), "localhost:3307");
        assert!(!format!("{backend:?}").contains("hunter2"));
    }

    #[test]
    fn a_limit_for_statements_is_never_none() {
        let options = ConnectOptions { statement_timeout: Some(Duration::ZERO), ..ConnectOptions::default() };
        assert!(setup(Product::MariaDb, &options).ends_with("max_statement_time = 0.000001"));
        assert!(setup(Product::MySql, &options).ends_with("max_execution_time = 1"));
    }
}
