//! Simulator: the handle of a server that runs on its own thread.

use crate::{
    authorization::Authorization,
    listener::{Command, bind, run},
    record::Recorder,
    script::{ActiveScript, ConnectionPolicy, Script, ScriptError},
    state::SimulatorState,
};
use std::{
    collections::BTreeMap,
    fmt, io,
    net::{SocketAddr, ToSocketAddrs as _},
    sync::{Arc, mpsc as blocking},
    thread::JoinHandle,
    time::Duration,
};
use tokio::{net::TcpSocket, runtime, sync::mpsc};

/// The settings of a simulator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The host to listen on.
    pub host: String,
    /// The port; 0 for any free one.
    pub port: u16,
    /// The script, as JSON (see `docs/simulator.md`); without it, model names alone decide what happens.
    pub script: Option<String>,
    /// The seed of all random draws: the same seed gives the same draws.
    pub seed: u64,
    /// Whether a request without a key is answered with 401.
    pub require_key: bool,
    /// Whether requests are refused that the providers would refuse: unknown fields, tool calls without results,
    /// schemas that they cannot enforce, wrong paths.
    pub strict: bool,
    /// Secrets of AWS access keys, by id. Signatures are verified if the secret is known; if any is given, all other
    /// access keys are refused.
    pub aws_credentials: BTreeMap<String, String>,
    /// The maximum number of requests that are kept; the oldest are dropped, 0 keeps none.
    pub record_limit: usize,
    /// The maximum number of concurrent streams per HTTP/2 connection.
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
            strict: true,
            aws_credentials: BTreeMap::new(),
            record_limit: 1000,
            http2_streams: 100,
        }
    }
}

/// A running server that imitates the providers. Stops when dropped.
pub struct Simulator {
    address: SocketAddr,
    #[expect(dead_code, reason = "held so that no other process takes the port and listens on it")]
    refused: TcpSocket,
    refused_address: SocketAddr,
    state: Arc<SimulatorState>,
    commands: Option<mpsc::UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Simulator").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Starts a simulator, which accepts connections when this returns. Fails if the address cannot be bound, or with
    /// [`io::ErrorKind::InvalidInput`] if the script is invalid.
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

        let connections = script.connections();
        let state = Arc::new(SimulatorState::new(
            ActiveScript::new(script, settings.seed),
            Recorder::new(settings.record_limit),
            settings.seed,
            settings.strict,
            Authorization::new(settings.require_key, settings.aws_credentials),
        ));
        let (commands, receiver) = mpsc::unbounded_channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let server = run(socket, Arc::clone(&state), settings.http2_streams, receiver);
        let thread = std::thread::Builder::new().name("ferrule-sim".to_owned()).spawn(move || {
            // It ends when the senders of commands are dropped; dropping the runtime then closes every connection.
            let _ = runtime.block_on(server);
        })?;
        let mut simulator =
            Self { address, refused, refused_address, state, commands: Some(commands), thread: Some(thread) };
        // Returns once the server is listening.
        if let Err(error) = simulator.accept(connections) {
            simulator.stop();
            return Err(error);
        }
        Ok(simulator)
    }

    /// The address it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// An address that refuses connections for as long as the simulator lives.
    pub const fn refused_address(&self) -> SocketAddr {
        self.refused_address
    }

    /// Replaces the script. Responses that have begun continue unchanged.
    pub fn set_script(&self, script_json: &str) -> Result<(), ScriptError> {
        let script = Script::parse(script_json)?;
        let connections = script.connections();
        self.state.set_script(ActiveScript::new(script, self.state.seed));
        self.accept(connections).map_err(|error| ScriptError::new("refuse", error))
    }

    /// Adds rules, given as a list, in front of those of the script, which keep their state.
    pub fn add_rules(&self, rules_json: &str) -> Result<(), ScriptError> {
        self.state.add_rules(Script::parse(rules_json)?.rules);
        Ok(())
    }

    fn accept(&self, connections: ConnectionPolicy) -> io::Result<()> {
        let stopped = || io::Error::new(io::ErrorKind::NotConnected, "the simulator is not running");
        let commands = self.commands.as_ref().ok_or_else(stopped)?;
        let (done, wait) = blocking::sync_channel(1);
        commands.send(Command::Accept(connections, done)).map_err(|_| stopped())?;
        wait.recv().map_err(|_| stopped())
    }

    /// The requests received since the start or the last clearing, oldest first, as a JSON list. Each entry has
    /// `connection`, `time_ms`, `method`, `path`, `query`, `http_version`, `headers` (names in lower case, values as
    /// they arrived: **keys included**), `body` (JSON, or text), `dialect`, `model`, `stream`, `status`, `fault`,
    /// `outcome` (`open`, `answered`, `cut`, `closed_by_client`) and `bytes_sent`.
    pub fn requests_json(&self) -> String {
        self.state.recorder.to_json()
    }

    /// Clears the requests received so far.
    pub fn clear_requests(&self) {
        self.state.recorder.clear();
    }

    /// The number of open connections.
    pub fn open_connections(&self) -> usize {
        self.state.recorder.connections()
    }

    /// Waits until at most `at_most` connections are open. Returns whether that happened in time.
    pub fn wait_for_connections(&self, at_most: usize, timeout: Duration) -> bool {
        self.state.recorder.wait_for_connections(at_most, timeout)
    }

    /// Waits until `count` requests have been received since the start or the last clearing. Returns whether that
    /// happened in time.
    pub fn wait_for_requests(&self, count: u64, timeout: Duration) -> bool {
        self.state.recorder.wait_for_requests(count, timeout)
    }

    /// Waits until no response is open. Returns whether that happened in time.
    pub fn wait_for_answers(&self, timeout: Duration) -> bool {
        self.state.recorder.wait_for_answers(timeout)
    }

    /// Stops the server and closes every connection. Does nothing the second time.
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
