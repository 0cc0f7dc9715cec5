//! TLS by rustls, with ring for the arithmetic.
//!
//! Where a server's name need not be looked at, the driver wants to leave it out, but no longer knows rustls' error about it: so a name
//! that is wrong is refused with `verify-ca`, too, and with `require` if there are authorities. That is more than was asked for, not less.

use mysql_async::{ClientIdentity, OptsBuilder, SslOpts};
use orm_core::{Error, ErrorKind, Result};

use crate::options::{Mode, Security};

/// Adds what a URL says about how connections are protected.
pub(crate) fn protect(builder: OptsBuilder, security: &Security) -> Result<OptsBuilder> {
    let mut options = SslOpts::default();
    match (security.mode, &security.roots) {
        (Mode::Disable, _) => return Ok(builder),
        (Mode::Require, None) => options = options.with_danger_accept_invalid_certs(true),
        (Mode::Require | Mode::VerifyCa, _) => options = options.with_danger_skip_domain_validation(true),
        (Mode::VerifyFull, _) => {}
    }
    if let Some(roots) = &security.roots {
        let roots = vec![roots.clone().into()];
        options = options.with_root_certs(roots).with_disable_built_in_roots(true);
    }
    match (&security.certificate, &security.key) {
        (None, None) => {}
        (Some(certificate), Some(key)) => {
            let identity = ClientIdentity::new(certificate.clone().into(), key.clone().into());
            options = options.with_client_identity(Some(identity));
        }
        (_, _) => return Err(Error::new(ErrorKind::Url, "sslcert and sslkey go together")),
    }
    Ok(builder.ssl_opts(options))
}
