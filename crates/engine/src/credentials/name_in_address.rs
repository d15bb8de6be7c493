//! Names in addresses of token services: their shape is checked before they are inserted, so that no setting can
//! redirect a secret.

/// Whether `text` is valid as a region, a tenant or another name in a host or a path: letters, digits, dots and
/// hyphens, beginning and ending with a letter or digit, and without two dots in a row.
pub(crate) fn is_name(text: &str) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.iter().copied().all(is_inside)
        && is_end(bytes.first())
        && is_end(bytes.last())
        && !text.contains("..")
}

/// Whether `text` has the shape of a region: a name without dots.
pub(crate) fn is_region(text: &str) -> bool {
    is_name(text) && !text.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_redirect_an_address() {
        for region in ["us-east-2", "cn-north-1", "us-gov-west-1"] {
            assert!(is_region(region), "{region}");
        }
        for tenant in ["contoso.onmicrosoft.com", "72f988bf-86f1-41af-91ab-2d7cd011db47", "organizations"] {
            assert!(is_name(tenant), "{tenant}");
        }
        for wrong in [
            "",
            "evil.com/#",
            "../x",
            "a/../b",
            "a..b",
            ".",
            "a@b",
            "a b",
            "a%2e",
            "us\n",
            "-a",
            "a:1",
            "a?b",
        ] {
            assert!(!is_name(wrong) && !is_region(wrong), "{wrong:?}");
        }
        assert!(!is_region("evil.com"));
    }
}
