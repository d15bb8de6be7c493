//! `NO_PROXY`: hosts that bypass the proxy.
//!
//! Entries are separated by commas or white space. All forms that Python's `urllib`, `requests` and `httpx` accept are
//! read: `*`, names (for themselves and all subdomains, with or without `.` or `*.` in front), addresses (in brackets
//! or not), networks (`10.0.0.0/8`), each with or without a port, and with `http://` or `https://` in front for that
//! scheme only. Anything but a complete address is compared as text, as they do: `.0.0.1` is the end of 127.0.0.1.

use super::host::bare;
use ipnet::IpNet;
use std::net::IpAddr;

/// Hosts that bypass the proxy.
#[derive(Debug, Default)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    what: What,
    port: Option<u16>,
    is_encrypted: Option<bool>,
}

#[derive(Debug)]
enum What {
    All,
    /// A name, and all its subdomains.
    Name(String),
    Network(IpNet),
}

impl NoProxy {
    pub(super) fn parse(text: &str) -> Self {
        let entries = text.split(|character: char| character == ',' || character.is_whitespace());
        Self(entries.filter(|entry| !entry.is_empty()).map(Entry::parse).collect())
    }

    /// Whether `host`, which may be an address in brackets, is among them.
    pub(super) fn has(&self, is_encrypted: bool, host: &str, port: u16) -> bool {
        let host = bare(host).trim_end_matches('.').to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        self.0.iter().any(|entry| {
            entry.port.is_none_or(|only| only == port)
                && entry.is_encrypted.is_none_or(|only| only == is_encrypted)
                && match (&entry.what, &address) {
                    (What::All, _) => true,
                    (What::Network(network), Some(address)) => network.contains(address),
                    // The end of an address counts as well: Python's libraries accept `.0.0.1` for 127.0.0.1.
                    (What::Name(name), _) => host
                        .strip_suffix(name.as_str())
                        .is_some_and(|before| before.is_empty() || before.ends_with('.')),
                    (What::Network(_), None) => false,
                }
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let (is_encrypted, text) = match text.split_once("://") {
            Some(("https", rest)) => (Some(true), rest),
            Some(("http", rest)) => (Some(false), rest),
            Some((_, rest)) => (None, rest),
            None => (None, text.as_str()),
        };
        let entry = |host: &str, port| Self { what: What::parse(host), port, is_encrypted };
        let text = text.strip_suffix('/').unwrap_or(text);
        // An IPv6 address contains colons.
        if bare(text).parse::<IpAddr>().is_ok() || text.parse::<IpNet>().is_ok() {
            return entry(text, None);
        }
        match text.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
            Some((host, Ok(port))) => entry(host, Some(port)),
            _ => entry(text, None),
        }
    }
}

impl What {
    fn parse(host: &str) -> Self {
        if host == "*" {
            return Self::All;
        }
        if let Ok(address) = bare(host).parse::<IpAddr>() {
            return Self::Network(address.to_canonical().into());
        }
        if let Ok(network) = host.parse() {
            return Self::Network(network);
        }
        let name = host.strip_prefix('*').unwrap_or(host).trim_matches('.');
        // An empty name would match the end of every host.
        if name.is_empty() { Self::Name(host.to_owned()) } else { Self::Name(name.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_python_reads_them() {
        for (entries, host, port, expected) in [
            ("*", "a.example", 443, true),
            ("*", "10.1.2.3", 443, true),
            ("*", "[::1]", 443, true),
            ("x.example, *", "10.1.2.3", 443, true),
            ("a.example", "a.example", 443, true),
            ("A.Example", "a.example", 443, true),
            ("a.example", "A.EXAMPLE", 443, true),
            ("a.example", "b.a.example", 443, true),
            ("a.example", "ba.example", 443, false),
            (".a.example", "b.a.example", 443, true),
            (".a.example", "a.example", 443, true),
            ("*.a.example", "b.a.example", 443, true),
            ("a.example.", "a.example", 443, true),
            ("a.example", "a.example.", 443, true),
            ("a.example:443", "a.example", 443, true),
            ("a.example:8443", "a.example", 443, false),
            ("https://a.example", "a.example", 443, true),
            ("http://a.example", "a.example", 443, false),
            ("all://a.example/", "a.example", 443, true),
            ("a.example b.example", "b.example", 443, true),
            ("a.example,,b.example ,", "b.example", 443, true),
            ("localhost", "localhost", 11434, true),
            ("127.0.0.1", "127.0.0.1", 80, true),
            ("127.0.0.1:80", "127.0.0.1", 80, true),
            ("127.0.0.1:81", "127.0.0.1", 80, false),
            ("10.0.0.0/8", "10.1.2.3", 443, true),
            ("10.0.0.0/8", "11.1.2.3", 443, false),
            ("10.0.0.0/8", "10.example", 443, false),
            ("::1", "[::1]", 443, true),
            ("[::1]", "[::1]", 443, true),
            ("[::1]:443", "[::1]", 443, true),
            ("[::1]:444", "[::1]", 443, false),
            ("[0:0:0:0:0:0:0:1]", "[::1]", 443, true),
            ("fd00::/8", "[fd00::7]", 443, true),
            ("fd00::/8", "[fe00::7]", 443, false),
            ("1.2.3.4", "11.2.3.4", 443, false),
            (".0.0.1", "127.0.0.1", 443, true),
            ("0.0.1", "127.0.0.1", 443, true),
            (".127.0.0.1", "127.0.0.1", 443, true),
            (".1:443", "127.0.0.1", 443, true),
            (".1:80", "127.0.0.1", 443, false),
            ("27.0.0.1", "127.0.0.1", 443, false),
            ("127.0.0.", "127.0.0.1", 443, false),
            ("127.0.0.*", "127.0.0.1", 443, false),
            (".0.0.1", "[::1]", 443, false),
            ("", "a.example", 443, false),
            (".", "a.example", 443, false),
            (":", "a.example", 443, false),
        ] {
            assert_eq!(NoProxy::parse(entries).has(true, host, port), expected, "{entries:?} {host}:{port}");
        }
    }
}
