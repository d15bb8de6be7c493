//! Advice for TLS errors that have a known remedy.

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

/// The advice if the server closes the connection before it is encrypted.
pub(crate) const ENDED: &str =
    "; perhaps the server does not speak TLS there: check the port in base_url, or begin it with http://";

/// The advice for `error`.
pub(crate) fn advice(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::InvalidCertificate(error) => certificate_advice(error)?,
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => "the server wants a certificate of ours that it trusts: name its file as client_certificate",
        Error::AlertReceived(AlertDescription::ProtocolVersion) | Error::PeerIncompatible(_) => {
            "the server has no version of TLS or no ciphers that are still safe: it needs TLS 1.2 or 1.3"
        }
        Error::AlertReceived(AlertDescription::UnrecognisedName | AlertDescription::HandshakeFailure) => {
            "the server does not know the host's name: check base_url"
        }
        error if is_plain(error) => {
            "it does not speak TLS there: check the port in base_url, or begin it with http://"
        }
        _ => return None,
    })
}

/// Whether the server responds with something other than TLS.
pub(crate) fn is_plain(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::InvalidEmptyPayload)
    )
}

fn certificate_advice(error: &CertificateError) -> Option<&'static str> {
    Some(match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "if the server or a proxy on the way has a certificate of its own authority, or a self-signed one, name \
             the file of that certificate as ca_file (FERRULE_CA_FILE)"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server has to renew its certificate, if this machine's clock is right"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "check this machine's clock"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "use a name in base_url that the certificate is for; its common name does not count, only its \
             alternative names (subjectAltName) do"
        }
        CertificateError::Revoked => "the server has to get a new certificate",
        CertificateError::Other(_) => {
            "if it is the server's own self-signed certificate, name its file as ca_file (FERRULE_CA_FILE)"
        }
        _ => return None,
    })
}
