//! The listening socket and its connections.

use crate::{
    service::{Shared, serve},
    socket::{Control, Socket},
};
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, mpsc as blocking},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
};

/// Connections the system may hold ready for us.
const BACKLOG: u32 = 4096;
/// How long to wait when the system has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// What the simulator's owner tells the running server.
#[derive(Debug)]
pub(crate) enum Command {
    /// Take connections in this way from now on, and say when it is so.
    Accept(Accepting, blocking::SyncSender<()>),
}

/// How connections are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepting {
    /// Not at all: the port refuses them.
    pub(crate) refuse: bool,
    /// So many of the next ones are reset at once.
    pub(crate) reset: u64,
}

/// The port: open, or bound so that nobody else takes it, and refusing.
enum Door {
    Open(TcpListener),
    Closed(TcpSocket),
}

/// A socket that is bound to `address` and does not listen: connections to it are refused.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // On Windows this option would let others take the port.
    if cfg!(not(windows)) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    Ok(socket)
}

/// Takes connections, as the first command says, until the last sender of commands is dropped.
pub(crate) async fn run(
    socket: TcpSocket,
    shared: Arc<Shared>,
    http2_streams: u32,
    mut commands: mpsc::UnboundedReceiver<Command>,
) -> io::Result<()> {
    let address = socket.local_addr()?;
    let mut door = Door::Closed(socket);
    let mut accepting = Accepting::default();
    let mut count = 0;
    loop {
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                None => return Ok(()),
                Some(Command::Accept(wanted, done)) => {
                    accepting = wanted;
                    door = door.set(address, wanted.refuse)?;
                    // Nobody waits any more where the owner is gone.
                    let _ = done.send(());
                }
            },
            accepted = door.accept() => match accepted {
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                Ok(stream) if accepting.reset > 0 => {
                    accepting.reset -= 1;
                    let _ = stream.set_zero_linger();
                }
                Ok(stream) => {
                    count += 1;
                    tokio::spawn(connection(stream, count, Arc::clone(&shared), http2_streams));
                }
            },
        }
    }
}

impl Door {
    fn set(self, address: SocketAddr, refuse: bool) -> io::Result<Self> {
        Ok(match self {
            Self::Closed(socket) if !refuse => Self::Open(socket.listen(BACKLOG)?),
            Self::Open(listener) if refuse => {
                drop(listener);
                Self::Closed(bind(address)?)
            }
            unchanged => unchanged,
        })
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        match self {
            Self::Open(listener) => listener.accept().await.map(|(stream, _)| stream),
            Self::Closed(_) => std::future::pending().await,
        }
    }
}

/// Counts a connection for as long as it is open.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.recorder.disconnected();
    }
}

async fn connection(stream: TcpStream, number: u64, shared: Arc<Shared>, http2_streams: u32) {
    shared.recorder.connected();
    let _counted = Counted(Arc::clone(&shared));
    // Small pieces are to leave at once; where the option fails they leave later.
    let _ = stream.set_nodelay(true);
    let control = Arc::new(Control::default());
    let socket = Socket::new(stream, Arc::clone(&control));
    let service = {
        let control = Arc::clone(&control);
        service_fn(move |request| {
            let (shared, control) = (Arc::clone(&shared), Arc::clone(&control));
            async move { Ok::<_, Infallible>(serve(&shared, &control, number, request).await) }
        })
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(http2_streams);
    tokio::select! {
        biased;
        () = control.killed() => {}
        // An error is the client's leaving, or our own cut.
        _ = builder.serve_connection(TokioIo::new(socket), service) => {}
    }
}
