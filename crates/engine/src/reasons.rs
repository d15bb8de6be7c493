//! Reasons in the chain of an error's sources, found and put into words.

use std::{error::Error, io};

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

/// The first of the chain that is an `E`.
pub(crate) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref::<E>())
}

/// The reasons from the outermost to the innermost, without the client's own words, which say nothing.
pub(crate) fn reasons(error: &(dyn Error + 'static)) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for error in chain(error) {
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
