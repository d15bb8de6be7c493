//! Tunnel through an HTTP proxy: the CONNECT method.

use super::{error::BoxError, socket::Stream};
use http::HeaderMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The maximum size of the head of a proxy's response.
const HEAD_BYTES: usize = 16 << 10;

/// Asks the proxy at the other end of `stream`, with `headers`, to connect to `host`.
pub(super) async fn open(
    stream: &mut Box<dyn Stream>,
    host: &str,
    port: u16,
    headers: &HeaderMap,
) -> Result<(), BoxError> {
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    for (name, value) in headers {
        request.extend_from_slice(name.as_str().as_bytes());
        request.extend_from_slice(b": ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await?;
    // Byte by byte: what follows the head comes from the server.
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEAD_BYTES {
            return Err("the proxy's response is too long".into());
        }
        head.push(stream.read_u8().await.map_err(|_| "the proxy closed the connection before it answered")?);
    }
    let text = String::from_utf8_lossy(&head);
    let line = text.lines().next().unwrap_or_default();
    match line.split(' ').nth(1) {
        Some(status) if line.starts_with("HTTP/1.") && status.starts_with('2') && status.len() == 3 => Ok(()),
        Some("407") => Err("the proxy wants a user name and a password: put them in its address".into()),
        _ => Err(format!("the proxy does not connect to {host}:{port}: {line}").into()),
    }
}
