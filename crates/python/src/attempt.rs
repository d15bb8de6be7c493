//! Attempts and timing of a call: the Python classes.

use crate::events::monotonic;
use crate::from_python::{self, Path};
use crate::to_python::{Reduced, object_to_python};
use ferrule_engine::{self as engine, Next, Outcome};
use ferrule_wire::{
    json::{Extra, Fields, Json, ObjectWriter},
    model,
};
use pyo3::{
    prelude::*,
    types::{PyDict, PyType},
};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::{Duration, Instant, UNIX_EPOCH},
};

/// One attempt of a call.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct Attempt(pub(crate) engine::Attempt);

#[pymethods]
impl Attempt {
    /// The id of the provider that was called.
    #[getter]
    fn provider(&self) -> &str {
        &self.0.provider
    }

    /// The model that was called.
    #[getter]
    fn model(&self) -> &str {
        &self.0.model
    }

    /// How it ended: `success`, or a description of the failure.
    #[getter]
    fn outcome(&self) -> String {
        match &self.0.outcome {
            Outcome::Success => "success".into(),
            Outcome::Provider { status: Some(status), message, .. } => format!("status {status}: {message}"),
            Outcome::Provider { status: None, message, .. }
            | Outcome::Connect(message)
            | Outcome::Interrupted(message)
            | Outcome::Unreadable(message) => message.clone(),
            Outcome::Skipped(why) => format!("skipped: {why}"),
            Outcome::Cancelled(why) => format!("cancelled: {why}"),
            Outcome::Timeout(expired) => expired.to_string(),
        }
    }

    /// The HTTP status; `None` if there was none, or after a success.
    #[getter]
    fn status(&self) -> Option<u16> {
        if let Outcome::Provider { status, .. } = &self.0.outcome { *status } else { None }
    }

    /// `provider/model`, followed by `@` and the target's variant if there is one.
    #[getter]
    fn target(&self) -> String {
        let engine::Attempt { provider, model, variant, .. } = &self.0;
        match variant {
            Some(variant) => format!("{provider}/{model}@{variant}"),
            None => format!("{provider}/{model}"),
        }
    }

    /// The key that was used, of which at most the last four characters are shown; `None` if there was none, or if the
    /// provider's only key is deferred.
    #[getter]
    fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// The kind of failure, as `failover_on` names it; `None` after a success, or if it was skipped.
    #[getter]
    fn reason(&self) -> Option<&'static str> {
        self.0.reason.map(engine::Reason::name)
    }

    /// Whether no request was made: the target's circuit breaker was open, or it was busy.
    #[getter]
    fn skipped(&self) -> bool {
        matches!(self.0.outcome, Outcome::Skipped(_))
    }

    /// When it began, in seconds since 1970.
    #[getter]
    fn started(&self) -> f64 {
        self.0.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
    }

    /// What followed, in words; `None` if the call ended with it.
    #[getter]
    fn next(&self) -> Option<String> {
        self.0.next.as_ref().map(words)
    }

    /// Its duration in seconds.
    #[getter]
    pub(crate) fn duration(&self) -> f64 {
        self.0.duration.as_secs_f64()
    }

    /// The wait before it, in seconds.
    #[getter]
    fn waited(&self) -> f64 {
        self.0.waited.as_secs_f64()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let dict = object_to_python(py, |object| self.write_fields(object))?;
        Ok(format!("Attempt({})", dict.repr()?))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self.text() == other.get().text())
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.text())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (Bound<'py, PyAny>,)> {
        let rebuild = py.get_type::<Self>().getattr("_from_dict")?;
        Ok((rebuild, (object_to_python(py, |object| self.write_fields(object))?,)))
    }

    /// For unpickling.
    #[classmethod]
    fn _from_dict(_class: &Bound<'_, PyType>, fields: &Bound<'_, PyDict>) -> PyResult<Self> {
        let json = from_python::json(fields, Path::Root("attempt"))?;
        Ok(Self::read(json.value().object().unwrap_or_default()))
    }
}

/// A hash of what equal objects have in common.
pub(crate) fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Attempt {
    /// All fields, for comparison.
    fn text(&self) -> String {
        Json::object(&Extra::new(), |object| self.write_fields(object)).text().to_owned()
    }

    pub(crate) fn write_fields(&self, object: &mut ObjectWriter<'_>) {
        object
            .field("provider", self.provider())
            .field("model", self.model())
            .field("outcome", self.outcome());
        object
            .nullable("status", self.status())
            .nullable("variant", self.0.variant.as_deref())
            .nullable("key", self.key())
            .nullable("reason", self.reason())
            .field("started", self.started())
            .field("duration", self.duration())
            .field("waited", self.waited())
            .nullable("next", self.next());
    }

    pub(crate) fn read(mut fields: Fields<'_>) -> Self {
        let outcome = fields.take_string("outcome").unwrap_or_default();
        let outcome = match fields.take_u32("status").and_then(|status| u16::try_from(status).ok()) {
            Some(status) => {
                let message =
                    outcome.strip_prefix(&format!("status {status}: ")).unwrap_or(&outcome).to_owned();
                Outcome::Provider { kind: model::ErrorKind::Server, status: Some(status), message }
            }
            None if outcome == "success" => Outcome::Success,
            None => match outcome.split_once(": ") {
                Some(("skipped", why)) => Outcome::Skipped(why.to_owned()),
                Some(("cancelled", why)) => Outcome::Cancelled(why.to_owned()),
                _ => Outcome::Unreadable(outcome),
            },
        };
        let mut seconds = |name: &str| {
            Duration::try_from_secs_f64(fields.take_f64(name).unwrap_or_default()).unwrap_or_default()
        };
        let (duration, waited, started) = (seconds("duration"), seconds("waited"), seconds("started"));
        let reason = fields.take_string("reason");
        let reason = engine::Reason::ALL.iter().find(|one| Some(one.name()) == reason.as_deref());
        let next = fields.take_string("next").and_then(|words| next_of(&words));
        Self(engine::Attempt {
            variant: fields.take_string("variant"),
            key: fields.take_string("key"),
            reason: reason.copied(),
            started: UNIX_EPOCH + started,
            next,
            provider: fields.take_string("provider").unwrap_or_default(),
            model: fields.take_string("model").unwrap_or_default(),
            outcome,
            duration,
            waited,
        })
    }
}

fn words(next: &Next) -> String {
    match next {
        Next::Repeated => "repeated at once: the connection was dead".into(),
        Next::Retried => "asked the same target again".into(),
        Next::Renewed => "renewed the credentials".into(),
        Next::Key => "used another key".into(),
        Next::Moved(target) => format!("asked {target}"),
        Next::Hedged(target) => format!("asked {target} as well"),
        Next::Restarted => "asked the same target for a whole answer".into(),
    }
}

/// Parses the text of [`words`].
fn next_of(text: &str) -> Option<Next> {
    let plain = [Next::Repeated, Next::Retried, Next::Renewed, Next::Key, Next::Restarted];
    let moved = || {
        let target = text.strip_prefix("asked ")?;
        Some(match target.strip_suffix(" as well") {
            Some(target) => Next::Hedged(target.to_owned()),
            None => Next::Moved(target.to_owned()),
        })
    };
    plain.into_iter().find(|next| words(next) == text).or_else(moved)
}

/// The times of a call, counted from its start, retries included.
#[pyclass(frozen, module = "ferrule._native")]
pub(crate) struct Stats(pub(crate) engine::Stats);

#[pymethods]
impl Stats {
    /// When the call started, on the clock of `time.monotonic()`, in seconds.
    #[getter]
    fn started(&self, py: Python<'_>) -> f64 {
        monotonic(py, self.0.started)
    }

    /// Seconds until the first text, reasoning or tool call of a stream, or until the whole body otherwise; `None` if
    /// nothing came.
    #[getter]
    pub(crate) fn time_to_first_token(&self) -> Option<f64> {
        self.0.time_to_first_token.map(|time| time.as_secs_f64())
    }

    /// Seconds until the end; `None` while a stream is open.
    #[getter]
    pub(crate) fn duration(&self) -> Option<f64> {
        self.0.duration.map(|time| time.as_secs_f64())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| {
            let (own, other) = (&self.0, &other.get().0);
            (own.time_to_first_token, own.duration) == (other.time_to_first_token, other.duration)
        })
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.__repr__())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (Option<f64>, Option<f64>)> {
        let rebuild = py.get_type::<Self>().getattr("_from_seconds")?;
        Ok((rebuild, (self.time_to_first_token(), self.duration())))
    }

    /// For unpickling. The clock of `started` belongs to this process, so it starts now.
    #[classmethod]
    fn _from_seconds(
        _class: &Bound<'_, PyType>,
        time_to_first_token: Option<f64>,
        duration: Option<f64>,
    ) -> Self {
        let time = |seconds: Option<f64>| Duration::try_from_secs_f64(seconds?).ok();
        Self(engine::Stats {
            started: Instant::now(),
            time_to_first_token: time(time_to_first_token),
            duration: time(duration),
        })
    }

    fn __repr__(&self) -> String {
        let seconds = |time: Option<f64>| time.map_or_else(|| "None".into(), |time| format!("{time:.4}"));
        format!(
            "Stats(time_to_first_token={}, duration={})",
            seconds(self.time_to_first_token()),
            seconds(self.duration())
        )
    }
}
