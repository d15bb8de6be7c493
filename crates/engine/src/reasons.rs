//! Reasons in an error's chain of sources, found and formatted.

use std::{error::Error, io};

/// An error's chain of sources. `io::Error` hides its inner error from `source`, so that is unwrapped.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// The first error of type `E` in the chain.
pub(crate) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref::<E>())
}

/// The reasons, outermost first, without the HTTP client's uninformative wording.
pub(crate) fn reasons(error: &(dyn Error + 'static)) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for error in chain(error) {
        let reason = error.to_string();
        if reason.starts_with("client error (") {
            continue;
        }
        // Wrappers repeat the messages of inner errors.
        reasons.retain(|outer| !outer.contains(&reason));
        reasons.push(reason);
    }
    if reasons.is_empty() { "unknown transport error".to_owned() } else { reasons.join(": ") }
}
