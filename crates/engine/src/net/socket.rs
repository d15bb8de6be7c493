//! Socket of one connection, plain or encrypted, that tracks its activity.

use super::connections::Record;
use hyper_util::client::legacy::connect::{Connected, Connection};
use socket2::SockRef;
use std::{
    io::{self, Read as _},
    net::Shutdown,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Any bidirectional byte stream.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A TCP connection that is shut down for both sides when it is dropped: a process forked in the meantime also has the
/// socket, and would keep it open.
#[derive(Debug)]
pub(super) struct TcpSocket {
    stream: TcpStream,
    /// The process that made it. Another one does not shut it down.
    owner: u32,
    /// Whether a write found it closed: no more data will arrive.
    is_over: bool,
}

impl TcpSocket {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, owner: std::process::id(), is_over: false }
    }
}

impl TcpSocket {
    fn written<T>(&mut self, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.is_over |= matches!(&written, Poll::Ready(Err(error)) if is_closed(error));
        written
    }
}

impl Drop for TcpSocket {
    fn drop(&mut self) {
        if self.owner == std::process::id() {
            // It is closed either way.
            let _ = SockRef::from(&self.stream).shutdown(Shutdown::Both);
        }
    }
}

impl AsyncRead for TcpSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() || !self.is_over {
            return read;
        }
        // The runtime learns of readable data only later.
        match (&*SockRef::from(&self.stream)).read(buffer.initialize_unfilled()) {
            Ok(count) => {
                buffer.advance(count);
                Poll::Ready(Ok(()))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncWrite for TcpSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// The transport that hyper reads and writes.
///
/// A server that refuses a request before reading all of it responds and closes. Then writing fails while the response
/// is still unread: so a failed write is remembered, and becomes the error only if reading ends without a response.
pub(crate) struct Socket {
    stream: Box<dyn Stream>,
    record: Arc<Record>,
    /// Whether requests use the absolute URL, as for forwarding proxies.
    is_proxied: bool,
    is_http2: bool,
    failed_write: Option<io::Error>,
    /// How many writes were attempted since then without anything being read.
    vain_writes: u8,
    /// Whether the heads of responses are kept as written.
    keeps_case: bool,
}

/// The number of such writes before giving up: a response may have been read already, and then nothing reads the end of
/// the connection.
const MAX_VAIN_WRITES: u8 = 32;

impl Socket {
    pub(super) fn new(stream: Box<dyn Stream>, is_proxied: bool, is_http2: bool) -> Self {
        Self {
            stream,
            record: Arc::default(),
            is_proxied,
            is_http2,
            failed_write: None,
            vain_writes: 0,
            keeps_case: false,
        }
    }

    /// The connection, with the heads of responses kept as written.
    pub(super) fn keeping_case(mut self, keeps_case: bool) -> Self {
        self.keeps_case = keeps_case;
        self
    }

    /// Writes, and remembers an error: the writer waits from then on, and reads.
    fn writing<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut dyn Stream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Some(failed) = &self.failed_write {
            if self.vain_writes >= MAX_VAIN_WRITES {
                return Poll::Ready(Err(failed.kind().into()));
            }
            self.vain_writes += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match write(Pin::new(&mut *self.stream), context) {
            Poll::Ready(Err(error)) if is_closed(&error) => {
                self.failed_write = Some(error);
                self.record.broke();
                // Readable data may have arrived before anything waited for it.
                context.waker().wake_by_ref();
                Poll::Pending
            }
            written => written,
        }
    }
}

/// Whether the peer is gone; what it sent before may still be read.
fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.record.closed();
    }
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.is_proxied).extra(Arc::clone(&self.record));
        if self.is_http2 { connected.negotiated_h2() } else { connected }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut *self.stream).poll_read(context, buffer));
        if buffer.filled().len() > before {
            self.record.read_something();
            self.vain_writes = 0;
            if self.keeps_case {
                self.record.note_head(buffer.filled().get(before..).unwrap_or_default());
            }
        } else if let Some(failed) = self.failed_write.take() {
            // It is closed for good: a further error is not waited for.
            self.failed_write = Some(failed.kind().into());
            return Poll::Ready(Err(failed));
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.keeps_case {
            self.record.await_head();
        }
        self.writing(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writing(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.failed_write.is_some() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut *self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.keeps_case {
            self.record.await_head();
        }
        self.writing(context, |stream, context| stream.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
