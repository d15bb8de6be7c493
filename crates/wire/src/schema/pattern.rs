//! Regular expressions, as far as a provider's subset takes them.

use super::node::Node;
use super::subsets::Patterns;

/// The greatest number in a repetition that counts as small.
const MAX_REPETITION: u64 = 64;

/// Whether a provider takes a regular expression.
pub(super) fn is_taken(patterns: Patterns, text: &str) -> bool {
    let looks_around = ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|group| text.contains(group));
    match patterns {
        Patterns::Any => true,
        Patterns::NoLookaround => !looks_around,
        Patterns::Simple => !looks_around && is_simple(text),
        Patterns::Anchored => !looks_around && unanchored(text).is_some(),
        Patterns::Unanchored => !looks_around && !unanchored(text).unwrap_or(text).contains(['^', '$']),
    }
}

/// The value of a keyword as it is written: a regular expression without what a provider implies.
pub(super) fn written(patterns: Patterns, keyword: &str, node: &Node) -> Node {
    if keyword != "pattern" || patterns != Patterns::Unanchored {
        return node.clone();
    }
    let text = node.text().unwrap_or_default();
    Node::string(unanchored(&text).unwrap_or(&text))
}

fn unanchored(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('^')?.strip_suffix('$')?;
    // An escaped dollar is not an anchor.
    let escapes = inner.bytes().rev().take_while(|byte| *byte == b'\\').count();
    (escapes % 2 == 0).then_some(inner)
}

/// Whether a letter behind a backslash is a boundary, a property or a backreference.
fn is_special(escaped: char) -> bool {
    matches!(escaped, 'b' | 'B' | 'p' | 'P' | 'k' | '1'..='9')
}

fn is_simple(text: &str) -> bool {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.next().is_none_or(is_special) => return false,
            '(' if letters.peek() == Some(&'?') => {
                letters.next();
                if letters.next() != Some(':') {
                    return false;
                }
            }
            '{' => {
                let mut number: u64 = 0;
                for letter in letters.by_ref().take_while(|letter| *letter != '}') {
                    number = letter
                        .to_digit(10)
                        .map_or(0, |digit| number.saturating_mul(10).saturating_add(u64::from(digit)));
                    if number > MAX_REPETITION {
                        return false;
                    }
                }
            }
            _ => {}
        }
    }
    true
}
