//! Events for Python observers: the kind, and the fields of its class in `python/ferrule/observers.py`.

use crate::{
    cost::{Cost, decimal},
    errors::class_of_failure,
    usage::Usage,
};
use ferrule_catalog::Settlement;
use ferrule_engine::{AttemptFacts, Event, Failure, Next, Reason, What};
use pyo3::{prelude::*, types::PyDict};
use std::time::{Duration, UNIX_EPOCH};

/// The fields of a call that all its events share.
pub(crate) struct CallFacts {
    /// Its number in this process; `None` for events outside a call.
    pub(crate) id: Option<u64>,
    /// The model as the caller named it.
    pub(crate) model: Option<String>,
    /// The caller's own labels.
    pub(crate) metadata: Vec<(String, String)>,
}

/// Converts `event` to Python.
pub(crate) fn fields<'py>(
    py: Python<'py>,
    call: &CallFacts,
    event: Event,
) -> PyResult<(&'static str, Bound<'py, PyDict>)> {
    let Event { at, target, what } = event;
    let kind = what.kind().name();
    let fields = PyDict::new(py);
    fields.set_item("time", at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64())?;
    fields.set_item("call", call.id)?;
    fields.set_item("model", call.model.as_deref())?;
    let metadata = PyDict::new(py);
    for (name, value) in &call.metadata {
        metadata.set_item(name, value)?;
    }
    fields.set_item("metadata", metadata)?;
    fields.set_item("target", target.as_ref().map(|target| &target.name))?;
    fields.set_item("provider", target.as_ref().map(|target| &target.provider))?;
    add(&fields, what)?;
    Ok((kind, fields))
}

fn add(fields: &Bound<'_, PyDict>, what: What) -> PyResult<()> {
    let seconds = |time: Duration| time.as_secs_f64();
    match what {
        What::Request { attempt, waited } => {
            fields.set_item("attempt", attempt)?;
            fields.set_item("waited", seconds(waited))
        }
        What::Response { attempt, settlement } => {
            add_attempt(fields, Some(attempt))?;
            add_settlement(fields, settlement.as_deref())
        }
        What::Error { attempt, failure, ends_call } => {
            add_attempt(fields, attempt)?;
            // Without a failure the caller cancelled the call.
            add_failure(fields, failure.as_deref(), Some("cancelled"))?;
            fields.set_item("ends_call", ends_call)
        }
        What::Retry { attempt, failure, delay, how } => {
            add_attempt(fields, Some(attempt))?;
            add_failure(fields, Some(&failure), None)?;
            fields.set_item("delay", seconds(delay))?;
            fields.set_item("how", way(&how))
        }
        What::Failover { attempt, failure, skipped, to, delay } => {
            add_attempt(fields, attempt)?;
            add_failure(fields, failure.as_deref(), None)?;
            fields.set_item("skipped", skipped)?;
            fields.set_item("next_target", to)?;
            fields.set_item("delay", seconds(delay))
        }
        What::Breaker { before, after, reopens_in } => {
            fields.set_item("before", before.name())?;
            fields.set_item("after", after.name())?;
            fields.set_item("reopens_in", reopens_in.map(seconds))
        }
        What::StreamEnd { ending, failure, duration, time_to_first_token, settlement } => {
            fields.set_item("ending", ending.name())?;
            add_failure(fields, failure.as_deref(), None)?;
            fields.set_item("duration", seconds(duration))?;
            fields.set_item("time_to_first_token", time_to_first_token.map(seconds))?;
            add_settlement(fields, Some(&settlement))
        }
        What::Budget(news) => {
            fields.set_item("budget", news.budget)?;
            fields.set_item("scope", news.scope)?;
            fields.set_item("scope_value", news.value)?;
            fields.set_item("what", news.what)?;
            fields.set_item("percent", news.percent)?;
            let py = fields.py();
            fields.set_item("amount", decimal(py, &news.amount)?)?;
            fields.set_item("spent", decimal(py, &news.spent)?)?;
            fields.set_item("reserved", decimal(py, &news.reserved)?)
        }
        What::Limit(news) => {
            fields.set_item("limit", (!news.limit.is_empty()).then_some(news.limit))?;
            fields.set_item("scope", news.scope)?;
            fields.set_item("scope_value", news.value)?;
            fields.set_item("what", news.what)?;
            fields.set_item("position", news.position)?;
            fields.set_item("waited", seconds(news.waited))?;
            fields.set_item("retry_after", news.retry_after.map(seconds))
        }
    }
}

fn add_attempt(fields: &Bound<'_, PyDict>, attempt: Option<AttemptFacts>) -> PyResult<()> {
    fields.set_item("attempt", attempt.as_ref().map(|attempt| attempt.number))?;
    fields.set_item("key", attempt.as_ref().and_then(|attempt| attempt.key.as_deref()))?;
    fields.set_item("duration", attempt.map(|attempt| attempt.duration.as_secs_f64()))
}

/// Leaves out the message, in which a provider may repeat the request.
fn add_failure(fields: &Bound<'_, PyDict>, failure: Option<&Failure>, without: Option<&str>) -> PyResult<()> {
    fields.set_item("error", failure.map(class_of_failure))?;
    fields.set_item("reason", failure.map(|failure| Reason::from_failure(failure).name()).or(without))?;
    let status = failure.and_then(|failure| match failure {
        Failure::Provider(error) => error.status,
        Failure::Unreadable(answer) => answer.status,
        _ => None,
    });
    fields.set_item("status", status)
}

/// Unreported usage is not zero usage.
fn add_settlement(fields: &Bound<'_, PyDict>, settlement: Option<&Settlement>) -> PyResult<()> {
    let usage = settlement.map(|settlement| settlement.record().usage.clone());
    let usage = usage.filter(|usage| *usage != ferrule_wire::model::Usage::default());
    fields.set_item("usage", usage.map(Usage))?;
    fields.set_item("cost", settlement.and_then(Settlement::cost).cloned().map(Cost))
}

const fn way(how: &Next) -> &'static str {
    match how {
        Next::Repeated => "repeated",
        Next::Renewed => "renewed_credentials",
        Next::Key => "next_key",
        Next::Retried | Next::Moved(_) | Next::Hedged(_) | Next::Restarted => "retried",
    }
}
