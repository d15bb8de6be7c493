//! Mock responses of an interceptor, and the requests they match.

use super::seen::Given;
use crate::secrets::is_secret_name;
use http::{Method, Uri};
use serde_json::Value;
use std::collections::BTreeMap;

/// A response in place of a server's.
#[derive(Clone, Debug)]
pub struct MockResponse {
    /// The requests it answers.
    pub matches: Match,
    /// The response or failure.
    pub body: MockBody,
    /// How many times it may still be used; `None` without limit.
    pub left: Option<usize>,
}

/// The response or failure.
#[derive(Clone, Debug)]
pub enum MockBody {
    /// A response.
    Given(Given),
    /// A connection failure with this message.
    Failure(String),
}

/// The requests a mock response answers: those that match every given field.
#[derive(Clone, Debug, Default)]
pub struct Match {
    /// The method.
    pub method: Option<String>,
    /// The URL, in which `*` matches any text. Without a query it matches any query. The values of parameters with
    /// secret names are ignored.
    pub url: Option<String>,
    /// The body: JSON is compared by meaning, anything else byte by byte.
    pub body: Option<Vec<u8>>,
}

impl MockResponse {
    pub(super) fn matches(&self, method: &Method, uri: &Uri, body: &[u8]) -> bool {
        let Match { method: only, url, body: wanted } = &self.matches;
        only.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(method.as_str()))
            && url.as_ref().is_none_or(|url| is_at(url, uri))
            && wanted.as_ref().is_none_or(|wanted| is_same(wanted, body))
    }
}

/// Whether `uri` matches `pattern`.
fn is_at(pattern: &str, uri: &Uri) -> bool {
    let place = format!(
        "{}://{}{}",
        uri.scheme_str().unwrap_or_default(),
        uri.authority().map_or("", |authority| authority.as_str()),
        uri.path()
    );
    match pattern.split_once('?') {
        None => fits(pattern, &place) || fits(pattern, &uri.to_string()),
        Some((before, query)) => {
            fits(before, &place) && parameters(query) == parameters(uri.query().unwrap_or_default())
        }
    }
}

/// The parameters of a query, sorted, without the values of secret ones.
fn parameters(query: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        found.entry(name).or_default().push(if is_secret_name(name) { "" } else { value });
    }
    found
}

/// Whether `text` matches `pattern`, in which `*` matches any text.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match left.split_once(part) {
            Some((_, behind)) => left = behind,
            None => return false,
        }
    }
    left.ends_with(last)
}

fn is_same(wanted: &[u8], body: &[u8]) -> bool {
    if wanted == body {
        return true;
    }
    let (wanted, body) = (serde_json::from_slice::<Value>(wanted), serde_json::from_slice::<Value>(body));
    matches!((wanted, body), (Ok(wanted), Ok(body)) if wanted == body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_any_query_or_the_given_one() {
        for (pattern, url, expected) in [
            ("https://a.example/v1", "https://a.example/v1", true),
            ("https://a.example/v1", "https://a.example/v1?x=1", true),
            ("https://a.example/v1", "https://a.example/v1/models", false),
            ("https://a.example/*", "https://a.example/v1/models?x=1", true),
            ("https://*/models", "https://a.example/v1/models", true),
            ("*", "http://b:8080/", true),
            ("https://a.example/v1?x=1&y=2", "https://a.example/v1?y=2&x=1", true),
            ("https://a.example/v1?x=1", "https://a.example/v1?x=2", false),
            ("https://a.example/v1?key=MASKED", "https://a.example/v1?key=abc", true),
            ("http://a.example/v1", "https://a.example/v1", false),
        ] {
            assert_eq!(is_at(pattern, &url.parse().unwrap()), expected, "{pattern} {url}");
        }
    }

    #[test]
    fn json_bodies_are_compared_by_meaning() {
        assert!(is_same(br#"{"a": 1, "b": [2]}"#, br#"{"b":[2],"a":1}"#));
        assert!(!is_same(br#"{"a": 1}"#, br#"{"a":2}"#));
        assert!(is_same(b"x", b"x"));
        assert!(!is_same(b"x", b"y"));
    }
}
