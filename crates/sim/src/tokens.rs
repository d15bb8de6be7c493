//! Tokens of the simulator: a word with the white space before it; long words are split after every eight characters.

use ferrule_wire::model::Usage;

/// The maximum number of characters per token, white space not counted.
const MAX_CHARACTERS: usize = 8;

/// Splits `text` after its first `count` tokens.
pub(crate) fn cut(text: &str, count: usize) -> (&str, &str) {
    let mut tokens = 0;
    let mut length = 0;
    for (position, character) in text.char_indices() {
        if character.is_whitespace() {
            // White space after a word begins the next token.
            if length > 0 {
                tokens += 1;
                length = 0;
            }
        } else if length == MAX_CHARACTERS {
            tokens += 1;
            length = 1;
        } else {
            length += 1;
        }
        if tokens == count {
            return text.split_at(position);
        }
    }
    (text, "")
}

/// The number of tokens in `text`.
pub(crate) fn count(text: &str) -> u64 {
    text.split_whitespace().map(|word| word.chars().count().div_ceil(MAX_CHARACTERS) as u64).sum()
}

/// The usage of a request with only input: these texts.
pub(crate) fn input_usage<'a>(texts: impl Iterator<Item = &'a str>) -> Usage {
    Usage { input_tokens: Some(texts.map(count).sum()), ..Usage::default() }
}

/// Splits `text` after its first `count` characters.
pub(crate) fn cut_characters(text: &str, count: usize) -> (&str, &str) {
    match text.char_indices().nth(count) {
        Some((position, _)) => text.split_at(position),
        None => (text, ""),
    }
}

/// A text of `count` tokens.
pub(crate) fn filler(count: usize) -> String {
    const WORDS: [&str; 8] = ["the", "metal", "ring", "binds", "many", "strands", "into", "one"];
    let mut text = String::with_capacity(count * 6);
    for word in WORDS.iter().cycle().take(count) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_and_counting_agree() {
        for (text, expected) in [
            ("", vec![]),
            ("one", vec!["one"]),
            ("one two  three\n", vec!["one", " two", "  three", "\n"]),
            ("internationalisation", vec!["internat", "ionalisa", "tion"]),
            (" é日本語", vec![" é日本語"]),
        ] {
            let mut found = Vec::new();
            let mut rest = text;
            while !rest.is_empty() {
                let (token, after) = cut(rest, 1);
                found.push(token);
                rest = after;
            }
            assert_eq!(found, expected);
            let words = expected.iter().filter(|token| !token.trim().is_empty()).count();
            assert_eq!(count(text), words as u64);
        }
        assert_eq!(count(&filler(1000)), 1000);
        assert_eq!(cut("a b c d", 2), ("a b", " c d"));
        assert_eq!(cut_characters("日本語", 2), ("日本", "語"));
    }
}
