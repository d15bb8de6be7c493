//! Certificates of an HTTP client: the trusted ones, and its own.

use super::settings::{HttpSettings, Identity, Trust};
use crate::{pinned::PinningVerifier, tls};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;

/// The certificates in `pem`; at least one must be usable.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect();
    let (usable, _) = RootCertStore::empty().add_parsable_certificates(found.iter().cloned());
    if usable == 0 { Err("there is no usable certificate in it".to_owned()) } else { Ok(found) }
}

/// The chain and the key of `identity`.
pub(super) fn chain(
    identity: &Identity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&identity.certificates).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or("there is no certificate in the client certificate's file")?;
    let key = PrivateKeyDer::from_pem_slice(&identity.key).map_err(
        |_| "the client certificate's private key cannot be read: it has to be in PEM, without a password",
    )?;
    Ok((chain, key))
}

/// The TLS configuration. Reads the operating system's certificates if those are trusted.
pub(super) fn config(settings: &HttpSettings) -> Result<ClientConfig, String> {
    let crypto = Arc::new(ring::default_provider());
    let mut verifier: Arc<dyn ServerCertVerifier> = match &settings.trust {
        Trust::System => Arc::new(system(&crypto)?),
        Trust::Only(pem) => Arc::new(PinningVerifier::only(certificates(pem)?, Arc::clone(&crypto))?),
        Trust::Everybody => Arc::new(Everybody(Arc::clone(&crypto))),
    };
    if !settings.checks_names {
        verifier = Arc::new(AnyName(verifier));
    }
    let builder = tls::builder(crypto)?.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = match &settings.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = chain(identity)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| format!("the client certificate cannot be used: {error}"))?
        }
    };
    let mut spoken = Vec::new();
    if settings.http2 {
        spoken.push(b"h2".to_vec());
    }
    if settings.http1 {
        spoken.push(b"http/1.1".to_vec());
    }
    config.alpn_protocols = spoken;
    Ok(config)
}

fn system(crypto: &Arc<CryptoProvider>) -> Result<Verifier, String> {
    Verifier::new_with_extra_roots([], Arc::clone(crypto))
        .map_err(|error| format!("cannot read the operating system's certificates: {error}"))
}

/// Trusts any certificate.
#[derive(Debug)]
struct Everybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Everybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Trusts as the inner verifier does, whatever name the certificate is for.
#[derive(Debug)]
struct AnyName(Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.0.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is checked last: everything else was valid.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
