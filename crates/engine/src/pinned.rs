//! Pinned certificates: a server that presents a certificate in `ca_file` itself is trusted, if it matches the server's
//! name and is not expired.
//!
//! Most self-signed certificates claim to be a CA (`openssl req -x509` makes them so), and a CA certificate is
//! otherwise not accepted from a server.

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

/// Verifies with another verifier, usually the operating system's, and accepts pinned certificates.
#[derive(Debug)]
pub(crate) struct PinningVerifier {
    system: Arc<dyn ServerCertVerifier>,
    pinned: Vec<CertificateDer<'static>>,
    /// Trusts only the pinned certificates.
    among_pinned: Arc<WebPkiServerVerifier>,
}

impl PinningVerifier {
    /// `system` verifies all servers that do not present one of `pinned`, which must not be empty.
    pub(crate) fn new(
        system: Arc<dyn ServerCertVerifier>,
        pinned: Vec<CertificateDer<'static>>,
        crypto: Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let among_pinned = authorities(&pinned, crypto)?;
        Ok(Self { system, pinned, among_pinned })
    }

    /// Trusts only `pinned`, which must not be empty: as CAs, and as servers' own certificates.
    pub(crate) fn only(
        pinned: Vec<CertificateDer<'static>>,
        crypto: Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let among_pinned = authorities(&pinned, crypto)?;
        let system: Arc<dyn ServerCertVerifier> = Arc::<WebPkiServerVerifier>::clone(&among_pinned);
        Ok(Self { system, pinned, among_pinned })
    }
}

/// Trusts only these CAs.
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
            // The dates are valid: they are checked first.
            Err(Error::InvalidCertificate(CertificateError::Other(why))) if is_authority(&why) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            // Its issuer is not in the file: that the certificate itself is there is enough.
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

/// Whether the only problem is that it is a CA certificate.
fn is_authority(why: &OtherError) -> bool {
    matches!(why.0.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}
