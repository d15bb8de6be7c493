//! JSON array of objects that arrives in pieces: Google's streams without `alt=sse`.
//!
//! An object that lies whole in the pushed bytes is handed over without being copied; of an unfinished one each byte is
//! looked at once.

use super::split_pairs::SplitPairs;
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Nesting, Scan};
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// What a reader calls with the text of each object.
type OnItem<'f> = dyn FnMut(&str) -> Result<(), StreamError> + 'f;

/// Reads the array. After an error it has nothing more to say.
#[derive(Debug)]
pub struct JsonArrayReader {
    limit: usize,
    /// An object whose end has not come yet.
    partial: Vec<u8>,
    nesting: Nesting,
    place: Place,
    pairs: SplitPairs<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    /// An object may begin; before the first one the array may end as well.
    Item {
        first: bool,
    },
    InItem,
    AfterItem,
    End,
}

impl JsonArrayReader {
    /// A reader at the start of a body.
    pub fn new(limits: StreamLimits) -> Self {
        Self {
            limit: limits.event_bytes,
            partial: Vec::new(),
            nesting: Nesting::default(),
            place: Place::Before,
            pairs: SplitPairs::default(),
        }
    }

    /// Reads more of the body. An object beyond the limit is [`StreamError::TooLarge`].
    pub fn push(&mut self, bytes: &[u8], on_item: &mut OnItem<'_>) -> Result<(), StreamError> {
        let mut rest = bytes;
        while self.place != Place::End {
            if self.place == Place::InItem {
                if rest.is_empty() {
                    return Ok(());
                }
                rest = self.item(rest, on_item)?;
                continue;
            }
            rest = rest.trim_ascii_start();
            let Some((byte, after)) = rest.split_first() else { return Ok(()) };
            self.place = match (self.place, byte) {
                (Place::Before, b'[') => Place::Item { first: true },
                (Place::Item { .. }, b'{') => {
                    self.place = Place::InItem;
                    continue;
                }
                (Place::AfterItem, b',') => Place::Item { first: false },
                (Place::AfterItem | Place::Item { first: true }, b']') => {
                    self.finish(on_item)?;
                    Place::End
                }
                _ => return Err(StreamError::Malformed("the body is not an array of objects".to_owned())),
            };
            rest = after;
        }
        Ok(())
    }

    /// Hands over what was held back: the body ended.
    pub fn finish(&mut self, on_item: &mut OnItem<'_>) -> Result<(), StreamError> {
        self.pairs.finish(&mut |(), item| on_item(item))
    }

    /// Whether the array has ended.
    pub fn is_ended(&self) -> bool {
        self.place == Place::End
    }

    /// Reads on in an object; gives what follows it.
    fn item<'a>(&mut self, bytes: &'a [u8], on_item: &mut OnItem<'_>) -> Result<&'a [u8], StreamError> {
        // Not more than one byte beyond the limit is looked at, so that it matters at the same byte at every split.
        let room = self.limit.saturating_sub(self.partial.len());
        let window = bytes.get(..room.saturating_add(1)).unwrap_or(bytes);
        match self.nesting.scan(window) {
            Scan::TooDeep => Err(StreamError::Malformed("an object nested too deeply".to_owned())),
            Scan::Closed(length) if length <= room => {
                let (end, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
                self.place = Place::AfterItem;
                self.nesting = Nesting::default();
                if self.partial.is_empty() {
                    self.whole(end, on_item)?;
                } else {
                    let mut whole = core::mem::take(&mut self.partial);
                    whole.extend_from_slice(end);
                    self.whole(&whole, on_item)?;
                }
                Ok(rest)
            }
            Scan::Open if window.len() <= room => {
                self.partial.extend_from_slice(window);
                Ok(&[])
            }
            Scan::Closed(_) | Scan::Open => Err(StreamError::TooLarge(self.limit)),
        }
    }

    fn whole(&mut self, item: &[u8], on_item: &mut OnItem<'_>) -> Result<(), StreamError> {
        let text = String::from_utf8_lossy(item);
        if !self.pairs.passes(&text) {
            return self.pairs.push(&text, (), &mut |(), item| on_item(item));
        }
        on_item(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{string::ToString, vec};

    fn read(body: &[u8], size: usize, event_bytes: usize) -> (Vec<String>, Result<bool, StreamError>) {
        let mut reader = JsonArrayReader::new(StreamLimits { event_bytes });
        let mut items = Vec::new();
        let outcome = body.chunks(size.max(1)).try_for_each(|piece| {
            reader.push(piece, &mut |item| {
                items.push(item.to_string());
                Ok(())
            })
        });
        (items, outcome.map(|()| reader.is_ended()))
    }

    #[test]
    fn objects_come_one_by_one() {
        let body = b" [ {\"a\": \"}]\"}\n,\r\n{\"b\":[{}]}] ignored";
        let items = vec!["{\"a\": \"}]\"}".to_string(), "{\"b\":[{}]}".to_string()];
        assert_eq!(read(body, body.len(), 100), (items, Ok(true)));
        assert_eq!(read(b"[]", 2, 100), (vec![], Ok(true)));
        assert_eq!(read(b"[{}", 3, 100), (vec!["{}".to_string()], Ok(false)));
    }

    #[test]
    fn what_is_no_array_of_objects_is_an_error() {
        for body in ["[1]", "[{},]", "[,{}]", "{}", "[{}{}]"] {
            assert!(read(body.as_bytes(), 100, 100).1.is_err(), "{body}");
        }
        assert_eq!(read(b"[{\"a\":1}]", 100, 6).1, Err(StreamError::TooLarge(6)));
        assert_eq!(read(b"[{\"a\":1}]", 100, 7).1, Ok(true));
        let deep = "[".to_string() + &"{\"a\":".repeat(1000);
        assert!(matches!(read(deep.as_bytes(), 7, 1 << 20).1, Err(StreamError::Malformed(_))));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(body in r#"[\[\]{},"\\a :é]{0,40}"#, size in 1..9usize, limit in 1..20usize) {
            let whole = read(body.as_bytes(), body.len(), limit);
            prop_assert_eq!(read(body.as_bytes(), size, limit), whole);
        }
    }
}
