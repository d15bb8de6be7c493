//! HTTP request parser: just enough of HTTP/1.1 to find where a request ends and which case it asks for.

use std::io;
use std::time::Duration;

use memchr::memmem;
use smol::io::AsyncReadExt;
use smol::net::TcpStream;

/// A request's head beyond this is not a measuring client's.
const HEAD_LIMIT: usize = 64 * 1024;

pub(crate) struct Request {
    pub(crate) case: Case,
    pub(crate) anthropic: bool,
}

pub(crate) enum Case {
    Plain,
    Burst { chunks: usize },
    Paced { chunks: usize, period: Duration },
    Held,
    Release,
    Unknown,
}

impl Request {
    /// Reads one request and drops its body; nothing at the end of the connection. `unread` keeps what came after it.
    pub(crate) async fn read(connection: &mut TcpStream, unread: &mut Vec<u8>) -> io::Result<Option<Self>> {
        let mut buffer = [0; 16 * 1024];
        let head_end = loop {
            if let Some(at) = memmem::find(unread, b"\r\n\r\n") {
                break at + 4;
            }
            if unread.len() > HEAD_LIMIT {
                return Err(io::Error::other("the request's head is too long"));
            }
            let read = connection.read(&mut buffer).await?;
            if read == 0 {
                return Ok(None);
            }
            unread.extend_from_slice(&buffer[..read]);
        };
        let head = String::from_utf8_lossy(&unread[..head_end]);
        let path = head.split(' ').nth(1).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        let request = Self { case: Case::named(path), anthropic: path.ends_with("/messages") };
        let request_end = head_end + content_length(&head)?;
        if unread.len() >= request_end {
            unread.drain(..request_end);
            return Ok(Some(request));
        }
        let mut missing = request_end - unread.len();
        unread.clear();
        let mut body = vec![0; missing.min(256 * 1024)];
        while missing > 0 {
            let space = missing.min(body.len());
            let read = connection.read(&mut body[..space]).await?;
            if read == 0 {
                return Ok(None);
            }
            missing -= read;
        }
        Ok(Some(request))
    }
}

impl Case {
    fn named(path: &str) -> Self {
        let name = path.split('/').nth(1).unwrap_or_default();
        let mut words = name.split('-');
        let kind = words.next().unwrap_or_default();
        let mut number = || words.next().and_then(|word| word.parse::<u32>().ok());
        match (kind, number(), number()) {
            ("plain", None, None) => Self::Plain,
            ("burst", Some(chunks), None) => Self::Burst { chunks: chunks as usize },
            ("paced", Some(chunks), Some(microseconds)) => {
                Self::Paced { chunks: chunks as usize, period: Duration::from_micros(microseconds.into()) }
            }
            ("held", None, None) => Self::Held,
            ("release", None, None) => Self::Release,
            _ => Self::Unknown,
        }
    }
}

fn content_length(head: &str) -> io::Result<usize> {
    for line in head.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            return value.trim().parse().map_err(io::Error::other);
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(io::Error::other("a chunked request body is not understood here"));
        }
    }
    Ok(0)
}
