//! Process backend, a command line as a provider: a child process for each call, the prompt on its standard input, the
//! answer on its standard output.
//!
//! The child leads a process group of its own, which is killed as soon as nobody listens: when the call is cancelled,
//! runs out of time or is over, or we are killed (`guard`), whatever the child started is gone with it. It is watched
//! by threads, not by the runtime, which would have to take over the host program's handling of SIGCHLD.

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

/// How much of the standard error is kept, from its end.
const LAST_WORDS: usize = 4 << 10;
const CHUNK_BYTES: usize = 32 << 10;
/// The longest line that is looked at.
const LINE_BYTES: usize = 32 << 20;

/// A program that answers in lines.
#[derive(Clone, Debug)]
pub struct ProcessBackend {
    /// The program, and the arguments that are the same for each call.
    pub command: Vec<String>,
    /// The environment variable that the program reads its key from, where it takes one.
    pub key_variable: Option<&'static str>,
    /// The environment variables that it needs in addition to those of all programs; a `*` at the end stands for any
    /// text. It gets no others: those of this process have keys that are none of its business.
    pub variables: &'static [&'static str],
    /// Makes a command line of the dialect's body.
    pub command_line: fn(&[u8]) -> CommandLine,
    /// Whether a line is the last of the answer. The program is not waited for after it.
    pub is_last: fn(&[u8]) -> bool,
}

impl ProcessBackend {
    /// The program of a dialect, started by `command` where that is given.
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
    /// Whether the child was waited for: from then on its number may be another's.
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
            // A child that does not read its input must not hold anybody up; it ends with the child.
            thread::spawn(move || _ = pipe.write_all(&input));
        }
        let errors = child.stderr.take().map(|pipe| {
            let run = Arc::clone(&run);
            thread::spawn(move || run.listen_to_errors(pipe))
        });
        // Ends the child as soon as nobody listens, even if it says nothing. The answer ends when all who could add to
        // it are gone, so this one goes when the child is over.
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

    /// What the child's last words mean.
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

/// Passes on what the program writes, until its end, its last line, or until nobody listens. Whether the last line
/// came.
fn pass_on(mut pipe: impl Read, is_last: fn(&[u8]) -> bool, sender: &ChunkSender) -> bool {
    let mut buffer = vec![0; CHUNK_BYTES];
    // The line that has begun. One that is too long is not looked at; it is the decoder's to refuse.
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
            // A group that is gone already is what is wanted.
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
        // Ends the child and all it started.
        let _ = Command::new("taskkill")
            .args(["/F", "/T", "/PID", &self.leader.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}
