//! Process backend, a command line as a provider: a child process per call, with the prompt on its standard input and
//! the answer on its standard output.
//!
//! The child leads a separate process group, which is killed as soon as the receiver is gone: when the call is
//! cancelled, times out or ends, or when we are killed (`guard`), everything the child started goes with it. It is
//! watched by threads, not by the runtime, which would have to take over the host program's handling of SIGCHLD.

use crate::{
    backend::{Backend, BackendRequest, ChunkSender},
    failure::Failure,
    guard::Guarded,
    program,
};
use bytes::Bytes;
use ferrule_wire::{
    dialect::{CommandLine, Program},
    model::{ErrorKind, ProviderError},
};
use secrecy::ExposeSecret;
use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use tokio::sync::Notify;

/// How much of the end of standard error is kept.
const LAST_WORDS: usize = 4 << 10;
const CHUNK_BYTES: usize = 32 << 10;
/// The maximum length of a line that is examined.
const LINE_BYTES: usize = 32 << 20;

/// A program that answers in lines.
#[derive(Clone, Debug)]
pub struct ProcessBackend {
    /// The program, and its constant arguments.
    pub command: Vec<String>,
    /// The environment variable from which the program reads its key, if it takes one.
    pub key_variable: Option<&'static str>,
    /// The environment variables that it needs in addition to those of all programs; a `*` at the end matches any text.
    /// It gets no others: the process's environment holds unrelated keys.
    pub variables: &'static [&'static str],
    /// Turns the dialect's body into a command line.
    pub command_line: fn(&[u8]) -> CommandLine,
    /// Whether a line is the last of the answer. The program's exit is not awaited after it.
    pub is_last: fn(&[u8]) -> bool,
}

impl ProcessBackend {
    /// The program of a dialect, started by `command` if that is given.
    pub(crate) fn for_program(program: Program, command: Option<Vec<String>>) -> Self {
        let Program { command: usual, key_variable, variables, command_line, is_last } = program;
        Self {
            command: command.unwrap_or_else(|| vec![usual.to_owned()]),
            key_variable: Some(key_variable),
            variables,
            command_line,
            is_last,
        }
    }
}

impl Backend for ProcessBackend {
    fn begin(&self, request: BackendRequest, sender: ChunkSender) -> Result<(), Failure> {
        let Some((program, first)) = self.command.split_first() else {
            return Err(Failure::Config("the command is empty".to_owned()));
        };
        let CommandLine { arguments, input } = (self.command_line)(&request.body);
        let key = self.key_variable.zip(request.key.as_ref().map(|key| key.expose_secret().trim()));
        let needed = |name: &str| program::needs_variable(name, self.variables);
        let Some(mut command) = program::command(program, needed) else {
            return Err(Failure::Connect(format!(
                "cannot start {program}: there is no such program; is it installed and on the path?"
            )));
        };
        command
            .args(first)
            .args(arguments)
            .envs(key.filter(|(_, key)| !key.is_empty()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        lead_a_group(&mut command);
        let child =
            command.spawn().map_err(|error| Failure::Connect(format!("cannot start {program}: {error}")))?;
        Run::begin(child, input, self.is_last, sender);
        Ok(())
    }
}

/// One child.
struct Run {
    group: Group,
    /// Whether the child has been reaped: from then on its id may belong to another process.
    is_over: AtomicBool,
    over: Notify,
    last_words: Mutex<Vec<u8>>,
}

impl Run {
    fn begin(mut child: Child, input: Vec<u8>, is_last: fn(&[u8]) -> bool, sender: ChunkSender) {
        let guarded = Guarded::group(child.id());
        let run = Arc::new(Self {
            group: Group::led_by(&child),
            is_over: AtomicBool::new(false),
            over: Notify::new(),
            last_words: Mutex::default(),
        });
        if let Some(mut pipe) = child.stdin.take() {
            // A child that does not read its input must not block anything; this thread ends with the child.
            thread::spawn(move || _ = pipe.write_all(&input));
        }
        let errors = child.stderr.take().map(|pipe| {
            let run = Arc::clone(&run);
            thread::spawn(move || run.listen_to_errors(pipe))
        });
        // Kills the child as soon as the receiver is gone, even if it is silent. The answer ends when all senders are
        // dropped, so this one is dropped when the child ends.
        let watched = Arc::clone(&run);
        let listener = sender.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = listener.closed() => watched.kill(),
                () = watched.over.notified() => {}
            }
        });
        thread::spawn(move || {
            let is_whole = child.stdout.take().is_some_and(|pipe| pass_on(pipe, is_last, &sender));
            if is_whole || sender.is_closed() {
                run.kill();
            }
            let status = child.wait();
            run.is_over.store(true, Ordering::Release);
            run.group.kill();
            drop(guarded);
            if let Some(errors) = errors {
                // Its pipe is closed now that the group is gone.
                let _ = errors.join();
            }
            run.over.notify_one();
            match status {
                _ if is_whole => {}
                Ok(status) if status.success() => {}
                Ok(status) => {
                    sender.blocking_send(Err(run.failure(&format!("ended with {status}"))));
                }
                Err(error) => {
                    sender.blocking_send(Err(run.failure(&format!("could not be waited for: {error}"))));
                }
            }
        });
    }

    fn listen_to_errors(&self, mut pipe: impl Read) {
        let mut buffer = vec![0; LAST_WORDS];
        while let Ok(read @ 1..) = pipe.read(&mut buffer) {
            let mut words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
            words.extend_from_slice(buffer.get(..read).unwrap_or_default());
            let beyond = words.len().saturating_sub(LAST_WORDS);
            words.drain(..beyond);
        }
    }

    fn kill(&self) {
        if !self.is_over.load(Ordering::Acquire) {
            self.group.kill();
        }
    }

    /// The failure that the child's last error output describes.
    fn failure(&self, how: &str) -> Failure {
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        let words = String::from_utf8_lossy(&words);
        let words = words.trim();
        let said = words.to_lowercase();
        let kind = if ["not logged in", "authentication", "unauthorized", "api key"]
            .iter()
            .any(|sign| said.contains(sign))
        {
            ErrorKind::Authentication
        } else {
            ErrorKind::Server
        };
        let words = if words.is_empty() { "it said nothing" } else { words };
        let mut error = ProviderError::new(kind, format!("the program {how}: {words}"));
        error.body = words.to_owned();
        Failure::Provider(Box::new(error))
    }
}

/// Passes on the program's output until its end, its last line, or until the receiver is gone. Returns whether the last
/// line came.
fn pass_on(mut pipe: impl Read, is_last: fn(&[u8]) -> bool, sender: &ChunkSender) -> bool {
    let mut buffer = vec![0; CHUNK_BYTES];
    // The current partial line. If it is too long it is not examined; the decoder refuses it.
    let mut line = Vec::new();
    while let Ok(read @ 1..) = pipe.read(&mut buffer) {
        let chunk = Bytes::copy_from_slice(buffer.get(..read).unwrap_or_default());
        let mut parts = chunk.split(|byte| *byte == b'\n').peekable();
        let mut ends = false;
        while let Some(part) = parts.next() {
            if line.len() + part.len() <= LINE_BYTES {
                line.extend_from_slice(part);
            }
            if parts.peek().is_some() {
                ends = ends || is_last(&line);
                line.clear();
            }
        }
        if !sender.blocking_send(Ok(chunk)) {
            return false;
        }
        if ends {
            return true;
        }
    }
    false
}

#[cfg(unix)]
fn lead_a_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn lead_a_group(_: &mut Command) {}

/// The process group that a child leads.
#[derive(Debug)]
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
    #[cfg(not(unix))]
    leader: u32,
}

#[cfg(unix)]
impl Group {
    fn led_by(child: &Child) -> Self {
        Self { leader: i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) }
    }

    fn kill(&self) {
        if let Some(leader) = self.leader {
            // It is fine if the group is already gone.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl Group {
    fn led_by(child: &Child) -> Self {
        Self { leader: child.id() }
    }

    fn kill(&self) {
        // Kills the child and everything it started.
        let _ = Command::new("taskkill")
            .args(["/F", "/T", "/PID", &self.leader.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}
