//! Listener: the listening socket and its connections.

use crate::{
    script::ConnectionPolicy,
    service::serve,
    socket::{Control, Socket},
    state::SimulatorState,
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

/// The maximum number of connections queued by the system.
const BACKLOG: u32 = 4096;
/// How long to wait when the system has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Commands to the running listener.
#[derive(Debug)]
pub(crate) enum Command {
    /// Accept connections this way from now on, and report when it is in effect.
    Accept(ConnectionPolicy, blocking::SyncSender<()>),
}

/// The port: listening, or bound so that no other process takes it but refusing connections.
enum Port {
    Listening(TcpListener),
    Refusing(TcpSocket),
}

/// A socket that is bound to `address` without listening: connections to it are refused.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // On Windows this option would let other processes take the port.
    if cfg!(not(windows)) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    Ok(socket)
}

/// Accepts connections from the first command on, until the last sender of commands is dropped.
pub(crate) async fn run(
    socket: TcpSocket,
    state: Arc<SimulatorState>,
    http2_streams: u32,
    mut commands: mpsc::UnboundedReceiver<Command>,
) -> io::Result<()> {
    let address = socket.local_addr()?;
    let mut port = Port::Refusing(socket);
    let mut policy = ConnectionPolicy::default();
    let mut count = 0;
    loop {
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                None => return Ok(()),
                Some(Command::Accept(wanted, done)) => {
                    policy = wanted;
                    port = port.set(address, wanted.refuse)?;
                    // The sender may be gone.
                    let _ = done.send(());
                }
            },
            accepted = port.accept() => match accepted {
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                Ok(stream) if policy.reset > 0 => {
                    policy.reset -= 1;
                    let _ = stream.set_zero_linger();
                }
                Ok(stream) => {
                    count += 1;
                    tokio::spawn(connection(stream, count, Arc::clone(&state), http2_streams));
                }
            },
        }
    }
}

impl Port {
    fn set(self, address: SocketAddr, refuse: bool) -> io::Result<Self> {
        Ok(match self {
            Self::Refusing(socket) if !refuse => Self::Listening(socket.listen(BACKLOG)?),
            Self::Listening(listener) if refuse => {
                drop(listener);
                Self::Refusing(bind(address)?)
            }
            unchanged => unchanged,
        })
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        match self {
            Self::Listening(listener) => listener.accept().await.map(|(stream, _)| stream),
            Self::Refusing(_) => std::future::pending().await,
        }
    }
}

/// Counts a connection for as long as it is open.
struct Counted(Arc<SimulatorState>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.recorder.disconnected();
    }
}

async fn connection(stream: TcpStream, number: u64, state: Arc<SimulatorState>, http2_streams: u32) {
    state.recorder.connected();
    let _counted = Counted(Arc::clone(&state));
    // Small writes should be sent at once; if the option fails they are sent later.
    let _ = stream.set_nodelay(true);
    let control = Arc::new(Control::default());
    let socket = Socket::new(stream, Arc::clone(&control));
    let service = {
        let control = Arc::clone(&control);
        service_fn(move |request| {
            let (state, control) = (Arc::clone(&state), Arc::clone(&control));
            async move { Ok::<_, Infallible>(serve(&state, &control, number, request).await) }
        })
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(http2_streams);
    tokio::select! {
        biased;
        () = control.killed() => {}
        // An error means that the client left, or that we cut the connection.
        _ = builder.serve_connection(TokioIo::new(socket), service) => {}
    }
}
