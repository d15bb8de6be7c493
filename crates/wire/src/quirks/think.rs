//! Reasoning inside the text, between `<think>` and `</think>`.
//!
//! Only at the beginning: a model that reasons begins with it, and a text that speaks of the tags further on means them.
//! Some servers cut the opening tag off; what such a text begins with is not known to be reasoning, and stays text.

use alloc::{borrow::ToOwned, string::String};

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";
/// More white space than this around a tag is not waited for, and not taken away.
const MAX_SPACE: usize = 64;

/// Takes the text of one answer apart, in pieces as they come.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    state: State,
    /// What may be the beginning of a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing but white space was there.
    #[default]
    Before,
    /// After the opening tag; line ends there say nothing.
    Opened,
    Inside,
    /// After the closing tag; white space there separates and says nothing.
    Closed,
    After,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Of its reasoning.
    Reasoning(String),
    /// Of its text.
    Text(String),
}

impl Splitter {
    /// Whether everything from here on is text.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::After
    }

    /// Reads more text.
    pub(super) fn push(&mut self, text: &str, say: &mut impl FnMut(Piece)) {
        if self.is_over() {
            return say_text(text.to_owned(), say);
        }
        let mut rest = core::mem::take(&mut self.held);
        rest.push_str(text);
        self.read(rest, say);
    }

    fn read(&mut self, mut rest: String, say: &mut impl FnMut(Piece)) {
        if self.state == State::Before {
            let trimmed = rest.trim_start();
            if rest.len() - trimmed.len() > MAX_SPACE {
                self.state = State::After;
            } else if let Some(after) = trimmed.strip_prefix(OPEN) {
                self.state = State::Opened;
                rest = after.to_owned();
            } else if OPEN.starts_with(trimmed) {
                self.held = rest;
                return;
            } else {
                self.state = State::After;
            }
        }
        if self.state == State::Opened {
            let reasoning = rest.trim_start_matches('\n');
            if reasoning.is_empty() {
                return;
            }
            self.state = State::Inside;
            rest = reasoning.to_owned();
        }
        if self.state == State::Inside {
            if let Some((reasoning, after)) = rest.split_once(CLOSE) {
                say_reasoning(without_line_ends(reasoning).to_owned(), say);
                self.state = State::Closed;
                rest = after.to_owned();
            } else {
                let kept = held_back(&rest);
                self.held = rest.split_off(rest.len() - kept);
                return say_reasoning(rest, say);
            }
        }
        if self.state == State::Closed {
            let text = rest.trim_start();
            if text.is_empty() {
                return;
            }
            self.state = State::After;
            rest = text.to_owned();
        }
        say_text(rest, say);
    }

    /// The text is over: what was held back is what it is.
    pub(super) fn finish(&mut self, say: &mut impl FnMut(Piece)) {
        let held = core::mem::take(&mut self.held);
        match self.state {
            State::Opened | State::Inside => say_reasoning(without_line_ends(&held).to_owned(), say),
            _ => say_text(held, say),
        }
        self.state = State::After;
    }
}

/// How many bytes at the end may be the beginning of the closing tag, or of the line ends before it.
fn held_back(text: &str) -> usize {
    let tag = (1..CLOSE.len())
        .rev()
        .find(|length| CLOSE.get(..*length).is_some_and(|beginning| text.ends_with(beginning)));
    let before = text.get(..text.len() - tag.unwrap_or(0)).unwrap_or_default();
    text.len() - without_line_ends(before).len()
}

/// `text` without the line ends at its end, as many as are waited for.
fn without_line_ends(text: &str) -> &str {
    let mut kept = text;
    for _ in 0..MAX_SPACE {
        let Some(shorter) = kept.strip_suffix('\n') else { break };
        kept = shorter;
    }
    kept
}

fn say_reasoning(text: String, say: &mut impl FnMut(Piece)) {
    if !text.is_empty() {
        say(Piece::Reasoning(text));
    }
}

fn say_text(text: String, say: &mut impl FnMut(Piece)) {
    if !text.is_empty() {
        say(Piece::Text(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{string::ToString, vec::Vec};

    fn split(pieces: &[&str]) -> (String, String) {
        let mut splitter = Splitter::default();
        let (mut reasoning, mut text) = (String::new(), String::new());
        let mut say = |piece| match piece {
            Piece::Reasoning(more) => {
                assert!(text.is_empty(), "reasoning after the text");
                reasoning.push_str(&more);
            }
            Piece::Text(more) => text.push_str(&more),
        };
        for piece in pieces {
            splitter.push(piece, &mut say);
        }
        splitter.finish(&mut say);
        (reasoning, text)
    }

    #[test]
    fn the_beginning_alone_is_reasoning() {
        for (whole, reasoning, text) in [
            ("<think>\nhm\n</think>\n\nHi", "hm", "Hi"),
            ("\n <think>hm</think>Hi </think>", "hm", "Hi </think>"),
            ("<think></think>Hi", "", "Hi"),
            ("<think>a < b\n\nc</thin", "a < b\n\nc</thin", ""),
            ("<think>open", "open", ""),
            ("Hi <think>no</think>", "", "Hi <think>no</think>"),
            ("<thi", "", "<thi"),
            ("<thinking>", "", "<thinking>"),
            ("  Hi", "", "  Hi"),
            ("<think>a</think> \n ", "a", ""),
            ("", "", ""),
        ] {
            assert_eq!(split(&[whole]), (reasoning.to_string(), text.to_string()), "{whole:?}");
        }
    }

    proptest! {
        #[test]
        fn any_split_says_the_same(whole in r"[ \n]{0,2}(<think>)?[a<\n/é]{0,6}(</think>)?[ \n]{0,2}[b<\n/th]{0,6}", cuts in proptest::collection::vec(0usize..40, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| whole.is_char_boundary(*cut) && *cut <= whole.len()).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(whole.get(from..cut).unwrap());
                from = cut;
            }
            pieces.push(whole.get(from..).unwrap());
            prop_assert_eq!(split(&pieces), split(&[&whole]));
        }
    }
}
