//! TLS settings: trusted certificates, and our own.
//!
//! The operating system decides which certificates to trust (`rustls-platform-verifier`: its own verifier on macOS and
//! Windows, its certificate files elsewhere). Reading those files takes milliseconds, so it is done for the first
//! encrypted connection, once for all.

use crate::{files, options::TransportSettings, pinned::PinningVerifier};
use rustls::{
    ClientConfig, RootCertStore,
    client::danger::ServerCertVerifier,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use std::{fmt, path::Path, sync::Arc, sync::OnceLock};

/// The TLS settings, shared by all connections of an engine.
pub(crate) struct Tls {
    roots: Vec<CertificateDer<'static>>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    config: OnceLock<Result<ClientConfig, String>>,
}

impl Tls {
    /// Reads the files named in `settings`.
    pub(crate) fn read(settings: &TransportSettings) -> Result<Self, String> {
        Ok(Self {
            roots: settings.ca_file.as_deref().map(read_certificates).transpose()?.unwrap_or_default(),
            identity: settings.client_certificate.as_deref().map(read_identity).transpose()?,
            config: OnceLock::new(),
        })
    }

    /// Whether both trust and present the same certificates: files may have changed under their names.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.roots == other.roots && self.identity == other.identity
    }

    /// The configuration for encrypted connections. Reads the operating system's certificates the first time.
    pub(crate) fn config(&self) -> Result<ClientConfig, String> {
        self.config.get_or_init(|| self.build()).clone()
    }

    fn build(&self) -> Result<ClientConfig, String> {
        let crypto = Arc::new(ring::default_provider());
        let verifier = Verifier::new_with_extra_roots(self.roots.iter().cloned(), Arc::clone(&crypto))
            .map_err(|error| format!("cannot read the operating system's certificates: {error}"))?;
        let verifier: Arc<dyn ServerCertVerifier> = if self.roots.is_empty() {
            Arc::new(verifier)
        } else {
            Arc::new(PinningVerifier::new(Arc::new(verifier), self.roots.clone(), Arc::clone(&crypto))?)
        };
        let builder = builder(crypto)?.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(|error| format!("the client certificate cannot be used: {error}"))?,
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// The configuration for unencrypted providers, which avoids reading certificates. It trusts none.
pub(crate) fn unused() -> Result<ClientConfig, String> {
    let crypto = Arc::new(ring::default_provider());
    Ok(builder(crypto)?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

pub(crate) fn builder(
    crypto: Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, String> {
    ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be used: {error}"))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    files::read_regular(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(format!("there is no certificate in {}", path.display())),
        Err(error) => Err(format!("cannot read the certificates in {}: {error}", path.display())),
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = certificates(&read(path)?, path)?;
    let mut check = RootCertStore::empty();
    for certificate in &certificates {
        check
            .add(certificate.clone())
            .map_err(|error| format!("a certificate in {} cannot be used: {error}", path.display()))?;
    }
    Ok(certificates)
}

fn read_identity(path: &Path) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let pem = read(path)?;
    let key = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|error| format!("cannot read the private key in {}: {error}", path.display()))?;
    Ok((certificates(&pem, path)?, key))
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tls").field("roots", &self.roots.len()).finish_non_exhaustive()
    }
}
