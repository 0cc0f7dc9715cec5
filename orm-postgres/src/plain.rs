//! In the place of `tls` where that feature is off.

use orm_core::{Error, ErrorKind, Result};
use tokio_postgres::NoTls;
use tokio_postgres::tls::{MakeTlsConnect, NoTlsError, NoTlsStream};

use crate::options::{Mode, Security};

/// There is none.
#[derive(Clone)]
pub(crate) enum Tls {}

impl<S> MakeTlsConnect<S> for Tls {
    type Stream = NoTlsStream;
    type TlsConnect = NoTls;
    type Error = NoTlsError;

    fn make_tls_connect(&mut self, _: &str) -> std::result::Result<NoTls, NoTlsError> {
        match *self {}
    }
}

/// `None`, or an error where TLS was asked for.
pub(crate) fn tls(security: &Security) -> Result<Option<Tls>> {
    match security.mode {
        Mode::Disable | Mode::Prefer => Ok(None),
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => Err(Error::new(
            ErrorKind::Unsupported,
            "a connection to a server that is not on this machine, or with sslmode=require and above, needs TLS, and \
             this program was built without it: cargo add orm --features tls, or add ?sslmode=disable to the URL, and \
             everybody on the way can read along",
        )),
    }
}
