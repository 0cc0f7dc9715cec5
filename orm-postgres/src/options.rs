//! What a URL says about how to connect.

use std::net::IpAddr;
use std::path::PathBuf;

use orm_core::engine::Url;
use orm_core::{Error, ErrorKind, Result};
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

const KEYS: &[&str] = &[
    "application_name",
    "host",
    "options",
    "pgbouncer",
    "pooler",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
];

/// The settings of a connection.
pub(crate) struct Options {
    // Its `Debug` hides the password.
    pub(crate) config: Config,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// A pooler between us and the server hands each transaction to another of its connections.
    pub(crate) pooled: bool,
    pub(crate) security: Security,
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

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Options {
    pub(crate) fn new(url: &Url) -> Result<Self> {
        url.refuse_options(KEYS)?;
        let get =
            |key: &str| url.query().iter().rfind(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let host = url.host().or(get("host")).unwrap_or("localhost").to_owned();
        let pooled = pooled(get("pooler"), get("pgbouncer"))?;
        if pooled && (get("options").is_some() || get("target_session_attrs").is_some()) {
            let message = "a transaction pooler keeps no settings of a session: leave options and \
                           target_session_attrs out, and set them at the pooler";
            return Err(Error::new(ErrorKind::Url, message));
        }
        let security = Security {
            mode: get("sslmode").map_or(Ok(default_mode(&host)), mode)?,
            roots: get("sslrootcert").map(PathBuf::from),
            certificate: get("sslcert").map(PathBuf::from),
            key: get("sslkey").map(PathBuf::from),
        };
        let port = url.port().unwrap_or(5432);
        let mut config = Config::new();
        config.host(&host).port(port).ssl_mode(wire_mode(&host, security.mode));
        if !url.path().is_empty() {
            config.dbname(url.path());
        }
        url.user().map(|user| config.user(user));
        url.password().map(|password| config.password(password));
        get("application_name").map(|name| config.application_name(name));
        get("options").map(|options| config.options(options));
        config.target_session_attrs(
            get("target_session_attrs").map_or(Ok(TargetSessionAttrs::Any), attributes)?,
        );
        Ok(Self { config, host, port, pooled, security })
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

/// A host that begins with `/` is the folder of a Unix socket.
pub(crate) fn is_socket(host: &str) -> bool {
    host.starts_with('/')
}

/// What the driver has to do for a mode; there is no TLS on a socket, whatever was asked for.
fn wire_mode(host: &str, mode: Mode) -> SslMode {
    match mode {
        _ if is_socket(host) => SslMode::Disable,
        Mode::Disable => SslMode::Disable,
        Mode::Prefer => SslMode::Prefer,
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
    }
}

fn mode(text: &str) -> Result<Mode> {
    match text {
        "disable" => Ok(Mode::Disable),
        "prefer" => Ok(Mode::Prefer),
        "require" => Ok(Mode::Require),
        "verify-ca" => Ok(Mode::VerifyCa),
        "verify-full" => Ok(Mode::VerifyFull),
        _ => Err(invalid("sslmode is one of disable, prefer, require, verify-ca, verify-full")),
    }
}

fn attributes(text: &str) -> Result<TargetSessionAttrs> {
    match text {
        "any" => Ok(TargetSessionAttrs::Any),
        "read-write" => Ok(TargetSessionAttrs::ReadWrite),
        "read-only" => Ok(TargetSessionAttrs::ReadOnly),
        _ => Err(invalid("target_session_attrs is one of any, read-write, read-only")),
    }
}

fn pooled(pooler: Option<&str>, pgbouncer: Option<&str>) -> Result<bool> {
    let pooler = match pooler {
        None | Some("none" | "session") => false,
        Some("transaction") => true,
        Some(_) => return Err(invalid("pooler is one of none, session, transaction")),
    };
    match pgbouncer {
        None | Some("false") => Ok(pooler),
        Some("true") => Ok(true),
        Some(_) => Err(invalid("pgbouncer is true or false")),
    }
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::Url, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parse(text: &str) -> Result<Options> {
        Options::new(&Url::parse(text).expect("a URL"))
    }

    fn security(text: &str) -> Security {
        parse(text).expect("good options").security
    }

    #[test]
    fn options_are_read_or_refused() {
        let options = parse("postgres://h/db?application_name=shop&options=-c%20x=1");
        let options = options.expect("good options");
        assert_eq!(options.config.get_application_name(), Some("shop"));
        assert_eq!(options.config.get_options(), Some("-c x=1"));
        assert!(!options.pooled);
        for option in [
            "sslmode=allow",
            "colour=red",
            "pooler=statement",
            "pgbouncer=yes",
            "target_session_attrs=primary",
            "pooler=transaction&options=-c%20x=1",
        ] {
            let error = parse(&format!("postgres://h/db?{option}")).err().expect(option);
            assert_eq!(error.kind(), ErrorKind::Url, "{error}");
        }
    }

    #[test]
    fn a_way_that_others_can_listen_on_is_protected_unless_the_url_says_otherwise() {
        for (url, mode) in [
            ("postgres://localhost/db", Mode::Disable),
            ("postgres:///db", Mode::Disable),
            ("postgres://127.1.2.3/db", Mode::Disable),
            ("postgres://[::1]/db", Mode::Disable),
            ("postgres://%2Frun%2Fpostgresql/db", Mode::Disable),
            ("postgres:///db?host=/run/postgresql", Mode::Disable),
            ("postgres://db.example/db", Mode::VerifyFull),
            ("postgres://10.0.0.1/db", Mode::VerifyFull),
            ("postgres://db.example/db?sslmode=prefer", Mode::Prefer),
            ("postgres://localhost/db?sslmode=require", Mode::Require),
        ] {
            assert_eq!(security(url).mode, mode, "{url}");
        }
        assert_eq!(security("postgres://h/db?sslrootcert=/a%20b.pem").roots, Some("/a b.pem".into()));
    }

    #[test]
    fn a_pooler_is_said_in_two_ways() {
        assert!(parse("postgres://h/db?pooler=transaction").expect("options").pooled);
        assert!(parse("postgres://h/db?pgbouncer=true").expect("options").pooled);
        assert!(!parse("postgres://h/db?pooler=session").expect("options").pooled);
    }

    #[cfg(unix)]
    #[test]
    fn a_host_that_is_a_path_is_a_socket() {
        use tokio_postgres::config::Host;
        for url in ["postgres://%2Frun%2Fpostgresql/db", "postgres:///db?host=/run/postgresql"] {
            let options = parse(url).expect("good options");
            assert_eq!(options.config.get_hosts(), [Host::Unix("/run/postgresql".into())]);
        }
    }
}
