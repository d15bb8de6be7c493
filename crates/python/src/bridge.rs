//! Event loop bridge, which wakes one loop through an eventfd (or pipe) that the loop watches, written once for
//! everything that is ready.
//!
//! `ferrule/bridge.py` makes one [`LoopBridge`] per running loop. Loops that cannot watch a descriptor are woken by a
//! thread that blocks in [`LoopBridge::wait`]. A caller without a loop blocks there itself, for the first of many
//! flights (`ferrule/mapping.py`).

use crate::to_python::not_pickled;
use ferrule_bridge::Signal;
use pyo3::prelude::*;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;

/// An object that signals its readiness to a loop.
pub(crate) trait Ready: Send + Sync {
    /// Completes its waiter. Runs on the loop's thread.
    fn complete(&self, py: Python<'_>) -> PyResult<()>;
}

/// How long a caller without a loop blocks before it checks for Ctrl-C.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);
/// How long a thread that wakes a loop waits at a time.
const THREAD_WAIT: Duration = Duration::from_secs(60);

/// The part of a bridge that the runtime's threads use.
pub(crate) struct Wakeups {
    signal: Signal<Arc<dyn Ready>>,
    wake: Wake,
    /// Whether it serves an event loop, which can run coroutines.
    has_loop: bool,
}

enum Wake {
    #[cfg(target_os = "linux")]
    Eventfd(rustix::fd::OwnedFd),
    #[cfg(all(unix, not(target_os = "linux")))]
    Pipe {
        read: rustix::fd::OwnedFd,
        write: rustix::fd::OwnedFd,
    },
    Thread {
        wanted: Mutex<Wanted>,
        changed: Condvar,
    },
}

#[derive(Default)]
struct Wanted {
    wake_up: bool,
    closed: bool,
}

impl Wakeups {
    /// Notifies the loop that `item` is ready; takes microseconds whatever the interpreter is doing.
    ///
    /// On the runtime's thread the wake-up is a separate task: it runs after those that are ready now, once for all of
    /// them. It never waits for more.
    pub(crate) fn announce(self: &Arc<Self>, item: Arc<dyn Ready>) {
        self.signal.announce(item, || match Handle::try_current() {
            Ok(runtime) => {
                let wakeups = Arc::clone(self);
                runtime.spawn(async move { wakeups.wake.wake() });
            }
            Err(_) => self.wake.wake(),
        });
    }
}

impl Wake {
    #[cfg(target_os = "linux")]
    fn descriptor() -> std::io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        Ok(Self::Eventfd(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?))
    }

    #[cfg(all(unix, not(target_os = "linux")))]
    fn descriptor() -> std::io::Result<Self> {
        let (read, write) = rustix::pipe::pipe()?;
        for end in [&read, &write] {
            rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
            rustix::io::ioctl_fionbio(end, true)?;
        }
        Ok(Self::Pipe { read, write })
    }

    #[cfg(not(unix))]
    fn descriptor() -> std::io::Result<Self> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    fn thread() -> Self {
        Self::Thread { wanted: Mutex::default(), changed: Condvar::new() }
    }

    /// Errors can be ignored: a full descriptor is readable already, so a failed write means that the wake-up is
    /// pending.
    fn wake(&self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Eventfd(descriptor) => drop(rustix::io::write(descriptor, &1u64.to_ne_bytes())),
            #[cfg(all(unix, not(target_os = "linux")))]
            Self::Pipe { write, .. } => drop(rustix::io::write(write, &[1])),
            Self::Thread { wanted, changed } => {
                wanted.lock().unwrap_or_else(PoisonError::into_inner).wake_up = true;
                changed.notify_one();
            }
        }
    }

    fn acknowledge(&self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Eventfd(descriptor) => drop(rustix::io::read(descriptor, &mut [0u8; 8])),
            #[cfg(all(unix, not(target_os = "linux")))]
            Self::Pipe { read, .. } => {
                let mut bytes = [0u8; 64];
                while rustix::io::read(read, &mut bytes).is_ok_and(|count| count == bytes.len()) {}
            }
            Self::Thread { .. } => {}
        }
    }
}

/// One event loop's end of the bridge.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct LoopBridge {
    wakeups: Arc<Wakeups>,
}

impl LoopBridge {
    pub(crate) fn wakeups(&self) -> &Arc<Wakeups> {
        &self.wakeups
    }

    /// Whether it serves an event loop, which can run coroutines.
    pub(crate) fn has_loop(&self) -> bool {
        self.wakeups.has_loop
    }
}

#[pymethods]
impl LoopBridge {
    #[expect(clippy::unused_self, reason = "pickle calls a method")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        not_pickled("an event loop's bridge")
    }

    /// A bridge with a descriptor to watch, or, with `thread=True`, for a thread that calls `wait`; with
    /// `has_loop=False` for a caller that runs no coroutines.
    #[new]
    #[pyo3(signature = (*, thread = false, has_loop = true))]
    fn new(thread: bool, has_loop: bool) -> PyResult<Self> {
        let wake = if thread { Wake::thread() } else { Wake::descriptor()? };
        Ok(Self { wakeups: Arc::new(Wakeups { signal: Signal::new(), wake, has_loop }) })
    }

    /// The descriptor that the loop should watch for reading.
    fn fileno(&self) -> PyResult<i32> {
        match &self.wakeups.wake {
            #[cfg(target_os = "linux")]
            Wake::Eventfd(descriptor) => Ok(std::os::fd::AsRawFd::as_raw_fd(descriptor)),
            #[cfg(all(unix, not(target_os = "linux")))]
            Wake::Pipe { read, .. } => Ok(std::os::fd::AsRawFd::as_raw_fd(read)),
            Wake::Thread { .. } => Err(std::io::Error::from(std::io::ErrorKind::Unsupported).into()),
        }
    }

    /// Completes all waiters whose flights have something ready. Runs on the loop.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        let ready = self.wakeups.signal.collect(|| self.wakeups.wake.acknowledge());
        // A failure must not keep the others waiting.
        let mut outcome = Ok(());
        for item in ready {
            outcome = outcome.and(item.complete(py));
        }
        outcome.and(crate::logging::flush(py))
    }

    /// Blocks until the loop must be woken (true) or the bridge is closed (false). Without a loop, Ctrl-C interrupts
    /// it.
    #[cfg_attr(
        not(unix),
        expect(irrefutable_let_patterns, reason = "only Unix has another way to wake a loop")
    )]
    fn wait(&self, py: Python<'_>) -> PyResult<bool> {
        let Wake::Thread { wanted, changed } = &self.wakeups.wake else { return Ok(false) };
        let at_a_time = if self.wakeups.has_loop { THREAD_WAIT } else { SIGNAL_CHECK };
        loop {
            let (wake_up, closed) = py.detach(|| {
                let mut state = wanted.lock().unwrap_or_else(PoisonError::into_inner);
                if !state.wake_up && !state.closed {
                    state = match changed.wait_timeout(state, at_a_time) {
                        Ok((state, _)) => state,
                        Err(poisoned) => poisoned.into_inner().0,
                    };
                }
                (std::mem::take(&mut state.wake_up), state.closed)
            });
            if wake_up || closed {
                return Ok(wake_up);
            }
            py.check_signals()?;
        }
    }

    /// Ends `wait`.
    #[cfg_attr(
        not(unix),
        expect(irrefutable_let_patterns, reason = "only Unix has another way to wake a loop")
    )]
    fn close(&self) {
        if let Wake::Thread { wanted, changed } = &self.wakeups.wake {
            wanted.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
            changed.notify_all();
        }
    }
}
