//! Headers: between `http`'s map and the lists of names and values that `ferrule-wire` reads and writes.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The headers whose values are text, for reading as [`ferrule_wire::error::Headers`].
pub(crate) fn header_list(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect()
}

/// A map of `headers`; those that HTTP does not allow are left out.
pub(crate) fn header_map<N: AsRef<str>, V: AsRef<str>>(
    headers: impl IntoIterator<Item = (N, V)>,
) -> HeaderMap {
    let allowed = headers.into_iter().filter_map(|(name, value)| {
        let name = HeaderName::try_from(name.as_ref()).ok()?;
        Some((name, HeaderValue::try_from(value.as_ref()).ok()?))
    });
    allowed.collect()
}
