//! A bounded queue for each stream and one wake-up for all, by an eventfd or by `call_soon_threadsafe`: the rest is the
//! same, and is what `crates/python/src/{bridge,flight}.rs` do.

use crate::{
    blocked::{lock, timed},
    producer::{Outlet, Pace, spawn},
};
use ferrule_bridge::{Limits, Queue, Signal, Taken};
use pyo3::{exceptions::PyRuntimeError, intern, prelude::*};
use rustix::event::{EventfdFlags, eventfd};
use std::future::poll_fn;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, Ordering},
};

pub(crate) const LIMITS: Limits = Limits { items: 256, bytes: 1 << 20 };

enum Wake {
    Eventfd(OwnedFd),
    /// `loop.call_soon_threadsafe` and what it is to call.
    CallSoon(OnceLock<(Py<PyAny>, Py<PyAny>)>),
}

struct Wakeups {
    signal: Signal<Arc<Channel>>,
    wake: Wake,
}

impl Wakeups {
    fn announce(&self, channel: Arc<Channel>) {
        self.signal.announce(channel, || {
            timed(|| match &self.wake {
                Wake::Eventfd(descriptor) => {
                    let _ = rustix::io::write(descriptor, &1u64.to_ne_bytes());
                }
                Wake::CallSoon(target) => Python::attach(|py| {
                    if let Some((call_soon, drain)) = target.get()
                        && let Err(error) = call_soon.call1(py, (drain,))
                    {
                        error.print(py);
                    }
                }),
            });
        });
    }
}

/// One event loop's end.
#[pyclass(frozen)]
pub(crate) struct Bridge {
    wakeups: Arc<Wakeups>,
}

#[pymethods]
impl Bridge {
    #[new]
    fn new(by_eventfd: bool) -> PyResult<Self> {
        let wake = if by_eventfd {
            let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
            Wake::Eventfd(eventfd(0, flags).map_err(std::io::Error::from)?)
        } else {
            Wake::CallSoon(OnceLock::new())
        };
        Ok(Self { wakeups: Arc::new(Wakeups { signal: Signal::new(), wake }) })
    }

    /// Makes `event_loop` call `drain` when something is ready.
    fn attach(this: Bound<'_, Self>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        let drain = this.getattr("drain")?;
        match &this.get().wakeups.wake {
            Wake::Eventfd(descriptor) => {
                event_loop.call_method1("add_reader", (descriptor.as_raw_fd(), drain))?;
            }
            Wake::CallSoon(target) => {
                let call_soon = event_loop.getattr("call_soon_threadsafe")?.unbind();
                if target.set((call_soon, drain.unbind())).is_err() {
                    return Err(PyRuntimeError::new_err("attached already"));
                }
            }
        }
        Ok(())
    }

    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        let ready = self.wakeups.signal.collect(|| {
            if let Wake::Eventfd(descriptor) = &self.wakeups.wake {
                let _ = rustix::io::read(descriptor, &mut [0u8; 8]);
            }
        });
        for channel in ready {
            channel.complete(py)?;
        }
        Ok(())
    }
}

/// What the producer's task and the reader share.
pub(crate) struct Channel {
    queue: Queue<String, ()>,
    waiter: Mutex<Option<Py<PyAny>>>,
    wakeups: Arc<Wakeups>,
}

impl Channel {
    pub(crate) async fn send(self: &Arc<Self>, text: String) {
        poll_fn(|context| self.queue.poll_space(context)).await;
        let bytes = text.len();
        if self.queue.push(text, bytes) {
            self.wakeups.announce(self.clone());
        }
    }

    pub(crate) fn end(self: &Arc<Self>) {
        if self.queue.end(()) {
            self.wakeups.announce(self.clone());
        }
    }

    fn complete(&self, py: Python<'_>) -> PyResult<()> {
        let waiter = lock(&self.waiter).take();
        if let Some(waiter) = waiter {
            let waiter = waiter.bind(py);
            if !waiter.call_method0(intern!(py, "done"))?.is_truthy()? {
                waiter.call_method1(intern!(py, "set_result"), (py.None(),))?;
            }
        }
        Ok(())
    }
}

/// The reader's end of one stream.
#[pyclass(frozen)]
pub(crate) struct Flight {
    channel: Arc<Channel>,
    ended: AtomicBool,
}

#[pymethods]
impl Flight {
    #[new]
    fn new(bridge: &Bridge, pace: Pace) -> PyResult<Self> {
        let channel = Arc::new(Channel {
            queue: Queue::new(LIMITS),
            waiter: Mutex::new(None),
            wakeups: bridge.wakeups.clone(),
        });
        spawn(pace, Outlet::Queue(channel.clone()))?;
        Ok(Self { channel, ended: AtomicBool::new(false) })
    }

    fn take(&self) -> Option<Vec<String>> {
        match self.channel.queue.take() {
            Taken::Items(items) => Some(items),
            Taken::End(()) => {
                self.ended.store(true, Ordering::Release);
                None
            }
            Taken::Empty => None,
        }
    }

    fn arm(&self, py: Python<'_>, event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        let mut waiter = lock(&self.channel.waiter);
        if !self.channel.queue.arm() {
            return Ok(None);
        }
        let future = event_loop.call_method0(intern!(py, "create_future"))?.unbind();
        *waiter = Some(future.clone_ref(py));
        Ok(Some(future))
    }

    #[getter]
    fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}
