//! Masked keys: the part of a key that output may show.

use std::sync::Arc;

/// Nothing of a shorter key is shown: its end would be too large a part.
const SHORTEST: usize = 12;
const SHOWN: usize = 4;

/// `key` masked except for its last four characters; fully if it is short.
pub(crate) fn masked(key: &str) -> Arc<str> {
    let count = key.chars().count();
    let end: String = match count >= SHORTEST {
        true => key.chars().skip(count - SHOWN).collect(),
        false => String::new(),
    };
    format!("***{end}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_characters_at_most_are_shown() {
        assert_eq!(&*masked("sk-0123456789abcd"), "***abcd");
        assert_eq!(&*masked("sk-01234567"), "***");
        assert_eq!(&*masked("sk-012345678"), "***5678");
        assert_eq!(&*masked(""), "***");
        assert_eq!(&*masked("schl\u{fc}ssel-\u{fc}\u{fc}\u{fc}\u{fc}"), "***\u{fc}\u{fc}\u{fc}\u{fc}");
    }
}
