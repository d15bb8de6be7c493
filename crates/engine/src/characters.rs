//! Characters of keys and header values: artefacts of copying are removed, invalid characters are named.
//!
//! A byte-order mark from a file or a zero-width character from a web page is invisible, and makes a provider refuse
//! the key.

use std::fmt;

/// Invisible characters, with their names.
const INVISIBLE: &[(char, &str)] = &[
    ('\u{feff}', "ZERO WIDTH NO-BREAK SPACE"),
    ('\u{200b}', "ZERO WIDTH SPACE"),
    ('\u{200c}', "ZERO WIDTH NON-JOINER"),
    ('\u{200d}', "ZERO WIDTH JOINER"),
    ('\u{200e}', "LEFT-TO-RIGHT MARK"),
    ('\u{200f}', "RIGHT-TO-LEFT MARK"),
    ('\u{2060}', "WORD JOINER"),
    ('\u{ad}', "SOFT HYPHEN"),
    ('\u{61c}', "ARABIC LETTER MARK"),
    ('\u{180e}', "MONGOLIAN VOWEL SEPARATOR"),
    ('\u{202a}', "LEFT-TO-RIGHT EMBEDDING"),
    ('\u{202b}', "RIGHT-TO-LEFT EMBEDDING"),
    ('\u{202c}', "POP DIRECTIONAL FORMATTING"),
    ('\u{202d}', "LEFT-TO-RIGHT OVERRIDE"),
    ('\u{202e}', "RIGHT-TO-LEFT OVERRIDE"),
    ('\u{2066}', "LEFT-TO-RIGHT ISOLATE"),
    ('\u{2067}', "RIGHT-TO-LEFT ISOLATE"),
    ('\u{2068}', "FIRST STRONG ISOLATE"),
    ('\u{2069}', "POP DIRECTIONAL ISOLATE"),
];

/// Characters, visible or not, that are most often copied by mistake.
const NAMED: &[(char, &str)] = &[
    (' ', "SPACE"),
    ('"', "QUOTATION MARK"),
    ('\'', "APOSTROPHE"),
    ('\u{a0}', "NO-BREAK SPACE"),
    ('\u{2010}', "HYPHEN"),
    ('\u{2011}', "NON-BREAKING HYPHEN"),
    ('\u{2013}', "EN DASH"),
    ('\u{2014}', "EM DASH"),
    ('\u{2018}', "LEFT SINGLE QUOTATION MARK"),
    ('\u{2019}', "RIGHT SINGLE QUOTATION MARK"),
    ('\u{201c}', "LEFT DOUBLE QUOTATION MARK"),
    ('\u{201d}', "RIGHT DOUBLE QUOTATION MARK"),
    ('\u{2026}', "HORIZONTAL ELLIPSIS"),
];

/// A character that a value cannot have. Shows the character and its position, and nothing else of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongCharacter {
    /// The character.
    pub character: char,
    /// Its position in the value, in characters, from 1.
    pub place: usize,
    /// The rest of the message: the kind of value that cannot have it.
    whose: &'static str,
}

impl fmt::Display for WrongCharacter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { character, place, whose } = *self;
        let mut names = INVISIBLE.iter().chain(NAMED);
        let name = match names.find(|(known, _)| *known == character) {
            Some((_, name)) => format!(" ({name})"),
            None if character.is_control() => " (a control character)".to_owned(),
            None => String::new(),
        };
        write!(formatter, "its character {place} is U+{:04X}{name}, which {whose}", u32::from(character))
    }
}

impl std::error::Error for WrongCharacter {}

/// The rest of the message for keys.
const NO_KEY: &str = "no key has";

/// A key without surrounding white space and invisible characters. It must be ASCII without spaces, and not be in
/// quotes, which an environment file may leave.
pub fn clean_key(text: &str) -> Result<&str, WrongCharacter> {
    let key = clean(text, char::is_whitespace, |character| character.is_ascii_graphic(), NO_KEY)?;
    for character in ['"', '\''] {
        if key.len() > 1 && key.starts_with(character) && key.ends_with(character) {
            let place = text.find(character).map_or(1, |start| text.get(..start).map_or(0, chars) + 1);
            return Err(WrongCharacter { character, place, whose: NO_KEY });
        }
    }
    Ok(key)
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

/// The value of a header without surrounding spaces, tabs and invisible characters. A line end is never removed.
pub fn clean_header(text: &str) -> Result<&str, WrongCharacter> {
    let is_around = |character| matches!(character, ' ' | '\t' | '\u{a0}');
    clean(text, is_around, is_printable, "no header can have")
}

/// The value of a secret header, as [`clean_header`] reads it. It must be ASCII.
pub(crate) fn clean_secret_header(text: &str) -> Result<&str, WrongCharacter> {
    let is_around = |character| matches!(character, ' ' | '\t' | '\u{a0}');
    clean(text, is_around, |character| character.is_ascii() && is_printable(character), NO_KEY)
}

fn clean<'a>(
    text: &'a str,
    is_around: impl Fn(char) -> bool,
    is_right: impl Fn(char) -> bool,
    whose: &'static str,
) -> Result<&'a str, WrongCharacter> {
    let cleaned = text.trim_matches(|character| is_around(character) || is_invisible(character));
    let before = text.find(cleaned).and_then(|start| text.get(..start)).unwrap_or_default();
    let wrong = cleaned.chars().enumerate().find(|(_, character)| !is_right(*character));
    match wrong {
        None => Ok(cleaned),
        Some((place, character)) => {
            Err(WrongCharacter { character, place: chars(before) + place + 1, whose })
        }
    }
}

fn is_invisible(character: char) -> bool {
    INVISIBLE.iter().any(|(known, _)| *known == character)
}

/// Whether `character` is visible, or a space or tab. Text direction marks and the like are not.
fn is_printable(character: char) -> bool {
    match character {
        ' ' | '\t' => true,
        '\u{180e}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2061}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => false,
        _ => !character.is_control() && !character.is_whitespace() && !is_invisible(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copying_artefacts_are_removed() {
        for around in [
            " ",
            "\n",
            "\t",
            "\u{feff}",
            "\u{200b}",
            "\u{202a}",
            "\u{2069}",
            " \u{200b} \u{ad}\r\n",
            "\u{a0}",
        ] {
            assert_eq!(clean_key(&format!("{around}sk-1{around}")), Ok("sk-1"), "{around:?}");
        }
        for around in [" ", "\t", "\u{feff}", "\u{200b}", " \u{200b} \u{ad}", "\u{a0}"] {
            assert_eq!(clean_header(&format!("{around}a b é{around}")), Ok("a b é"), "{around:?}");
        }
        assert_eq!((clean_key(" "), clean_header("")), (Ok(""), Ok("")));
        assert_eq!((clean_key("a\"b"), clean_key("\"")), (Ok("a\"b"), Ok("\"")));
        assert_eq!(clean_secret_header(" Bearer sk-1 "), Ok("Bearer sk-1"));
        assert!(clean_secret_header("Bearer sk\u{2013}1").is_err());
    }

    #[test]
    fn invalid_characters_are_named() {
        for (text, expected) in [
            ("sk 1", "its character 3 is U+0020 (SPACE), which no key has"),
            (" sk\u{200b}1", "its character 4 is U+200B (ZERO WIDTH SPACE), which no key has"),
            ("sk\u{2019}1", "its character 3 is U+2019 (RIGHT SINGLE QUOTATION MARK), which no key has"),
            ("sk\u{7f}", "its character 3 is U+007F (a control character), which no key has"),
            ("é", "its character 1 is U+00E9, which no key has"),
            (" \"sk-1\"", "its character 2 is U+0022 (QUOTATION MARK), which no key has"),
            ("'sk-1'", "its character 1 is U+0027 (APOSTROPHE), which no key has"),
        ] {
            assert_eq!(clean_key(text).unwrap_err().to_string(), expected);
        }
        for (text, expected) in [
            ("a\n", "its character 2 is U+000A (a control character), which no header can have"),
            ("a\u{202e}b", "its character 2 is U+202E (RIGHT-TO-LEFT OVERRIDE), which no header can have"),
            ("a\u{2028}b", "its character 2 is U+2028, which no header can have"),
        ] {
            assert_eq!(clean_header(text).unwrap_err().to_string(), expected);
        }
    }
}
