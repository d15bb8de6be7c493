//! A connection that the answer's author can command: write in small pieces, cut off, reset.
//!
//! Hyper writes HTTP to a [`Socket`]; whoever writes the answer holds the [`Control`] of the same connection.

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

/// How the pieces of an answer are written.
#[derive(Clone, Debug)]
pub(crate) struct Pieces {
    /// Their sizes, repeated.
    pub(crate) sizes: Vec<usize>,
    /// The time between two of them.
    pub(crate) delay: Duration,
}

/// What happens to the connection once all that was said before is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// It is reset.
    Reset,
    /// It is closed, without the last so many bytes of what was said since [`Control::hold`].
    Close { without: usize },
}

#[derive(Debug, Default)]
struct Orders {
    pieces: Option<Pieces>,
    hold: bool,
    cut: Option<Cut>,
    reset: bool,
}

/// Commands one connection.
#[derive(Debug, Default)]
pub(crate) struct Control {
    orders: Mutex<Orders>,
    killed: Notify,
}

impl Control {
    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes from now on in `pieces`, or as hyper likes it.
    pub(crate) fn write_in(&self, pieces: Option<Pieces>) {
        self.orders().pieces = pieces;
    }

    /// Holds back what is written from now on, until a cut.
    pub(crate) fn hold(&self) {
        self.orders().hold = true;
    }

    /// Ends the connection at hyper's next flush. A body that returns `Pending` makes hyper flush, after it wrote
    /// everything that the body said before.
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

    /// Comes back when the connection is to be dropped.
    pub(crate) async fn killed(&self) {
        self.killed.notified().await;
    }
}

/// A TCP connection under orders.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    control: Arc<Control>,
    held: Vec<u8>,
    held_written: usize,
    next_piece: usize,
    pause: Option<Pause>,
}

/// What comes between two pieces.
#[derive(Debug)]
enum Pause {
    /// The other tasks' turn.
    Turn,
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
        pieces: &Pieces,
    ) -> Poll<io::Result<usize>> {
        match &mut self.pause {
            Some(Pause::Turn) => {
                self.pause = None;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Pause::Until(sleep)) => ready!(sleep.as_mut().poll(context)),
            None => {}
        }
        self.pause = None;
        let count = pieces.sizes.len().max(1);
        let size = pieces.sizes.get(self.next_piece % count).copied().unwrap_or(1);
        let piece = bytes.get(..size).unwrap_or(bytes);
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, piece))?;
        self.next_piece = (self.next_piece + 1) % count;
        self.pause = Some(match pieces.delay {
            Duration::ZERO => Pause::Turn,
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
        // The error makes hyper drop the connection; nobody sees it.
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
        let (hold, pieces) = {
            let orders = self.control.orders();
            (orders.hold, orders.pieces.clone())
        };
        if hold {
            self.held.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        match pieces {
            Some(pieces) => self.write_piece(context, bytes, &pieces),
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
            // Closing with nothing to linger for sends RST in place of FIN.
            let _ = self.stream.set_zero_linger();
        }
    }
}
