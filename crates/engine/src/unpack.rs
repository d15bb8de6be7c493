//! Content encodings that the HTTP client leaves alone: names in capitals, and `deflate`, which nobody asked for.

use bytes::Bytes;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header::CONTENT_ENCODING};
use std::io::{Error, Result, Write};

/// The most that one piece of a body may unpack to.
const MAX_PIECE: usize = 64 << 20;

/// Unpacks a body, piece by piece.
pub(crate) enum Unpacker {
    Gzip(MultiGzDecoder<Bounded>),
    /// Its first bytes tell which of two forms it has.
    Deflate,
    Zlib(ZlibDecoder<Bounded>),
    Raw(DeflateDecoder<Bounded>),
    Brotli(Box<brotli_decompressor::DecompressorWriter<Bounded>>),
}

/// What was unpacked and not yet taken.
#[derive(Default)]
pub(crate) struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.0.len() + bytes.len() > MAX_PIECE {
            return Err(Error::other(format!("a piece of the body unpacks to more than {MAX_PIECE} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Unpacker {
    /// For the body of a response; `None` where it is not packed, or was unpacked already.
    pub(crate) fn for_headers(headers: &HeaderMap) -> Option<Self> {
        let encoding = headers.get(CONTENT_ENCODING)?.to_str().ok()?.trim().to_ascii_lowercase();
        match encoding.as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip(MultiGzDecoder::new(Bounded::default()))),
            "deflate" => Some(Self::Deflate),
            "br" => Some(Self::Brotli(Box::new(brotli_decompressor::DecompressorWriter::new(
                Bounded::default(),
                4096,
            )))),
            _ => None,
        }
    }

    /// What a piece of the body says.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Bytes> {
        if let (Self::Deflate, Some(first)) = (&*self, piece.first()) {
            // What the name means is zlib's form; some servers leave out what is around the data. The compression method
            // of zlib is 8.
            *self = if first & 0x0f == 8 {
                Self::Zlib(ZlibDecoder::new(Bounded::default()))
            } else {
                Self::Raw(DeflateDecoder::new(Bounded::default()))
            };
        }
        match self {
            Self::Deflate => Ok(Bytes::new()),
            Self::Gzip(decoder) => {
                decoder.write_all(piece)?;
                decoder.flush()?;
                Ok(take(decoder.get_mut()))
            }
            Self::Zlib(decoder) => {
                decoder.write_all(piece)?;
                decoder.flush()?;
                Ok(take(decoder.get_mut()))
            }
            Self::Raw(decoder) => {
                decoder.write_all(piece)?;
                decoder.flush()?;
                Ok(take(decoder.get_mut()))
            }
            Self::Brotli(decoder) => {
                decoder.write_all(piece)?;
                decoder.flush()?;
                Ok(take(decoder.get_mut()))
            }
        }
    }
}

fn take(unpacked: &mut Bounded) -> Bytes {
    Bytes::from(std::mem::take(&mut unpacked.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write};

    fn unpacker(encoding: &'static str) -> Option<Unpacker> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
        Unpacker::for_headers(&headers)
    }

    fn packed(text: &[u8]) -> [(&'static str, Vec<u8>); 4] {
        let mut gzip = write::GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text).unwrap();
        let mut zlib = write::ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(text).unwrap();
        let mut raw = write::DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(text).unwrap();
        let gzip = gzip.finish().unwrap();
        [
            ("GZIP", gzip.clone()),
            ("X-Gzip", gzip),
            ("deflate", zlib.finish().unwrap()),
            ("Deflate", raw.finish().unwrap()),
        ]
    }

    #[test]
    fn bodies_are_unpacked_however_they_are_split() {
        let text = "data: {\"a\":1}\n\n".repeat(100);
        for (encoding, body) in packed(text.as_bytes()) {
            for size in [1, 7, 1000] {
                let mut unpacker = unpacker(encoding).unwrap();
                let pieces = body.chunks(size).map(|piece| unpacker.push(piece).unwrap());
                let read: Vec<u8> = pieces.flatten().collect();
                assert_eq!(read, text.as_bytes(), "{encoding} by {size}");
            }
        }
        assert!(unpacker("identity").is_none());
        assert!(unpacker("gzip").unwrap().push(b"not packed at all").is_err());
    }

    #[test]
    fn a_bomb_is_an_error() {
        let body = packed(&vec![0; MAX_PIECE + 1]);
        assert!(unpacker("GZIP").unwrap().push(&body[0].1).is_err());
    }
}
