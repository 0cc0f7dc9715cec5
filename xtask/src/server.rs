//! The database servers the behaviour suite runs against.
//!
//! A server is a [`Server`] value in a module of its own: to add one, write that module and list it in
//! [`ALL`].

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};

use crate::guardian::Guardian;
use crate::{Result, mariadb, mysql, pgbouncer, postgres};

/// Every server, in the order of the report.
pub(crate) const ALL: &[Server] = &[
    postgres::SERVER,
    postgres::TLS_SERVER,
    pgbouncer::SERVER,
    mariadb::SERVER,
    mariadb::TLS_SERVER,
    mysql::SERVER,
];

/// A kind of database server.
pub(crate) struct Server {
    /// Its word in the report and, if it is a backend, in test names.
    pub(crate) name: &'static str,
    /// Whether the suite's cases run on it in both forms; else a few tests ask for it.
    pub(crate) backend: bool,
    /// Whether CI fails if it is not to be had.
    pub(crate) required: bool,
    /// The environment variable which tells the tests where the server is.
    pub(crate) variable: &'static str,
    /// Starts a throw-away server.
    pub(crate) start: fn(&Urls<'_>) -> Result<Running>,
}

/// A server which accepts connections until this value is dropped.
pub(crate) struct Running {
    /// Where the tests find it and how they log in.
    pub(crate) url: String,
    /// Held for its `Drop`; a server which we did not start has none.
    pub(crate) _guardian: Option<Guardian>,
}

/// Every server that was provisioned so far, or why it was not to be had.
pub(crate) type Provisioned = Vec<(&'static Server, Result<Running>)>;

/// Where the servers are that came before in [`ALL`].
pub(crate) struct Urls<'a>(&'a Provisioned);

impl Urls<'_> {
    pub(crate) fn of(&self, server: &Server) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other.variable == server.variable);
        found.and_then(|(_, running)| Some(running.as_ref().ok()?.url.as_str()))
    }
}

/// Provisions all of them, one after the other.
pub(crate) fn provision() -> Provisioned {
    ALL.iter().fold(Vec::new(), |mut provisioned, server| {
        let running = server.provision(&Urls(&provisioned));
        provisioned.push((server, running));
        provisioned
    })
}

impl Server {
    /// The server named by the environment, else a throw-away one, else the reason, which is also said at once.
    fn provision(&self, urls: &Urls<'_>) -> Result<Running> {
        self.provide(urls).inspect_err(|why| eprintln!("{}", self.skipped(why.as_ref())))
    }

    /// How it is said, loudly, that nothing is tested on it.
    pub(crate) fn skipped(&self, why: &dyn Error) -> String {
        format!("{} SKIPPED: {why}", self.name.to_uppercase())
    }

    fn provide(&self, urls: &Urls<'_>) -> Result<Running> {
        match env::var(self.variable) {
            Ok(url) if !url.is_empty() => Ok(Running { url, _guardian: None }),
            _ => (self.start)(urls),
        }
    }

    /// The server named by the environment, else a throw-away one.
    pub(crate) fn alone(&self) -> Result<Running> {
        self.provide(&Urls(&Vec::new()))
    }
}

/// A loopback port nobody listens on.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A password nobody can guess, made of characters which need no quoting anywhere.
pub(crate) fn password() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
