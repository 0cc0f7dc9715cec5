//! What there is of TLS without the feature `tls`: a word on how to get it.

use mysql_async::OptsBuilder;
use orm_core::{Error, ErrorKind, Result};

use crate::options::{Mode, Security};

/// Refuses what a URL says about how connections are to be protected.
pub(crate) fn protect(builder: OptsBuilder, security: &Security) -> Result<OptsBuilder> {
    match security.mode {
        Mode::Disable => Ok(builder),
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => Err(Error::new(
            ErrorKind::Unsupported,
            "this program was built without TLS: add the feature tls, or ?sslmode=disable to the URL if nobody can listen on \
             the way to the server",
        )),
    }
}
