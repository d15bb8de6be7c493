//! Splitting of a text into pieces, within which bytes are merged.
//!
//! The patterns are tiktoken's (`tiktoken_ext/openai_public.py`), except for `\s+(?!\S)`: white space before a word
//! leaves its last character to the word. We match `\s+` and do that ourselves, so that a regular expression without
//! backtracking is enough and any text takes linear time.

use regex::Regex;

const CL100K: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";

const O200K: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+";

/// Splits a text into pieces.
#[derive(Debug)]
pub(crate) struct Splitter(Option<Regex>);

impl Splitter {
    pub(crate) fn cl100k() -> Self {
        Self(Regex::new(CL100K).ok())
    }

    pub(crate) fn o200k() -> Self {
        Self(Regex::new(O200K).ok())
    }

    /// The pieces of `text`, in order; together they are the whole text.
    pub(crate) fn pieces<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let mut position = 0;
        std::iter::from_fn(move || {
            let found = self.0.as_ref()?.find_at(text, position)?;
            let mut end = found.end();
            let piece = found.as_str();
            // Only `\s+` yields a piece of white space that does not end a line.
            if end < text.len()
                && piece.chars().all(char::is_whitespace)
                && let Some(last) = piece.chars().next_back()
                && !matches!(last, '\r' | '\n')
                && last.len_utf8() < piece.len()
            {
                end -= last.len_utf8();
            }
            let piece = text.get(position..end)?;
            position = end;
            Some(piece)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_leaves_its_last_character_to_the_next_word() {
        let pieces = |text| Splitter::o200k().pieces(text).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(pieces("a   b"), ["a", "  ", " b"]);
        assert_eq!(pieces("a  \n  b  "), ["a", "  \n", " ", " b", "  "]);
        assert_eq!(pieces("a \u{3000}1"), ["a", " ", "\u{3000}", "1"]);
        assert_eq!(pieces(""), [""; 0]);
    }

    #[test]
    fn pieces_add_up_to_the_text() {
        for splitter in [Splitter::cl100k(), Splitter::o200k()] {
            for text in ["I'LL it's\r\n\r\n 12345 naïve 你好\u{0301}", "\0\u{10ffff} \u{a0}x", "   "] {
                assert_eq!(splitter.pieces(text).collect::<String>(), text);
            }
        }
    }
}
