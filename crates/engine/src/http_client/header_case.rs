//! Case of header names: HTTP/1.1 requests are written with the caller's case.
//!
//! hyper writes names in lower case, unless a request carries the names that its own parser found in one. So the names
//! are run through that parser once, in memory, and the result is kept for all requests with the same names.

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body_util::Empty;
use hyper::{body::Incoming, rt, server::conn::http1, service::service_fn};
use std::{
    collections::HashMap,
    convert::Infallible,
    future::{Future as _, ready},
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

/// The maximum number of name lists that are kept. A client has a few.
const MAX_KEPT: usize = 128;

/// The cache of parsed name lists.
#[derive(Default)]
pub(super) struct HeaderCases(Mutex<HashMap<Box<[u8]>, Extensions>>);

impl HeaderCases {
    /// The extensions for a request with these names, each followed by a line feed.
    pub(super) fn extensions_for(&self, names: &[u8]) -> Extensions {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(names) {
            return known.clone();
        }
        let found = parsed(names);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(names.into(), found.clone());
        found
    }
}

impl std::fmt::Debug for HeaderCases {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HeaderCases")
    }
}

/// The extensions that hyper creates for these names; empty if it creates none.
fn parsed(names: &[u8]) -> Extensions {
    let is_chunked = lines(names).any(|name| name.eq_ignore_ascii_case(b"transfer-encoding"));
    // Version 1.0 expects no connection upgrade; chunked encoding exists only in 1.1.
    let mut input = format!("GET / HTTP/1.{}\r\n", u8::from(is_chunked)).into_bytes();
    for name in lines(names) {
        let value: &[u8] = match name {
            name if name.eq_ignore_ascii_case(b"content-length") => b"0",
            name if name.eq_ignore_ascii_case(b"transfer-encoding") => b"chunked",
            _ => b"x",
        };
        input.extend_from_slice(name);
        input.extend_from_slice(b": ");
        input.extend_from_slice(value);
        input.extend_from_slice(b"\r\n");
    }
    input.extend_from_slice(b"\r\n");
    let found = Arc::new(Mutex::new(Extensions::new()));
    let keep = Arc::clone(&found);
    let service = service_fn(move |request: Request<Incoming>| {
        *keep.lock().unwrap_or_else(PoisonError::into_inner) = request.into_parts().0.extensions;
        ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
    });
    let connection = http1::Builder::new()
        .preserve_header_case(true)
        .header_read_timeout(None)
        .serve_connection(Given(input.into()), service);
    // All input is available: one poll reads it.
    let _ = pin!(connection).poll(&mut Context::from_waker(Waker::noop()));
    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut *found)
}

fn lines(names: &[u8]) -> impl Iterator<Item = &[u8]> {
    names.split(|byte| *byte == b'\n').filter(|name| !name.is_empty())
}

/// A connection that yields these bytes and accepts all writes.
struct Given(Bytes);

impl rt::Read for Given {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buffer: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let count = self.0.len().min(buffer.remaining());
        buffer.put_slice(&self.0.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl rt::Write for Given {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_of_names_is_parsed_once() {
        let cases = HeaderCases::default();
        for names in [
            &b"Host\nX-Stainless-OS\nanthropic-version\n"[..],
            b"A\nContent-Length\nTransfer-Encoding\nUpgrade\n",
        ] {
            let found = cases.extensions_for(names).len();
            assert!(found > 0, "the names");
            assert_eq!(cases.extensions_for(names).len(), found);
        }
        assert_eq!(cases.0.lock().unwrap().len(), 2);
    }
}
