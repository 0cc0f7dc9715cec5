//! The database servers the behaviour suite runs against.
//!
//! A server is a [`Server`] value in a module of its own: to add one, write that module and list it in
//! [`ALL`].

use std::env;
use std::fs::File;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};

use crate::guardian::Guardian;
use crate::{Result, postgres};

/// Every server, in the order of the report.
pub(crate) const ALL: &[Server] = &[postgres::SERVER];

/// A kind of database server.
pub(crate) struct Server {
    /// The backend's word in test names and in the report.
    pub(crate) backend: &'static str,
    /// The environment variable which tells the tests where the server is.
    pub(crate) variable: &'static str,
    /// Starts a throw-away server.
    pub(crate) start: fn() -> Result<Running>,
}

/// A server which accepts connections until this value is dropped.
pub(crate) struct Running {
    /// Where the tests find it and how they log in.
    pub(crate) url: String,
    /// Held for its `Drop`; a server which we did not start has none.
    pub(crate) _guardian: Option<Guardian>,
}

impl Server {
    /// The server named by the environment, else a throw-away one, else nothing and the reason on standard
    /// error.
    pub(crate) fn provision(&self) -> Option<Running> {
        match env::var(self.variable) {
            Ok(url) if !url.is_empty() => Some(Running { url, _guardian: None }),
            _ => (self.start)()
                .inspect_err(|why| eprintln!("{} SKIPPED: {why}", self.backend.to_uppercase()))
                .ok(),
        }
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
