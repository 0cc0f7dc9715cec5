//! Whom to trust: nobody in particular, an authority, or an authority that vouches for the host's name.

use std::sync::Arc;

use orm_core::Result;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};

use crate::options::Mode;
use crate::tls::{public_roots, unusable};

/// Checks a server's certificate as far as the mode asks.
#[derive(Debug)]
pub(super) struct Verifier {
    /// `None` if any certificate will do.
    authorities: Option<Authorities>,
    /// Whether the certificate has to name the host.
    names: bool,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
struct Authorities {
    /// What `sslrootcert` holds. A server may show one of these itself: a certificate that vouches for itself is no
    /// authority by the rules of the web, and still what many servers have.
    given: Vec<CertificateDer<'static>>,
    chain: Arc<WebPkiServerVerifier>,
}

impl Verifier {
    pub(super) fn new(
        mode: Mode,
        given: Option<Vec<CertificateDer<'static>>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self> {
        let checked = given.is_some() || matches!(mode, Mode::VerifyCa | Mode::VerifyFull);
        let authorities = checked.then(|| Authorities::new(given, provider)).transpose()?;
        Ok(Self { authorities, names: mode == Mode::VerifyFull, provider: provider.clone() })
    }
}

impl Authorities {
    fn new(given: Option<Vec<CertificateDer<'static>>>, provider: &Arc<CryptoProvider>) -> Result<Self> {
        let roots = match &given {
            None => public_roots(),
            Some(given) => {
                let mut roots = RootCertStore::empty();
                given.iter().try_for_each(|root| roots.add(root.clone())).map_err(unusable)?;
                roots
            }
        };
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let chain = chain.build().map_err(|error| unusable(TlsError::General(error.to_string())))?;
        Ok(Self { given: given.unwrap_or_default(), chain })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        let Some(authorities) = &self.authorities else {
            return Ok(ServerCertVerified::assertion());
        };
        if authorities.given.contains(end_entity) {
            if self.names {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match authorities.chain.verify_server_cert(end_entity, intermediates, server, ocsp, now) {
            Err(TlsError::InvalidCertificate(error)) if !self.names && is_about_name(&error) => {
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The name is looked at last, when all else was found good.
fn is_about_name(error: &CertificateError) -> bool {
    matches!(error, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
}
