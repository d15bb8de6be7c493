//! Pinned certificates: a server that shows one of the certificates in `ca_file` itself is trusted, if it is for the
//! server's name and its dates are right.
//!
//! Most self-signed certificates say that they are an authority's (`openssl req -x509` makes them so), and an authority's
//! certificate is otherwise not accepted from a server.

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use std::sync::Arc;

/// Verifies as another does, usually the operating system, and lets pinned certificates pass.
#[derive(Debug)]
pub(crate) struct PinningVerifier {
    system: Arc<dyn ServerCertVerifier>,
    pinned: Vec<CertificateDer<'static>>,
    /// Trusts the pinned certificates, and nothing else.
    among_pinned: Arc<WebPkiServerVerifier>,
}

impl PinningVerifier {
    /// `system` verifies all servers that do not show one of `pinned`, of which there has to be one.
    pub(crate) fn new(
        system: Arc<dyn ServerCertVerifier>,
        pinned: Vec<CertificateDer<'static>>,
        crypto: Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let among_pinned = authorities(&pinned, crypto)?;
        Ok(Self { system, pinned, among_pinned })
    }

    /// Trusts `pinned`, of which there has to be one, and nobody else: as authorities, and where a server shows one of
    /// them itself.
    pub(crate) fn only(
        pinned: Vec<CertificateDer<'static>>,
        crypto: Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let among_pinned = authorities(&pinned, crypto)?;
        let system: Arc<dyn ServerCertVerifier> = Arc::<WebPkiServerVerifier>::clone(&among_pinned);
        Ok(Self { system, pinned, among_pinned })
    }
}

/// Trusts these authorities only.
fn authorities(
    certificates: &[CertificateDer<'static>],
    crypto: Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.iter().cloned());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), crypto)
        .build()
        .map_err(|error| format!("the certificates cannot be used: {error}"))
}

impl ServerCertVerifier for PinningVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.pinned.iter().any(|pinned| pinned.as_ref() == certificate.as_ref()) {
            return self.system.verify_server_cert(certificate, intermediates, name, ocsp, now);
        }
        match self.among_pinned.verify_server_cert(certificate, &[], name, ocsp, now) {
            // The dates were right: they are looked at before.
            Err(Error::InvalidCertificate(CertificateError::Other(why))) if is_authority(&why) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            // Signed by somebody else who is not in the file: that it stands there itself is enough for the issuer.
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.among_pinned.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.among_pinned.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.among_pinned.supported_verify_schemes()
    }
}

/// Whether the only thing wrong is that it is an authority's certificate.
fn is_authority(why: &OtherError) -> bool {
    matches!(why.0.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}
