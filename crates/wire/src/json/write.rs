//! Writer of compact JSON, straight into the body's bytes.

use super::Value;
use alloc::{string::String, vec::Vec};
use compact_str::CompactString;
use core::fmt::Write as _;

/// Something with a JSON text.
pub trait WriteJson {
    /// Appends the text to `out`.
    fn write_json(&self, out: &mut Vec<u8>);
}

impl<T: WriteJson + ?Sized> WriteJson for &T {
    fn write_json(&self, out: &mut Vec<u8>) {
        (**self).write_json(out);
    }
}

impl WriteJson for str {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_string(self, out);
    }
}

impl WriteJson for String {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_string(self, out);
    }
}

impl WriteJson for CompactString {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_string(self, out);
    }
}

impl WriteJson for Value<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.strict_text().as_bytes());
    }
}

impl WriteJson for bool {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

struct Bytes<'a>(&'a mut Vec<u8>);

impl core::fmt::Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

macro_rules! write_whole_numbers {
    ($($number:ty),*) => {$(
        impl WriteJson for $number {
            fn write_json(&self, out: &mut Vec<u8>) {
                // Writing to a vector cannot fail.
                let _ = write!(Bytes(out), "{self}");
            }
        }
    )*};
}
write_whole_numbers!(u16, u32, u64, usize, i64);

impl WriteJson for f64 {
    /// A number without a JSON form (NaN, infinity) is written as `null`, as every JSON writer of the field does.
    fn write_json(&self, out: &mut Vec<u8>) {
        match serde_json::to_vec(self) {
            Ok(text) => out.extend_from_slice(&text),
            Err(_) => out.extend_from_slice(b"null"),
        }
    }
}

impl WriteJson for f32 {
    /// As for `f64`, in the fewest digits that read back as the same 32 bits.
    fn write_json(&self, out: &mut Vec<u8>) {
        match serde_json::to_vec(self) {
            Ok(text) => out.extend_from_slice(&text),
            Err(_) => out.extend_from_slice(b"null"),
        }
    }
}

impl<T: WriteJson> WriteJson for [T] {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_array(out, self, |out, item| item.write_json(out));
    }
}

impl<T: WriteJson> WriteJson for Vec<T> {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.as_slice().write_json(out);
    }
}

/// Appends `[…]`, each item written by `write`.
pub fn write_array<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (position, item) in items.into_iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// Where the first byte stands that must be escaped.
fn first_special(bytes: &[u8]) -> Option<usize> {
    // No early end within a block: such a loop is compiled into one that looks at a whole block at once.
    const BLOCK: usize = 32;
    let is_special = |byte: &u8| (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
    let blocks = bytes.chunks_exact(BLOCK);
    let plain =
        blocks.take_while(|block| !block.iter().fold(false, |any, byte| any | is_special(byte))).count()
            * BLOCK;
    let rest = bytes.get(plain..)?;
    rest.iter().position(is_special).map(|position| plain + position)
}

/// Appends `text` as a JSON string. Runs of bytes that need no escape are copied whole.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + 2);
    out.push(b'"');
    while let Some(position) = first_special(rest) {
        let (plain, from) = rest.split_at(position);
        out.extend_from_slice(plain);
        let Some((&byte, after)) = from.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.extend(
                    [control >> 4, control & 15].iter().filter_map(|digit| HEX.get(usize::from(*digit))),
                );
            }
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn strings_read_back_as_they_were(text in any::<String>()) {
            let mut out = Vec::new();
            write_string(&text, &mut out);
            let oracle: String = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(&oracle, &text);
            prop_assert_eq!(out, serde_json::to_vec(&text).unwrap());
        }
    }
}
