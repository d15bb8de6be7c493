//! Stream events: the Python classes.

use crate::{
    citation::{self, Citation},
    to_python::{Reduced, json_to_python},
    usage::Usage,
};
use ferrule_engine::EventBatch;
use ferrule_wire::model::{Continuation, StreamEvent};
use pyo3::{
    prelude::*,
    sync::PyOnceLock,
    types::{PyString, PyTuple, PyType},
};
use std::{collections::HashSet, time::Instant};

/// An instant and the `time.monotonic()` of that moment, for converting instants to Python's clock.
static CLOCK: PyOnceLock<(Instant, f64)> = PyOnceLock::new();

/// Reads both clocks at the same moment.
pub(crate) fn start_clock(py: Python<'_>) -> PyResult<()> {
    let monotonic: f64 = py.import("time")?.call_method0("monotonic")?.extract()?;
    let _ = CLOCK.set(py, (Instant::now(), monotonic));
    Ok(())
}

/// `instant` on the clock of `time.monotonic()`, in seconds.
pub(crate) fn monotonic(py: Python<'_>, instant: Instant) -> f64 {
    let Some((start, seconds)) = CLOCK.get(py) else { return f64::NAN };
    seconds
        + match instant.checked_duration_since(*start) {
            Some(after) => after.as_secs_f64(),
            None => -start.duration_since(instant).as_secs_f64(),
        }
}

macro_rules! event_class {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* }) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "ferrule._native")]
        pub(crate) struct $name {
            $($(#[$field_doc])* #[pyo3(get)] $field: $kind,)*
            /// When it was read from the socket, on the clock of `time.monotonic()`, in seconds.
            #[pyo3(get)]
            received_at: f64,
        }

        #[pymethods]
        impl $name {
            #[classattr]
            fn __match_args__() -> ($(event_class!(@name $field),)*) {
                ($(stringify!($field),)*)
            }

            fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
                describe(slf.as_any(), &[$(stringify!($field)),*])
            }

            fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
                are_equal(slf.as_any(), other, &["received_at", $(stringify!($field)),*])
            }

            fn __hash__(&self) -> u64 {
                self.received_at.to_bits()
            }

            fn __reduce__<'py>(slf: &Bound<'py, Self>) -> Reduced<'py, Bound<'py, PyTuple>> {
                reduced(slf.as_any(), &[$(stringify!($field),)* "received_at"])
            }

            /// For unpickling.
            #[classmethod]
            fn _from_fields(_class: &Bound<'_, PyType>, $($field: $kind,)* received_at: f64) -> Self {
                Self { $($field,)* received_at }
            }
        }
    };
    (@name $field:ident) => { &'static str };
}

/// `Name(field=value, ...)`
fn describe(object: &Bound<'_, PyAny>, fields: &[&str]) -> PyResult<String> {
    let field = |name: &&str| Ok(format!("{name}={}", object.getattr(*name)?.repr()?));
    let fields = fields.iter().map(field).collect::<PyResult<Vec<_>>>()?;
    Ok(format!("{}({})", object.get_type().name()?, fields.join(", ")))
}

/// Whether both have the same class and equal `fields`.
fn are_equal(one: &Bound<'_, PyAny>, other: &Bound<'_, PyAny>, fields: &[&str]) -> PyResult<bool> {
    if !one.get_type().is(other.get_type()) {
        return Ok(false);
    }
    for field in fields {
        if !one.getattr(*field)?.eq(other.getattr(*field)?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The reduced form of an event with `fields`.
fn reduced<'py>(event: &Bound<'py, PyAny>, fields: &[&str]) -> Reduced<'py, Bound<'py, PyTuple>> {
    let fields = fields.iter().map(|field| event.getattr(*field)).collect::<PyResult<Vec<_>>>()?;
    Ok((event.get_type().getattr("_from_fields")?, PyTuple::new(event.py(), fields)?))
}

event_class! {
    /// More text of the reply.
    TextDelta {
        /// The added text.
        text: Py<PyString>,
        /// The index of the part in the reply's content.
        index: u32,
        /// The index of the choice.
        choice: u32
    }
}
event_class! {
    /// More of the model's reasoning.
    ReasoningDelta {
        /// The added text.
        text: Py<PyString>,
        /// The index of the part in the reply's content.
        index: u32,
        /// The index of the choice.
        choice: u32
    }
}
event_class! {
    /// More of the model's refusal.
    RefusalDelta {
        /// The added text.
        text: Py<PyString>,
        /// The index of the part in the reply's content.
        index: u32,
        /// The index of the choice.
        choice: u32
    }
}
event_class! {
    /// The model starts a tool call.
    ToolCallStart {
        /// The call's id, which the tool's result refers to.
        id: Py<PyString>,
        /// The tool's name.
        name: Py<PyString>,
        /// The index of the part in the reply's content.
        index: u32,
        /// The index of the choice.
        choice: u32
    }
}
event_class! {
    /// More of a tool call's arguments: a fragment of JSON text.
    ToolCallDelta {
        /// The added text.
        arguments: Py<PyString>,
        /// The index of the part in the reply's content.
        index: u32,
        /// The index of the choice.
        choice: u32
    }
}
event_class! {
    /// A tool call's arguments are complete.
    ToolCallEnd {
        /// The index of the part in the reply's content.
        index: u32,
        /// The index of the choice.
        choice: u32
    }
}
event_class! {
    /// The reply cites a source. Positions are within the text of the part, if the provider gives any.
    CitationDelta {
        /// The source.
        citation: Py<Citation>,
        /// The index of the part in the reply's content; `None` if it concerns the whole reply.
        index: Option<u32>,
        /// The index of the choice.
        choice: u32
    }
}
event_class! {
    /// The usage so far.
    UsageUpdate {
        /// The usage; numbers that the provider did not report are `None`.
        usage: Py<Usage>
    }
}
event_class! {
    /// A choice is complete.
    Finish {
        /// The finish reason: `stop`, `length`, `tool_calls`, `content_filter`, ...
        reason: Py<PyString>,
        /// The stop sequence that ended it.
        stop_sequence: Option<String>,
        /// The index of the choice.
        choice: u32
    }
}
event_class! {
    /// The reply broke off, and another target continues it.
    Continued {
        /// The target that continues: `provider/model`.
        target: String,
        /// `prefix`: it continues the text that was delivered. `restart`: it answers anew, and what was delivered is
        /// not part of the reply.
        how: Py<PyString>
    }
}
event_class! {
    /// An event that Ferrule does not know.
    Unknown {
        /// The provider's name for it.
        name: Option<String>,
        /// Its data.
        data: Py<PyAny>
    }
}

/// Appends the events of `batch` as Python objects. Events that only build the reply (its id, signatures) are not
/// delivered.
///
/// `cited` are the sources cited before: providers repeat them.
pub(crate) fn convert(
    py: Python<'_>,
    batch: EventBatch,
    cited: &mut HashSet<String>,
    into: &mut Vec<Py<PyAny>>,
) -> PyResult<()> {
    let received_at = monotonic(py, batch.received_at);
    let string = |text: &str| PyString::new(py, text).unbind();
    into.reserve(batch.events.len());
    for event in batch.events {
        let object = match event {
            StreamEvent::TextDelta { choice, part: index, text } => {
                Py::new(py, TextDelta { text: string(&text), index, choice, received_at })?.into_any()
            }
            StreamEvent::ReasoningDelta { choice, part: index, text } => {
                Py::new(py, ReasoningDelta { text: string(&text), index, choice, received_at })?.into_any()
            }
            StreamEvent::RefusalDelta { choice, part: index, text } => {
                Py::new(py, RefusalDelta { text: string(&text), index, choice, received_at })?.into_any()
            }
            StreamEvent::ToolCallStart { choice, part: index, id, name, .. } => {
                let (id, name) = (string(&id), string(&name));
                Py::new(py, ToolCallStart { id, name, index, choice, received_at })?.into_any()
            }
            StreamEvent::ToolCallDelta { choice, part: index, arguments } => {
                let arguments = string(&arguments);
                Py::new(py, ToolCallDelta { arguments, index, choice, received_at })?.into_any()
            }
            StreamEvent::ToolCallEnd { choice, part: index } => {
                Py::new(py, ToolCallEnd { index, choice, received_at })?.into_any()
            }
            StreamEvent::UsageUpdate(usage) => {
                let usage = Py::new(py, Usage::from(*usage))?;
                Py::new(py, UsageUpdate { usage, received_at })?.into_any()
            }
            StreamEvent::Finish { choice, reason, stop_sequence } => {
                let reason = string(reason.as_str());
                Py::new(py, Finish { reason, stop_sequence, choice, received_at })?.into_any()
            }
            StreamEvent::Continued(continued) => {
                // A new answer cites its sources again.
                if continued.how == Continuation::Restart {
                    cited.clear();
                }
                let (target, how) = (continued.target, string(continued.how.as_str()));
                Py::new(py, Continued { target, how, received_at })?.into_any()
            }
            StreamEvent::Unknown { event, data } => {
                let data = json_to_python(py, data.text())?.unbind();
                Py::new(py, Unknown { name: event, data, received_at })?.into_any()
            }
            event @ (StreamEvent::Start(_)
            | StreamEvent::Part { .. }
            | StreamEvent::PartExtra { .. }
            | StreamEvent::MessageExtra { .. }
            | StreamEvent::ChoiceExtra { .. }
            | StreamEvent::ResponseExtra(_)) => {
                for (found, choice, index) in citation::event_citations(&event) {
                    if !cited.insert(citation::identity(&found).text().to_owned()) {
                        continue;
                    }
                    let citation = Py::new(py, Citation::new(found))?;
                    let delta = CitationDelta { citation, index, choice, received_at };
                    into.push(Py::new(py, delta)?.into_any());
                }
                continue;
            }
            StreamEvent::ReasoningSignature { .. }
            | StreamEvent::MessagePieces { .. }
            | StreamEvent::Logprobs { .. } => continue,
        };
        into.push(object);
    }
    Ok(())
}
