//! Headers of a frame, and the writer of frames.

use alloc::vec::Vec;

/// Total length, length of the headers, and the checksum of those two.
pub(super) const PRELUDE: usize = 12;
/// The checksum of all before it.
pub(super) const TRAILER: usize = 4;

/// A header's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderValue<'a> {
    /// Types 0 and 1.
    Bool(bool),
    /// Type 2.
    Byte(i8),
    /// Type 3.
    Short(i16),
    /// Type 4.
    Integer(i32),
    /// Type 5.
    Long(i64),
    /// Type 6.
    Bytes(&'a [u8]),
    /// Type 7.
    Text(&'a str),
    /// Type 8, in milliseconds since 1970.
    Timestamp(i64),
    /// Type 9.
    Uuid([u8; 16]),
}

/// Reads headers one after the other; an error is the last item.
#[derive(Debug)]
pub(super) struct Headers<'a>(&'a [u8]);

impl<'a> Headers<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn read(&mut self) -> Result<(&'a str, HeaderValue<'a>), &'static str> {
        const CUT: &str = "a frame's header is cut off";
        let length = self.chunk::<1>().map(|[length]| usize::from(length)).ok_or(CUT)?;
        let name = self.bytes(length).ok_or(CUT)?;
        let name =
            core::str::from_utf8(name).map_err(|_| "the name of a frame's header is not valid text")?;
        let [value_type] = self.chunk().ok_or(CUT)?;
        let value = match value_type {
            0 => HeaderValue::Bool(true),
            1 => HeaderValue::Bool(false),
            2 => HeaderValue::Byte(i8::from_be_bytes(self.chunk().ok_or(CUT)?)),
            3 => HeaderValue::Short(i16::from_be_bytes(self.chunk().ok_or(CUT)?)),
            4 => HeaderValue::Integer(i32::from_be_bytes(self.chunk().ok_or(CUT)?)),
            5 => HeaderValue::Long(i64::from_be_bytes(self.chunk().ok_or(CUT)?)),
            6 => HeaderValue::Bytes(self.counted().ok_or(CUT)?),
            7 => {
                let text = core::str::from_utf8(self.counted().ok_or(CUT)?);
                HeaderValue::Text(text.map_err(|_| "the text of a frame's header is not valid UTF-8")?)
            }
            8 => HeaderValue::Timestamp(i64::from_be_bytes(self.chunk().ok_or(CUT)?)),
            9 => HeaderValue::Uuid(self.chunk().ok_or(CUT)?),
            _ => return Err("a frame's header has a type that is not known"),
        };
        Ok((name, value))
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*chunk)
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// Bytes with their length in two bytes before them.
    fn counted(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(self.chunk()?);
        self.bytes(usize::from(length))
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Result<(&'a str, HeaderValue<'a>), &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.0 = &[];
        }
        Some(read)
    }
}

/// Appends a frame. What is longer than its length can say (a name beyond 255 bytes, a text beyond 65,535, a payload
/// beyond 4 GB) is cut off there.
pub fn write_frame<'a>(
    headers: impl IntoIterator<Item = (&'a str, HeaderValue<'a>)>,
    payload: &[u8],
    out: &mut Vec<u8>,
) {
    let start = out.len();
    // The prelude is known last.
    out.extend_from_slice(&[0; PRELUDE]);
    for (name, value) in headers {
        write_header(name, value, out);
    }
    let headers = out.len() - start - PRELUDE;
    let most = (u32::MAX as usize).saturating_sub(PRELUDE + headers + TRAILER);
    out.extend_from_slice(payload.get(..most).unwrap_or(payload));
    let lengths = [out.len() - start + TRAILER, headers].map(|length| length as u32);
    if let Some(prelude) = out.get_mut(start..).and_then(|frame| frame.first_chunk_mut::<PRELUDE>()) {
        let [total, headers] = lengths.map(u32::to_be_bytes);
        let [a, b, c, d] = total;
        let [e, f, g, h] = headers;
        let [i, j, k, l] = crc32fast::hash(&[a, b, c, d, e, f, g, h]).to_be_bytes();
        *prelude = [a, b, c, d, e, f, g, h, i, j, k, l];
    }
    let checksum = crc32fast::hash(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&checksum.to_be_bytes());
}

fn write_header(name: &str, value: HeaderValue<'_>, out: &mut Vec<u8>) {
    let name = cut(name, u8::MAX.into());
    out.push(name.len() as u8);
    out.extend_from_slice(name.as_bytes());
    match value {
        HeaderValue::Bool(value) => out.push(u8::from(!value)),
        HeaderValue::Byte(value) => write_value(2, &value.to_be_bytes(), out),
        HeaderValue::Short(value) => write_value(3, &value.to_be_bytes(), out),
        HeaderValue::Integer(value) => write_value(4, &value.to_be_bytes(), out),
        HeaderValue::Long(value) => write_value(5, &value.to_be_bytes(), out),
        HeaderValue::Bytes(bytes) => {
            write_counted(6, bytes.get(..u16::MAX.into()).unwrap_or(bytes), out);
        }
        HeaderValue::Text(text) => write_counted(7, cut(text, u16::MAX.into()).as_bytes(), out),
        HeaderValue::Timestamp(value) => write_value(8, &value.to_be_bytes(), out),
        HeaderValue::Uuid(value) => write_value(9, &value, out),
    }
}

fn write_value(value_type: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(value_type);
    out.extend_from_slice(bytes);
}

fn write_counted(value_type: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(value_type);
    out.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// `text` without what is beyond `most` bytes, whole characters kept.
fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}
