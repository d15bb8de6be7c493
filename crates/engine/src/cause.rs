//! Causes of transport errors.
//!
//! hyper's errors hide their reasons in a chain of sources; here they become one line, and a decision whether a retry
//! may help.

use crate::{
    failure::Failure,
    intercept::Refusal,
    net::{Connections, Unanswered},
    reasons::{find, reasons},
    retry::{Again, Failed},
    tls_advice,
};
use std::{error::Error, io, time::Duration};
use url::Url;

/// How much of a request was sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sending {
    /// The length of its body.
    pub(crate) bytes: usize,
    /// How long ago its last byte was handed to the connection.
    pub(crate) since_sent: Option<Duration>,
    /// Whether part of it was not even handed to the connection.
    pub(crate) is_partial: bool,
}

/// A dead connection shows soon after a write; one that fails later may have been processing the request.
const DEAD_WITHIN: Duration = Duration::from_secs(5);

/// The request got no response from `url`. Connections of `among` that must be as dead as its own are retired.
pub(crate) fn unanswered(
    unanswered: &Unanswered,
    url: &Url,
    sending: Sending,
    among: Option<&Connections>,
) -> Failed {
    let (place, error) = (origin(url), unanswered.error());
    if let Some(refusal) = find::<Refusal>(error) {
        return Failed::new(Failure::Connect(refusal.to_string()), Again::Never);
    }
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        return Failure::unreadable(format!("{place} does not answer in HTTP: {}", reasons(error))).into();
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        // A retry does not improve either side's certificate; an alert says that the server refuses ours.
        let again = match tls {
            rustls::Error::InvalidCertificate(_)
            | rustls::Error::NoCertificatesPresented
            | rustls::Error::AlertReceived(_)
            | rustls::Error::InvalidMessage(_)
            | rustls::Error::InvalidCertRevocationList(_) => Again::Never,
            _ => Again::Later,
        };
        let what = if tls_advice::is_plain(tls) {
            // The library's wording does not help the person who wrote the address.
            format!("no secure connection to {place}: the server answers without encryption")
        } else {
            format!("no secure connection to {place}: {tls}")
        };
        let advice = tls_advice::advice(tls).map(|advice| format!("; {advice}")).unwrap_or_default();
        return Failed::new(Failure::Connect(what + &advice), again);
    }
    if unanswered.is_connect() {
        let ended =
            find::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
        let advice = if ended && url.scheme() == "https" { tls_advice::ENDED } else { "" };
        return Failure::Connect(format!("cannot connect to {place}: {}{advice}", reasons(error))).into();
    }
    // The connection was established.
    let refused = find::<h2::Error>(error).and_then(not_processed);
    // A reset ends a stream, not its connection.
    let dead = unanswered.found_dead() && !find::<h2::Error>(error).is_some_and(h2::Error::is_reset);
    if let Some(among) = among.filter(|_| dead) {
        unanswered.retire_as_old(among);
    }
    if refused == Some(NotProcessed::GoneAway) {
        unanswered.retire();
    }
    let what = if unanswered.while_sending() || sending.is_partial {
        format!("{place} closed the connection while {} bytes were being sent", sending.bytes)
    } else {
        format!("{place} broke off before an answer")
    };
    let failure = Failure::Connect(format!("{what}: {}", reasons(error)));
    let at_once = refused.is_some() || dead && sending.since_sent.is_none_or(|since| since <= DEAD_WITHIN);
    let again = if at_once { Again::AtOnce } else { Again::Later };
    Failed { began: !at_once, ..Failed::new(failure, again) }
}

/// Why a server did not process a request, as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotProcessed {
    /// It refused the stream.
    Refused,
    /// It closes the connection, and stopped before the stream.
    GoneAway,
}

/// RFC 9113, section 8.7: refused streams, and streams above the last one named by a GOAWAY. h2 fails exactly those
/// with the GOAWAY it received.
fn not_processed(error: &h2::Error) -> Option<NotProcessed> {
    if !error.is_remote() {
        return None;
    }
    if error.is_go_away() {
        return Some(NotProcessed::GoneAway);
    }
    (error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM)).then_some(NotProcessed::Refused)
}

/// The response's body broke off.
pub(crate) fn broken(error: &(dyn Error + 'static)) -> Failure {
    if find::<hyper::Error>(error).is_some() {
        Failure::Interrupted(format!("the connection broke in the middle of the answer: {}", reasons(error)))
    } else {
        Failure::unreadable(format!("the answer cannot be unpacked: {}", reasons(error)))
    }
}

/// Scheme, host and port; nothing that might be secret.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
