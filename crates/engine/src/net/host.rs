//! Host of an address, without the brackets that an address of IPv6 stands in.

/// `host` without its brackets.
pub(crate) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
