//! Surrogate pairs that a stream cuts in two, put together again.
//!
//! A provider that cuts its text into deltas by UTF-16 units may end one with `\ud83c` and begin the next with `\udf0d`
//! (`docs/wire/sse.md`, section 4). A frame with a string that ends so is held back until the next frame says what
//! becomes of it: what begins with the other half gets both, anything else makes it U+FFFD, as every half is that
//! stands alone. So decoders see frames with whole characters only.
//!
//! The next frame is the next one about the same: that of another answer, block or call, by its number, may come
//! between, and so may a keep-alive.

use crate::framing::StreamError;
use crate::json::{ESCAPE, HalfKind, LoneHalf, REPLACEMENT, lone_halves, replaced_halves};
use alloc::{borrow::ToOwned, collections::VecDeque, string::String, vec::Vec};
use memchr::{memchr, memmem, memrchr};

/// The most frames that are held back at once.
const MAX_HELD: usize = 8;
/// The longest frame that is held back. Deltas are short.
const MAX_HELD_BYTES: usize = 64 << 10;
/// The most halves of one frame that may find the other, and the most strings that are looked at for that.
const MAX_HALVES: usize = 4;
/// What a keep-alive is called: Anthropic's and llama.cpp's `ping`, OpenAI's `keepalive`.
const KEEP_ALIVE: [&[u8]; 2] = [b"\"ping\"", b"\"keepalive\""];
/// The longest frame that is looked at as a keep-alive.
const MAX_KEEP_ALIVE: usize = 128;
/// What the names of numbers end with that tell frames apart: `index`, `output_index`, `contentBlockIndex`.
const NUMBER: &[u8] = b"ndex\"";

/// What a reader of frames calls with each: the fields of its frame other than the data, and the data.
type Deliver<'f, H> = dyn FnMut(&H, &str) -> Result<(), StreamError> + 'f;

/// Frames held back, each with its other fields.
#[derive(Debug)]
pub(super) struct SplitPairs<H> {
    held: VecDeque<Held<H>>,
}

#[derive(Debug)]
struct Held<H> {
    fields: H,
    data: String,
    /// First halves that wait for the second, in order.
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// Where in the data its escape begins.
    at: usize,
    place: Place,
}

/// Which string of a frame it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    key: String,
    number: String,
}

impl<H> Default for SplitPairs<H> {
    fn default() -> Self {
        Self { held: VecDeque::new() }
    }
}

impl<H> SplitPairs<H> {
    /// Whether no frame is held back.
    pub(super) fn is_idle(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether a frame with these data may be delivered as it is: nothing is held back, and every character is whole.
    pub(super) fn passes(&self, data: &str) -> bool {
        self.is_idle() && (!is_json(data) || lone_halves(data).next().is_none())
    }

    /// Reads a frame's data and delivers what need not be held back.
    pub(super) fn push(
        &mut self,
        data: &str,
        fields: H,
        deliver: &mut Deliver<'_, H>,
    ) -> Result<(), StreamError> {
        if self.passes(data) {
            return deliver(&fields, data);
        }
        let mut halves: Vec<LoneHalf> = if is_json(data) { lone_halves(data).collect() } else { Vec::new() };
        let mut joined = MAX_HALVES;
        if data.len() > MAX_HELD_BYTES {
            self.finish(deliver)?;
            joined = 0;
        }
        halves.iter_mut().skip(joined).for_each(|half| half.kind = HalfKind::Stray);
        if self.is_idle() && !halves.iter().any(|half| half.kind == HalfKind::Ends) {
            return deliver(&fields, &replaced_halves(data));
        }
        let (data, waiting) = self.join(data, &halves);
        if !is_keep_alive(&data) {
            for held in &mut self.held {
                held.replace(|place| place.is_answered_by(&data));
            }
        }
        self.held.push_back(Held { fields, data, waiting });
        while self.held.front().is_some_and(|held| held.waiting.is_empty()) || self.held.len() > MAX_HELD {
            self.deliver_first(deliver)?;
        }
        Ok(())
    }

    /// Delivers all that is held back: nothing more comes.
    pub(super) fn finish(&mut self, deliver: &mut Deliver<'_, H>) -> Result<(), StreamError> {
        while !self.is_idle() {
            self.deliver_first(deliver)?;
        }
        Ok(())
    }

    fn deliver_first(&mut self, deliver: &mut Deliver<'_, H>) -> Result<(), StreamError> {
        let Some(mut held) = self.held.pop_front() else { return Ok(()) };
        held.replace(|_| true);
        deliver(&held.fields, &held.data)
    }

    /// The data with the pairs whole that it completes, and the halves in it that wait.
    fn join(&mut self, data: &str, halves: &[LoneHalf]) -> (String, Vec<Waiting>) {
        let mut out = String::with_capacity(data.len() + ESCAPE);
        let mut waiting = Vec::new();
        let mut written = 0;
        for LoneHalf { at, kind } in halves {
            out.push_str(data.get(written..*at).unwrap_or_default());
            written = *at;
            match kind {
                HalfKind::Stray => {}
                HalfKind::Ends => {
                    waiting.push(Waiting { at: out.len(), place: Place::find(data, *at) });
                    continue;
                }
                HalfKind::Begins => {
                    let place = Place::find(data, *at);
                    if let Some(first) = self.held.iter_mut().find_map(|held| held.take(&place)) {
                        out.push_str(&first);
                        continue;
                    }
                }
            }
            out.push_str(REPLACEMENT);
            written += ESCAPE;
        }
        out.push_str(data.get(written..).unwrap_or_default());
        (out, waiting)
    }
}

impl<H> Held<H> {
    /// Takes the half out that waits at `place`.
    fn take(&mut self, place: &Place) -> Option<String> {
        let position = self.waiting.iter().position(|waiting| waiting.place == *place)?;
        let Waiting { at, .. } = self.waiting.remove(position);
        for later in self.waiting.iter_mut().skip(position) {
            later.at -= ESCAPE;
        }
        let first = self.data.get(at..at + ESCAPE)?.to_owned();
        self.data.replace_range(at..at + ESCAPE, "");
        Some(first)
    }

    /// Replaces the halves at places that wait no longer.
    fn replace(&mut self, is_over: impl Fn(&Place) -> bool) {
        let data = &mut self.data;
        self.waiting.retain(|Waiting { at, place }| {
            let is_over = is_over(place);
            if is_over && data.is_char_boundary(*at) && data.is_char_boundary(at + ESCAPE) {
                data.replace_range(*at..at + ESCAPE, REPLACEMENT);
            }
            !is_over
        });
    }
}

impl Place {
    /// The string of `data` that a half at `at` is in.
    fn find(data: &str, at: usize) -> Self {
        let bytes = data.as_bytes();
        let start = opening_quote(bytes.get(..at).unwrap_or_default());
        let before = data.get(..start).unwrap_or_default().trim_end();
        let named =
            before.strip_suffix(':').map(|name| name.trim_end()).and_then(|name| name.strip_suffix('"'));
        let key = named.map(|name| {
            memrchr(b'"', name.as_bytes()).map_or(name, |quote| name.get(quote + 1..).unwrap_or(name))
        });
        Self { key: key.unwrap_or_default().to_owned(), number: number_at(data, start).to_owned() }
    }

    /// Whether a frame shows that the other half of a pair does not come: it says something else of the same, or
    /// nothing of the kind at all.
    fn is_answered_by(&self, data: &str) -> bool {
        let mut has_key = false;
        let quoted = alloc::format!("\"{}\"", self.key);
        for found in memmem::find_iter(data.as_bytes(), quoted.as_bytes()).take(MAX_HALVES) {
            let value = data.get(found + quoted.len()..).unwrap_or_default().trim_start();
            if value.strip_prefix(':').is_some_and(|value| value.trim_start().starts_with('"')) {
                has_key = true;
                if number_at(data, found) == self.number {
                    return true;
                }
            }
        }
        !has_key
    }
}

/// Where the string begins that goes on after `before`.
fn opening_quote(before: &[u8]) -> usize {
    let mut end = before.len();
    while let Some(quote) = before.get(..end).and_then(|before| memrchr(b'"', before)) {
        let escapes = before.get(..quote).unwrap_or_default().iter().rev().take_while(|byte| **byte == b'\\');
        if escapes.count() % 2 == 0 {
            return quote;
        }
        end = quote;
    }
    0
}

/// The number that what stands at `at` has: the last one before it, else the first after.
fn number_at(data: &str, at: usize) -> &str {
    let (before, after) = data.split_at_checked(at).unwrap_or((data, ""));
    let number = memmem::rfind(before.as_bytes(), NUMBER)
        .and_then(|found| before.get(found + NUMBER.len()..))
        .or_else(|| {
            memmem::find(after.as_bytes(), NUMBER).and_then(|found| after.get(found + NUMBER.len()..))
        });
    let number = number.and_then(|rest| rest.trim_start().strip_prefix(':')).unwrap_or_default().trim_start();
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    number.get(..digits).unwrap_or_default()
}

/// Whether a frame only says that the connection is alive.
fn is_keep_alive(data: &str) -> bool {
    data.len() <= MAX_KEEP_ALIVE
        && KEEP_ALIVE.iter().any(|word| memmem::find(data.as_bytes(), word).is_some())
}

/// Whether data may have escapes: it is JSON that holds strings.
fn is_json(data: &str) -> bool {
    data.trim_start().starts_with(['{', '[']) && memchr(b'\\', data.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{format, vec};

    /// What decoders see of frames.
    fn read(frames: &[&str]) -> Vec<String> {
        let mut pairs = SplitPairs::default();
        let mut delivered = Vec::new();
        let mut deliver = |number: &usize, data: &str| {
            assert_eq!(*number, delivered.len());
            delivered.push(data.to_owned());
            Ok(())
        };
        for (number, frame) in frames.iter().enumerate() {
            pairs.push(frame, number, &mut deliver).unwrap();
        }
        pairs.finish(&mut deliver).unwrap();
        assert_eq!(delivered.len(), frames.len());
        delivered
    }

    fn delta(index: u32, text: &str) -> String {
        format!(r#"{{"choices":[{{"index":{index},"delta":{{"content":"{text}"}}}}]}}"#)
    }

    #[track_caller]
    fn check(frames: &[(u32, &str)], expected: &[(u32, &str)]) {
        let of = |frames: &[(u32, &str)]| {
            frames.iter().map(|(index, text)| delta(*index, text)).collect::<Vec<_>>()
        };
        let written = of(frames);
        assert_eq!(read(&written.iter().map(String::as_str).collect::<Vec<_>>()), of(expected));
    }

    #[test]
    fn halves_in_adjacent_deltas_are_joined() {
        check(&[(0, r"a\ud83c"), (0, r"\udf0d b")], &[(0, "a"), (0, r"\ud83c\udf0d b")]);
        check(
            &[(0, r"\ud83c"), (0, r"\udf0d\ud83d"), (0, r"\ude00")],
            &[(0, ""), (0, r"\ud83c\udf0d"), (0, r"\ud83d\ude00")],
        );
        let spaced = read(&[
            r#"{"delta" : "\ud83c", "output_index" : 1}"#,
            r#"{"delta" : "\udf0d", "output_index" : 1}"#,
        ]);
        assert_eq!(spaced[1], r#"{"delta" : "\ud83c\udf0d", "output_index" : 1}"#);
    }

    #[test]
    fn a_keep_alive_between_halves_changes_nothing() {
        for ping in [r#"{"type": "ping"}"#, r#"{"type":"keepalive","sequence_number":4}"#] {
            let frames = [delta(0, r"a\ud83c"), ping.to_owned(), delta(0, r"\udf0d")];
            let read = read(&frames.each_ref().map(String::as_str));
            assert_eq!(read, [delta(0, "a"), ping.to_owned(), delta(0, r"\ud83c\udf0d")]);
        }
    }

    #[test]
    fn a_half_alone_is_replaced() {
        check(&[(0, r"a\ud83c"), (0, "b")], &[(0, r"a\ufffd"), (0, "b")]);
        check(&[(0, r"a\ud83c"), (0, r"\ud83c\udf0d")], &[(0, r"a\ufffd"), (0, r"\ud83c\udf0d")]);
        check(&[(0, "a"), (0, r"\udf0d b\ud83c c")], &[(0, "a"), (0, r"\ufffd b\ufffd c")]);
        check(&[(0, r"a\ud83c")], &[(0, r"a\ufffd")]);
        // What says nothing of the kind is not waited behind.
        let mut pairs = SplitPairs::default();
        let mut count = 0;
        let mut deliver = |_: &(), _: &str| {
            count += 1;
            Ok(())
        };
        pairs.push(&delta(0, r"\ud83c"), (), &mut deliver).unwrap();
        pairs.push("[DONE]", (), &mut deliver).unwrap();
        assert_eq!(count, 2);
    }

    #[test]
    fn answers_that_come_in_turns_are_told_apart() {
        check(
            &[(0, r"a\ud83c"), (1, r"b\ud83d"), (0, r"\udf0d"), (1, r"\ude00")],
            &[(0, "a"), (1, "b"), (0, r"\ud83c\udf0d"), (1, r"\ud83d\ude00")],
        );
        check(&[(0, r"a\ud83c"), (1, "b"), (0, r"\udf0d")], &[(0, "a"), (1, "b"), (0, r"\ud83c\udf0d")]);
        check(&[(0, r"a\ud83c"), (1, r"\udf0d")], &[(0, r"a\ufffd"), (1, r"\ufffd")]);
    }

    #[test]
    fn no_more_than_a_few_frames_are_held_back() {
        let mut frames = vec![(0, r"\ud83c")];
        frames.extend([(1, "b"); MAX_HELD + 1]);
        frames.push((0, r"\udf0d"));
        let mut expected = frames.clone();
        expected[0].1 = r"\ufffd";
        expected[MAX_HELD + 2].1 = r"\ufffd";
        check(&frames, &expected);
        let long = delta(0, &format!("{}\\ud83c", "a".repeat(MAX_HELD_BYTES)));
        assert!(read(&[&long, &delta(0, r"\udf0d")])[0].contains("\\ufffd"));
    }

    #[test]
    fn what_is_no_json_or_has_none_stays_as_it_was() {
        for data in [r"\ud83c", r#""\ud83c""#, "[DONE]", "", r#"{"a":"\\ud83c"}"#, r#"{"a":"\ud83c\udf0d"}"#]
        {
            assert_eq!(read(&[data]), [data]);
        }
    }
}
