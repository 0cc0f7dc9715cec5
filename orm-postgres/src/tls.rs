//! TLS by rustls, with ring for the arithmetic.

mod verifier;

use std::error::Error as StdError;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use orm_core::{Error, ErrorKind, Result};
use tokio::io::{self, AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::options::{Mode, Security};

type Cause = Box<dyn StdError + Send + Sync>;

/// Makes connections safe in the way that a URL asked for.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ClientConfig>);

/// `None` if there is to be no TLS.
pub(crate) fn tls(security: &Security) -> Result<Option<Tls>> {
    match security.mode {
        Mode::Disable => Ok(None),
        Mode::Prefer | Mode::Require | Mode::VerifyCa | Mode::VerifyFull => Tls::new(security).map(Some),
    }
}

impl Tls {
    fn new(security: &Security) -> Result<Self> {
        let given = security.roots.as_deref().map(|path| certificates("sslrootcert", path)).transpose()?;
        let provider = Arc::new(ring::default_provider());
        let verifier = verifier::Verifier::new(security.mode, given, &provider)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match (&security.certificate, &security.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let chain = certificates("sslcert", certificate)?;
                builder.with_client_auth_cert(chain, private_key(key)?).map_err(unusable)?
            }
            (_, _) => return Err(Error::new(ErrorKind::Url, "sslcert and sslkey go together")),
        };
        Ok(Self(Arc::new(config)))
    }
}

fn certificates(option: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>);
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(bad_file(option, path, "there is no certificate in it")),
        Err(error) => Err(bad_file(option, path, &error.to_string())),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| bad_file("sslkey", path, &error.to_string()))
}

fn bad_file(option: &str, path: &Path, problem: &str) -> Error {
    Error::new(ErrorKind::Url, format!("{option}: {} cannot be used: {problem}", path.display()))
}

fn unusable(error: tokio_rustls::rustls::Error) -> Error {
    Error::new(ErrorKind::Url, format!("TLS cannot be set up: {error}")).with_source(error)
}

/// The roots of the public authorities, as Mozilla keeps them.
fn public_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

/// A handshake that is about to begin.
pub(crate) struct Handshake {
    connector: TlsConnector,
    /// Whom the certificate has to name.
    server: std::result::Result<ServerName<'static>, Cause>,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Encrypted<S>;
    type TlsConnect = Handshake;
    type Error = Cause;

    fn make_tls_connect(&mut self, host: &str) -> std::result::Result<Handshake, Cause> {
        let server = ServerName::try_from(host.to_owned()).map_err(Cause::from);
        Ok(Handshake { connector: TlsConnector::from(self.0.clone()), server })
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> TlsConnect<S> for Handshake {
    type Stream = Encrypted<S>;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Encrypted<S>, Cause>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { Ok(Encrypted(self.connector.connect(self.server?, stream).await?)) })
    }
}

/// An encrypted connection.
pub(crate) struct Encrypted<S>(client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
