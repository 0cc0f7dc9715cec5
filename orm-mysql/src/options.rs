//! What a URL says about how to connect.

use std::net::IpAddr;
use std::path::PathBuf;

use mysql_async::{Opts, OptsBuilder};
use orm_core::engine::Url;
use orm_core::{Error, ErrorKind, Result};

use crate::dialect::Product;
use crate::tls;

const KEYS: &[&str] = &["host", "sslca", "sslcert", "sslkey", "sslmode"];

/// The settings of a connection.
pub(crate) struct Options {
    // Its `Debug` would show the password.
    pub(crate) opts: Opts,
    pub(crate) product: Product,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: Option<String>,
}

/// How a connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Security {
    pub(crate) mode: Mode,
    /// PEM files.
    pub(crate) roots: Option<PathBuf>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

/// How much of the server's identity is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Options {
    pub(crate) fn new(url: &Url) -> Result<Self> {
        url.refuse_options(KEYS)?;
        let get =
            |key: &str| url.query().iter().rfind(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let product = if url.dialect() == "mariadb" { Product::MariaDb } else { Product::MySql };
        let host = url.host().or(get("host")).unwrap_or("localhost").to_owned();
        let port = url.port().unwrap_or(3306);
        let security = Security {
            mode: get("sslmode").map_or(Ok(default_mode(&host)), mode)?,
            roots: get("sslca").map(PathBuf::from),
            certificate: get("sslcert").map(PathBuf::from),
            key: get("sslkey").map(PathBuf::from),
        };
        let database = Some(url.path().to_owned()).filter(|name| !name.is_empty());
        let builder = OptsBuilder::default()
            .user(url.user())
            .pass(url.password())
            .db_name(database.clone())
            // Those that matched are counted, not only those that were changed.
            .client_found_rows(true)
            .tcp_nodelay(true)
            // Statements are kept by their own numbers; see `prepared`.
            .stmt_cache_size(0usize)
            .prefer_socket(false)
            // Both would cost a round trip to be asked for; what the server takes is asked with the settings.
            .max_allowed_packet(Some(1 << 30))
            .wait_timeout(Some(28_800));
        let builder = match is_socket(&host) {
            true => builder.socket(Some(host.clone())),
            false => tls::protect(builder.ip_or_hostname(host.clone()).tcp_port(port), &security)?,
        };
        Ok(Self { opts: builder.into(), product, host, port, database })
    }
}

/// What is left when a URL says nothing: nobody can listen on the way to a server on this machine, and on any other way
/// somebody can.
fn default_mode(host: &str) -> Mode {
    if is_local(host) { Mode::Disable } else { Mode::VerifyFull }
}

fn is_local(host: &str) -> bool {
    is_socket(host)
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A host that begins with `/` is a Unix socket.
fn is_socket(host: &str) -> bool {
    host.starts_with('/')
}

fn mode(text: &str) -> Result<Mode> {
    match text {
        "disable" => Ok(Mode::Disable),
        "require" => Ok(Mode::Require),
        "verify-ca" => Ok(Mode::VerifyCa),
        "verify-full" => Ok(Mode::VerifyFull),
        _ => {
            let message = "sslmode is one of disable, require, verify-ca, verify-full";
            Err(Error::new(ErrorKind::Url, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parse(text: &str) -> Result<Options> {
        Options::new(&Url::parse(text).expect("a URL"))
    }

    #[test]
    fn the_scheme_names_the_product() {
        let options = parse("mariadb://u:p@127.0.0.1/shop").expect("good options");
        assert_eq!((options.product, options.port), (Product::MariaDb, 3306));
        assert_eq!(options.opts.db_name(), Some("shop"));
        assert!(options.opts.client_found_rows() && options.opts.ssl_opts().is_none());
        let options = parse("mysql://u@127.0.0.1:3307").expect("good options");
        assert_eq!((options.product, options.port, options.database), (Product::MySql, 3307, None));
    }

    #[test]
    fn options_are_read_or_refused() {
        for option in ["sslmode=prefer", "colour=red"] {
            let error = parse(&format!("mysql://localhost/db?{option}")).err().expect(option);
            assert_eq!(error.kind(), ErrorKind::Url, "{error}");
        }
    }

    #[test]
    fn a_host_that_is_a_path_is_a_socket() {
        for url in ["mysql://%2Frun%2Fmysqld%2Fmysqld.sock/db", "mysql:///db?host=/run/mysqld/mysqld.sock"] {
            let options = parse(url).expect("good options");
            assert_eq!(options.opts.socket(), Some("/run/mysqld/mysqld.sock"));
        }
    }

    #[test]
    fn a_way_that_others_can_listen_on_is_protected_unless_the_url_says_otherwise() {
        assert_eq!(default_mode("127.0.0.1"), Mode::Disable);
        assert_eq!(default_mode("db.example"), Mode::VerifyFull);
    }
}
