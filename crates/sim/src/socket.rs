//! Socket that obeys commands: to write in small pieces, to cut the connection, to reset it.
//!
//! Hyper writes HTTP to a [`Socket`]; the code that makes the response holds the [`Control`] of the same connection.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::Notify,
    time::{Sleep, sleep},
};

/// The sizes in which a response is written.
#[derive(Clone, Debug)]
pub(crate) struct WriteSizes {
    /// The sizes, repeated.
    pub(crate) sizes: Vec<usize>,
    /// The time between two writes.
    pub(crate) delay: Duration,
}

/// What happens to the connection once everything before it has been written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// It is reset.
    Reset,
    /// It is closed, without the last `without` bytes of what has been held since [`Control::hold`].
    Close { without: usize },
}

#[derive(Debug, Default)]
struct Orders {
    write_sizes: Option<WriteSizes>,
    hold: bool,
    cut: Option<Cut>,
    reset: bool,
}

/// Controls one connection.
#[derive(Debug, Default)]
pub(crate) struct Control {
    orders: Mutex<Orders>,
    killed: Notify,
}

impl Control {
    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes in these sizes from now on, or in those chosen by hyper.
    pub(crate) fn write_in(&self, sizes: Option<WriteSizes>) {
        self.orders().write_sizes = sizes;
    }

    /// Holds back everything written from now on, until a cut.
    pub(crate) fn hold(&self) {
        self.orders().hold = true;
    }

    /// Ends the connection at hyper's next flush. A body that returns `Pending` makes hyper flush, after everything
    /// that the body has returned before.
    pub(crate) fn cut_when_flushed(&self, cut: Cut) {
        self.orders().cut = Some(cut);
    }

    /// Resets the connection now.
    pub(crate) fn reset(&self) {
        self.orders().reset = true;
        self.killed.notify_one();
    }

    /// Closes the connection now.
    pub(crate) fn close(&self) {
        self.killed.notify_one();
    }

    /// Completes when the connection should be dropped.
    pub(crate) async fn killed(&self) {
        self.killed.notified().await;
    }
}

/// A TCP connection that obeys its [`Control`].
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    control: Arc<Control>,
    held: Vec<u8>,
    held_written: usize,
    next_piece: usize,
    pause: Option<Pause>,
}

/// What happens between two writes.
#[derive(Debug)]
enum Pause {
    /// Other tasks run.
    Yield,
    Until(Pin<Box<Sleep>>),
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, control: Arc<Control>) -> Self {
        Self { stream, control, held: Vec::new(), held_written: 0, next_piece: 0, pause: None }
    }

    fn write_piece(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        sizes: &WriteSizes,
    ) -> Poll<io::Result<usize>> {
        match &mut self.pause {
            Some(Pause::Yield) => {
                self.pause = None;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Pause::Until(sleep)) => ready!(sleep.as_mut().poll(context)),
            None => {}
        }
        self.pause = None;
        let count = sizes.sizes.len().max(1);
        let size = sizes.sizes.get(self.next_piece % count).copied().unwrap_or(1);
        let piece = bytes.get(..size).unwrap_or(bytes);
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, piece))?;
        self.next_piece = (self.next_piece + 1) % count;
        self.pause = Some(match sizes.delay {
            Duration::ZERO => Pause::Yield,
            delay => Pause::Until(Box::pin(sleep(delay))),
        });
        Poll::Ready(Ok(written))
    }

    fn carry_out(&mut self, context: &mut Context<'_>, cut: Cut) -> Poll<io::Result<()>> {
        let without = match cut {
            Cut::Reset => 0,
            Cut::Close { without } => without,
        };
        let end = self.held.len().saturating_sub(without);
        while let Some(rest) = self.held.get(self.held_written..end).filter(|rest| !rest.is_empty()) {
            self.held_written += ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
        }
        if matches!(cut, Cut::Reset) {
            self.control.orders().reset = true;
        }
        // The error makes hyper drop the connection; it is not reported.
        Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let (hold, sizes) = {
            let orders = self.control.orders();
            (orders.hold, orders.write_sizes.clone())
        };
        if hold {
            self.held.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        match sizes {
            Some(sizes) => self.write_piece(context, bytes, &sizes),
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let cut = self.control.orders().cut;
        match cut {
            Some(cut) => self.carry_out(context, cut),
            None => Pin::new(&mut self.stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.control.orders().reset {
            // Closing with a linger time of zero sends RST instead of FIN.
            let _ = self.stream.set_zero_linger();
        }
    }
}
