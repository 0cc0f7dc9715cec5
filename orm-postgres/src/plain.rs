//! In the place of `tls` where that feature is off.

use orm_core::{Error, ErrorKind, Result};
use tokio_postgres::NoTls;

use crate::options::{Mode, Security};

pub(crate) type Tls = NoTls;

/// What the type's namesake offers.
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
