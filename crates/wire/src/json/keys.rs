//! Bound on the keys of one object.

use super::{JsonError, MAX_NESTING, split::string_end};
use alloc::{format, vec::Vec};

/// How many keys one object may have in a body from the network. More is [`JsonError`]. Reading takes a time that grows
/// with the body alone, so this is about memory: a key takes many times the room that it has in the body.
pub const MAX_KEYS: usize = 1 << 18;
/// The fewest bytes that a key takes, with its value and the comma: `"":0,`.
const SHORTEST: usize = 5;

/// Refuses a text, which is JSON, with an object of more than [`MAX_KEYS`] keys.
pub(super) fn check_keys(text: &str) -> Result<(), JsonError> {
    check_at_most(text, MAX_KEYS)
}

fn check_at_most(text: &str, most: usize) -> Result<(), JsonError> {
    // Nearly all bodies are too short for that, and most of the others have too few colons, wherever they stand.
    if text.len() / SHORTEST < most || text.bytes().filter(|byte| *byte == b':').count() <= most {
        return Ok(());
    }
    let mut open: Vec<usize> = Vec::with_capacity(MAX_NESTING);
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b'"' => {
                rest = string_end(rest).and_then(|end| rest.get(end..)).unwrap_or_default();
                continue;
            }
            b'{' | b'[' => open.push(0),
            b'}' | b']' => _ = open.pop(),
            b':' => {
                if let Some(keys) = open.last_mut() {
                    *keys += 1;
                    if *keys > most {
                        return Err(JsonError::new(format!("an object has more than {most} keys")));
                    }
                }
            }
            _ => {}
        }
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    /// An object of so many keys.
    fn object(keys: usize) -> String {
        let fields: Vec<String> = (0..keys).map(|key| format!("\"{key}\":{{\"\\\":\":[0]}}")).collect();
        format!("[{{{}}},{{\"a\":0}}]", fields.join(","))
    }

    #[test]
    fn too_many_keys_of_one_object_are_refused() {
        assert!(check_at_most(&object(10), 10).is_ok());
        assert_eq!(
            check_at_most(&object(11), 10).unwrap_err().to_string(),
            "an object has more than 10 keys"
        );
        assert!(check_keys(&object(100_000)).is_ok());
        assert!(check_keys(&object(MAX_KEYS + 1)).is_err());
    }

    #[test]
    fn the_keys_of_several_objects_are_not_added_up() {
        let several = format!("[{}]", ["{\"a\":0,\"b\":0}"; 20].join(","));
        assert!(check_at_most(&several, 2).is_ok());
        assert!(check_at_most(&several, 1).is_err());
    }
}
