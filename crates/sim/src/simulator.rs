//! The handle: a running server on its own thread.

use crate::{
    keys::Keys,
    predictions::Predictions,
    record::Recorder,
    script::{ActiveScript, Script, ScriptError},
    server::{Accepting, Command, bind, run},
    service::Shared,
};
use std::{
    collections::BTreeMap,
    fmt, io,
    net::{SocketAddr, ToSocketAddrs as _},
    sync::{Arc, Mutex, PoisonError, mpsc as blocking},
    thread::JoinHandle,
    time::Duration,
};
use tokio::{net::TcpSocket, runtime, sync::mpsc};

/// How a simulator is started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The host to listen on.
    pub host: String,
    /// The port; 0: any free one.
    pub port: u16,
    /// What to do, as JSON (see the crate's documentation); without it, model names alone say what happens.
    pub script: Option<String>,
    /// For what is drawn at random: with the same seed the same is drawn.
    pub seed: u64,
    /// Whether a request without a key is answered with 401.
    pub require_key: bool,
    /// Secrets of Amazon's access keys, by id. Signatures are checked where the secret is known; where any is given, other
    /// keys are unknown to Amazon.
    pub aws_credentials: BTreeMap<String, String>,
    /// How many requests are kept; the oldest are dropped, 0 keeps none.
    pub record_limit: usize,
    /// How many streams an HTTP/2 connection may have open at once.
    pub http2_streams: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 0,
            script: None,
            seed: 0,
            require_key: false,
            aws_credentials: BTreeMap::new(),
            record_limit: 1000,
            http2_streams: 100,
        }
    }
}

/// A running server that speaks like the providers. Stops when dropped.
pub struct Simulator {
    address: SocketAddr,
    #[expect(dead_code, reason = "held so that nobody else takes the port and listens on it")]
    refused: TcpSocket,
    refused_address: SocketAddr,
    shared: Arc<Shared>,
    commands: Option<mpsc::UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Simulator").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Starts one; when this returns it takes connections. Fails where the address cannot be had, or with
    /// [`io::ErrorKind::InvalidInput`] where the script cannot be used.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let script = match &settings.script {
            Some(script) => {
                Script::parse(script).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?
            }
            None => Script::default(),
        };
        let wanted = (settings.host.as_str(), settings.port).to_socket_addrs()?.next();
        let wanted =
            wanted.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no address"))?;
        let socket = bind(wanted)?;
        let address = socket.local_addr()?;
        let refused = bind(SocketAddr::new(wanted.ip(), 0))?;
        let refused_address = refused.local_addr()?;

        let accepting = script.accepting();
        let shared = Arc::new(Shared {
            script: Mutex::new(Arc::new(ActiveScript::new(script, settings.seed))),
            recorder: Arc::new(Recorder::new(settings.record_limit)),
            seed: settings.seed,
            keys: Keys::new(settings.require_key, settings.aws_credentials),
            failures: Mutex::default(),
            predictions: Predictions::default(),
        });
        let (commands, receiver) = mpsc::unbounded_channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let server = run(socket, Arc::clone(&shared), settings.http2_streams, receiver);
        let thread = std::thread::Builder::new().name("ferrule-sim".to_owned()).spawn(move || {
            // It ends when the commands do; dropping the runtime then closes every connection.
            let _ = runtime.block_on(server);
        })?;
        let mut simulator = Self {
            address,
            refused,
            refused_address,
            shared,
            commands: Some(commands),
            thread: Some(thread),
        };
        // Comes back once the server is listening.
        if let Err(error) = simulator.accept(accepting) {
            simulator.stop();
            return Err(error);
        }
        Ok(simulator)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// An address that refuses connections for as long as the simulator lives.
    pub const fn refused_address(&self) -> SocketAddr {
        self.refused_address
    }

    /// Replaces the script. Requests that are being answered go on as they began.
    pub fn set_script(&self, script_json: &str) -> Result<(), ScriptError> {
        let script = Script::parse(script_json)?;
        let accepting = script.accepting();
        let active = Arc::new(ActiveScript::new(script, self.shared.seed));
        *self.shared.script.lock().unwrap_or_else(PoisonError::into_inner) = active;
        self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.accept(accepting).map_err(|error| ScriptError::new("refuse", error))
    }

    fn accept(&self, accepting: Accepting) -> io::Result<()> {
        let stopped = || io::Error::new(io::ErrorKind::NotConnected, "the simulator is not running");
        let commands = self.commands.as_ref().ok_or_else(stopped)?;
        let (done, wait) = blocking::sync_channel(1);
        commands.send(Command::Accept(accepting, done)).map_err(|_| stopped())?;
        wait.recv().map_err(|_| stopped())
    }

    /// What was received since the start or the last clearing, oldest first, as a JSON list. Each entry has
    /// `connection`, `time_ms`, `method`, `path`, `query`, `http_version`, `headers` (names in lower case, values as
    /// they came: **keys included**), `body` (JSON, or text), `dialect`, `model`, `stream`, `status`, `fault`,
    /// `outcome` (`open`, `answered`, `cut`, `closed_by_client`) and `bytes_sent`.
    pub fn requests_json(&self) -> String {
        self.shared.recorder.to_json()
    }

    /// Forgets what was received.
    pub fn clear_requests(&self) {
        self.shared.recorder.clear();
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.shared.recorder.connections()
    }

    /// Waits until at most `at_most` connections are open; whether that came about in time.
    pub fn wait_for_connections(&self, at_most: usize, timeout: Duration) -> bool {
        self.shared.recorder.wait_for_connections(at_most, timeout)
    }

    /// Waits until so many requests were received since the start or the last clearing; whether they were in time.
    pub fn wait_for_requests(&self, count: u64, timeout: Duration) -> bool {
        self.shared.recorder.wait_for_requests(count, timeout)
    }

    /// Waits until no answer is open; whether that came about in time.
    pub fn wait_for_answers(&self, timeout: Duration) -> bool {
        self.shared.recorder.wait_for_answers(timeout)
    }

    /// Stops it and closes every connection. Does nothing the second time.
    pub fn stop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported there.
            let _ = thread.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop();
    }
}
