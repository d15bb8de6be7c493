//! What makes the items: a task for each stream that a timer's descriptor wakes, as a socket would.

use crate::{queued::Channel, runtime::runtime};
use pyo3::prelude::*;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use std::fmt::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use tokio::{io::unix::AsyncFd, sync::mpsc};

/// When the items of a stream are due.
#[pyclass(frozen, from_py_object)]
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// `time.monotonic_ns()` of the first burst.
    start: u64,
    /// From one burst to the next, in nanoseconds; 0: as fast as they are taken.
    interval: u64,
    /// Items in a burst.
    burst: u64,
    /// Bursts in all.
    bursts: u64,
}

#[pymethods]
impl Pace {
    #[new]
    fn new(start: u64, interval: u64, burst: u64, bursts: u64) -> Self {
        Self { start, interval, burst, bursts }
    }
}

/// Where items go.
pub(crate) enum Outlet {
    /// Dropped where they are made. While the sender exists, a task is running.
    Nowhere {
        _running: mpsc::Sender<()>,
    },
    Queue(Arc<Channel>),
    Futures(mpsc::Sender<String>),
}

impl Outlet {
    async fn send(&self, text: String) {
        match self {
            Self::Nowhere { .. } => drop(std::hint::black_box(text)),
            Self::Queue(channel) => channel.send(text).await,
            Self::Futures(sender) => {
                if let Ok(permit) = sender.reserve().await {
                    crate::blocked::timed(|| permit.send(text));
                }
            }
        }
    }

    async fn burst(&self, pace: Pace, due: u64) {
        for _ in 0..pace.burst {
            // The text is when it was due, so a producer that is late itself counts as delay.
            let mut text = String::with_capacity(24);
            let _ = write!(text, "{due:>20}");
            self.send(text).await;
        }
    }
}

/// Starts a task that sends what is due, and then ends the stream.
pub(crate) fn spawn(pace: Pace, outlet: Outlet) -> PyResult<()> {
    runtime()?.spawn(async move {
        if pace.interval == 0 {
            for _ in 0..pace.bursts {
                outlet.burst(pace, now()).await;
            }
        } else if let Err(error) = paced(pace, &outlet).await {
            eprintln!("a stream ends early, its timer failed: {error}");
        }
        if let Outlet::Queue(channel) = &outlet {
            channel.end();
        }
    });
    Ok(())
}

async fn paced(pace: Pace, outlet: &Outlet) -> std::io::Result<()> {
    #[expect(
        deprecated,
        reason = "its replacement is unsafe: the caller keeps the descriptor open, as an OwnedFd does"
    )]
    let timer = AsyncFd::new(timer(pace)?)?;
    let mut sent = 0;
    while sent < pace.bursts {
        let expired = timer
            .async_io(tokio::io::Interest::READABLE, |descriptor| {
                let mut count = [0; 8];
                rustix::io::read(descriptor, &mut count)?;
                Ok(u64::from_ne_bytes(count))
            })
            .await?;
        for _ in 0..expired.min(pace.bursts - sent) {
            outlet.burst(pace, pace.start + sent * pace.interval).await;
            sent += 1;
        }
    }
    Ok(())
}

fn timer(pace: Pace) -> std::io::Result<OwnedFd> {
    let descriptor =
        timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    let times = Itimerspec { it_interval: timespec(pace.interval), it_value: timespec(pace.start) };
    timerfd_settime(&descriptor, TimerfdTimerFlags::ABSTIME, &times)?;
    Ok(descriptor)
}

fn timespec(nanoseconds: u64) -> Timespec {
    Timespec {
        tv_sec: (nanoseconds / 1_000_000_000).cast_signed(),
        tv_nsec: (nanoseconds % 1_000_000_000).cast_signed(),
    }
}

fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// Makes every stream's items and hands them to nobody: what the producers cost by themselves.
#[pyfunction]
pub(crate) fn produce_for_nobody(py: Python<'_>, paces: Vec<Pace>) -> PyResult<()> {
    let (running, mut all_done) = mpsc::channel(1);
    for pace in paces {
        spawn(pace, Outlet::Nowhere { _running: running.clone() })?;
    }
    drop(running);
    py.detach(|| all_done.blocking_recv());
    Ok(())
}
