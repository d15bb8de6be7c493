//! Causes of transport errors.
//!
//! reqwest's errors name the URL and hide their reasons in a chain of sources; here they become one line without the
//! URL's query, and a decision whether another attempt may help.

use crate::{
    failure::Failure,
    retry::{Again, Failed},
};
use reqwest::Url;
use std::{error::Error, io};

/// The request got no answer from `url`.
pub(crate) fn unanswered(error: &reqwest::Error, url: &Url) -> Failed {
    let place = origin(url);
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
        || error.is_redirect()
        || error.is_builder()
    {
        return Failure::Unreadable(format!("{place} does not answer in HTTP: {}", reasons(error))).into();
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        // Neither side's certificate gets better by trying again; an alert says that the server refuses ours.
        let again = match tls {
            rustls::Error::InvalidCertificate(_)
            | rustls::Error::NoCertificatesPresented
            | rustls::Error::AlertReceived(_)
            | rustls::Error::InvalidCertRevocationList(_) => Again::Never,
            _ => Again::Later,
        };
        return Failed::new(Failure::Connect(format!("no secure connection to {place}: {tls}")), again);
    }
    if error.is_connect() {
        return Failure::Connect(format!("cannot connect to {place}: {}", reasons(error))).into();
    }
    // We were connected: most often a kept connection that the other side had just closed.
    Failed::new(
        Failure::Connect(format!("{place} broke off before an answer: {}", reasons(error))),
        Again::AtOnce,
    )
}

/// The answer's body broke off.
pub(crate) fn broken(error: &reqwest::Error) -> Failure {
    if find::<hyper::Error>(error).is_some() {
        Failure::Interrupted(format!("the connection broke in the middle of the answer: {}", reasons(error)))
    } else {
        Failure::Unreadable(format!("the answer cannot be unpacked: {}", reasons(error)))
    }
}

/// Scheme, host and port; nothing that may be secret.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The chain of an error's sources. An `io::Error` hides what it wraps from `source`, so that is looked into.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    chain(error).find_map(|error| error.downcast_ref::<E>())
}

/// The reasons from the outermost to the innermost, without reqwest's own words, which name the URL, and those of its
/// client, which say nothing.
fn reasons(error: &reqwest::Error) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for error in chain(error).filter(|error| !error.is::<reqwest::Error>()) {
        let reason = error.to_string();
        if reason.starts_with("client error (") {
            continue;
        }
        // Wrappers repeat what they wrap.
        reasons.retain(|outer| !outer.contains(&reason));
        reasons.push(reason);
    }
    if reasons.is_empty() { "unknown transport error".to_owned() } else { reasons.join(": ") }
}
