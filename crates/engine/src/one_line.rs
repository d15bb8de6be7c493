//! Log lines: text from a server must not begin another line or control a terminal.

use std::fmt::{self, Write};

/// Writes to `W`, escaping all characters that end a line, control a terminal or change the direction of text.
#[derive(Debug)]
pub struct OneLine<'a, W: Write>(pub &'a mut W);

impl<W: Write> Write for OneLine<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((place, character)) = rest.char_indices().find(|(_, character)| is_unsafe(*character))
        {
            self.0.write_str(rest.get(..place).unwrap_or_default())?;
            write!(self.0, "{}", character.escape_default())?;
            rest = rest.get(place + character.len_utf8()..).unwrap_or_default();
        }
        self.0.write_str(rest)
    }
}

/// A value that is displayed on one line.
pub(crate) struct InOneLine<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for InOneLine<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(OneLine(formatter), "{}", self.0)
    }
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_line() {
        for (text, expected) in [
            ("plain \u{e9}", "plain \u{e9}"),
            ("a\r\nb\u{1b}[2J", r"a\r\nb\u{1b}[2J"),
            ("\u{85}\u{2028}\u{202e}", r"\u{85}\u{2028}\u{202e}"),
        ] {
            assert_eq!(InOneLine(text).to_string(), expected);
        }
    }
}
