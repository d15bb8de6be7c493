//! API keys: which request headers carry one.

use crate::error::Headers;

/// The headers in which providers expect a key. `authorization` is the last: next to a key it may hold another
/// service's token.
pub const KEY_HEADERS: [&str; 5] =
    ["x-api-key", "api-key", "x-goog-api-key", "api-subscription-key", "authorization"];

/// The key or token of a request, whichever header carries it, without `Bearer` before it.
pub fn key<'a>(headers: Headers<'a>) -> Option<&'a str> {
    let value = KEY_HEADERS.iter().find_map(|name| headers.get(name))?;
    Some(value.strip_prefix("Bearer ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{KeyHeader, registry};
    use crate::providers;

    #[test]
    fn every_header_that_a_client_sends_is_known() {
        let of_dialects = registry::all().map(|dialect| dialect.key_header());
        let of_rows = providers::all()
            .iter()
            .filter_map(|row| row.key_header(registry::find(row.dialect).unwrap().key_header()));
        for header in of_dialects.chain(of_rows) {
            let (name, value) = match header {
                KeyHeader::Bearer => ("authorization", "Bearer sk-1"),
                KeyHeader::Named(name) => (name, "sk-1"),
            };
            assert_eq!(key(Headers(&[("accept", "*/*"), (name, value)])), Some("sk-1"), "{name}");
        }
        assert_eq!(key(Headers(&[("accept", "*/*")])), None);
    }
}
