//! Nesting depth of objects and arrays, found without parsing them.

use super::JsonError;
use alloc::format;
use memchr::memchr2;

/// How deep objects and arrays may nest in a body from the network. Deeper is [`JsonError`].
pub const MAX_NESTING: usize = 128;

/// Follows brackets and strings through a text that may come in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nesting {
    depth: usize,
    in_string: bool,
    /// A backslash was the last byte.
    escaped: bool,
}

/// How far [`Nesting::scan`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    /// The outermost bracket closed; so many bytes were read.
    Closed(usize),
    /// All bytes were read.
    Open,
    /// A level below [`MAX_NESTING`] began.
    TooDeep,
}

impl Nesting {
    /// Reads `bytes`, up to where the outermost bracket closes.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> Scan {
        let mut position = 0;
        loop {
            let rest = bytes.get(position..).unwrap_or_default();
            if self.in_string {
                position += match self.string_end(rest) {
                    Some(end) => end,
                    None => return Scan::Open,
                };
                continue;
            }
            let Some(found) = rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))
            else {
                return Scan::Open;
            };
            position += found + 1;
            match rest.get(found) {
                Some(b'"') => self.in_string = true,
                Some(b'{' | b'[') if self.depth >= MAX_NESTING => return Scan::TooDeep,
                Some(b'{' | b'[') => self.depth += 1,
                _ => {
                    let closed = self.depth == 1;
                    self.depth = self.depth.saturating_sub(1);
                    if closed {
                        return Scan::Closed(position);
                    }
                }
            }
        }
    }

    /// How many bytes of `rest` belong to the string that is open; `None` where it does not end in them.
    fn string_end(&mut self, rest: &[u8]) -> Option<usize> {
        let mut position = usize::from(core::mem::take(&mut self.escaped) && !rest.is_empty());
        loop {
            let found = memchr2(b'"', b'\\', rest.get(position..)?)?;
            position += found + 1;
            if rest.get(position - 1) == Some(&b'"') {
                self.in_string = false;
                return Some(position);
            }
            // What is escaped may come with the next piece.
            self.escaped = position == rest.len();
            position += 1;
        }
    }

    /// Whether a string is open.
    pub(crate) fn in_string(&self) -> bool {
        self.in_string
    }

    /// Whether no bracket and no string is open.
    pub(crate) fn is_closed(&self) -> bool {
        self.depth == 0 && !self.in_string
    }
}

/// Refuses bytes whose objects and arrays nest deeper than [`MAX_NESTING`]. Linear, allocates nothing.
pub fn check_nesting(bytes: &[u8]) -> Result<(), JsonError> {
    // Most bodies have fewer brackets than that, wherever they stand; counting is done many bytes at a time.
    if bytes.iter().filter(|byte| matches!(byte, b'{' | b'[')).count() <= MAX_NESTING {
        return Ok(());
    }
    let mut nesting = Nesting::default();
    let mut rest = bytes;
    loop {
        match nesting.scan(rest) {
            Scan::Closed(length) => rest = rest.get(length..).unwrap_or_default(),
            Scan::Open => return Ok(()),
            Scan::TooDeep => return Err(JsonError::new(format!("nested deeper than {MAX_NESTING} levels"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{string::String, vec::Vec};

    /// One byte after the other, as plainly as can be.
    fn plainly(text: &[u8]) -> (usize, bool) {
        let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
        for &byte in text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        (depth, in_string)
    }

    proptest! {
        #[test]
        fn pieces_are_followed_as_the_whole(text in r#"[\[\]{}"\\a]{0,40}"#, size in 1..9usize) {
            let mut nesting = Nesting::default();
            for piece in text.as_bytes().chunks(size) {
                let mut rest = piece;
                while let Scan::Closed(length) = nesting.scan(rest) {
                    rest = &rest[length..];
                }
            }
            prop_assert_eq!((nesting.depth, nesting.in_string), plainly(text.as_bytes()));
        }
    }

    #[test]
    fn the_outermost_bracket_closes() {
        let mut nesting = Nesting::default();
        assert_eq!(nesting.scan(br#" {"a":"}\"]"#), Scan::Open);
        assert_eq!(nesting.scan(br#"","b":[]} rest"#), Scan::Closed(9));
        assert!(nesting.is_closed());
    }

    #[test]
    fn too_deep_is_refused() {
        let nested = |depth: usize| {
            let mut text: Vec<u8> = String::from("[").repeat(depth).into_bytes();
            text.extend(String::from("]").repeat(depth).into_bytes());
            text
        };
        assert!(check_nesting(&nested(MAX_NESTING)).is_ok());
        assert!(check_nesting(&nested(MAX_NESTING + 1)).is_err());
    }
}
