//! Diagnostics: the engine's `tracing` events become records of Python's `logging`, in batches, on Python's threads.

use ferrule_engine::OneLine;
use pyo3::{exceptions::PyOverflowError, intern, prelude::*};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

/// The maximum number of records waiting for a Python thread; the oldest are dropped.
const MAX_WAITING: usize = 1_000;

/// The lowest level that is collected: a number of `logging`, divided by ten.
static LEVEL: AtomicU8 = AtomicU8::new(3);
static ANY_WAITING: AtomicBool = AtomicBool::new(false);
static WAITING: Mutex<VecDeque<(Level, String)>> = Mutex::new(VecDeque::new());

const fn python_level(level: Level) -> u8 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        Level::DEBUG => 10,
        Level::TRACE => 5,
    }
}

struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("ferrule")
            && python_level(*metadata.level()) >= LEVEL.load(Ordering::Relaxed).saturating_mul(10)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        None
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == MAX_WAITING {
            waiting.pop_front();
        }
        waiting.push_back((*event.metadata().level(), text.0));
        ANY_WAITING.store(true, Ordering::Release);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// `message name=value ...`
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = if field.name() == "message" {
            let rest = std::mem::take(&mut self.0);
            write!(OneLine(&mut self.0), "{value:?}").and_then(|()| self.0.write_str(&rest))
        } else {
            write!(OneLine(&mut self.0), " {}={value:?}", field.name())
        };
    }
}

/// Starts collecting, at the current level of the logger `ferrule`.
pub(crate) fn start(py: Python<'_>) -> PyResult<()> {
    // With a second client, or a program's own subscriber, the first one stays.
    let _ = tracing::subscriber::set_global_default(Collector);
    // `logging` is not imported in programs that do not log.
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    if modules.contains(intern!(py, "logging"))? {
        let logger =
            py.import(intern!(py, "logging"))?.call_method1(intern!(py, "getLogger"), ("ferrule",))?;
        set_log_level(&logger.call_method0(intern!(py, "getEffectiveLevel"))?)?;
    }
    Ok(())
}

/// Sets the lowest level that is collected, as a number of `logging`: any integer.
#[pyfunction]
pub(crate) fn set_log_level(level: &Bound<'_, PyAny>) -> PyResult<()> {
    let level = match level.extract::<i64>() {
        Ok(level) => level,
        // Python's integers are unbounded.
        Err(error) if error.is_instance_of::<PyOverflowError>(level.py()) => {
            if level.lt(0)? {
                0
            } else {
                i64::MAX
            }
        }
        Err(error) => return Err(error),
    };
    LEVEL.store(u8::try_from(level.clamp(0, i64::from(u8::MAX))).unwrap_or(u8::MAX) / 10, Ordering::Relaxed);
    tracing::callsite::rebuild_interest_cache();
    Ok(())
}

/// Passes the waiting records to `logging`.
pub(crate) fn flush(py: Python<'_>) -> PyResult<()> {
    if !ANY_WAITING.swap(false, Ordering::AcqRel) {
        return Ok(());
    }
    let waiting = std::mem::take(&mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner));
    let logger = py.import(intern!(py, "logging"))?.call_method1(intern!(py, "getLogger"), ("ferrule",))?;
    for (level, text) in waiting {
        logger.call_method1(intern!(py, "log"), (python_level(level), "%s", text))?;
    }
    Ok(())
}
