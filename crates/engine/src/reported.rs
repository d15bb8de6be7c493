//! Reported usage: what an attempt said that it used before it failed, or was given up.

use ferrule_catalog::UsageRecord;
use ferrule_wire::{json::Extra, model::Usage};
use std::sync::{Mutex, PoisonError};

/// What an attempt reported so far. It outlasts the attempt, however that ends.
#[derive(Debug, Default)]
pub(crate) struct Reported(Mutex<Option<Box<Report>>>);

#[derive(Debug)]
struct Report {
    model: String,
    usage: Usage,
    extra: Extra,
}

impl Reported {
    /// The attempt reported this; it counts instead of what it reported before.
    pub(crate) fn note(&self, model: &str, usage: Option<&Usage>, extra: &Extra) {
        let Some(usage) = usage else { return };
        let report = Report { model: model.to_owned(), usage: usage.clone(), extra: extra.clone() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(report));
    }

    /// Takes it out; `record` says who was asked.
    pub(crate) fn take(&self, record: impl FnOnce() -> UsageRecord) -> Option<UsageRecord> {
        let Report { model, usage, extra } = *self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let mut record = record();
        record.fill(&model, Some(&usage), &extra);
        Some(record)
    }
}

/// A copy of a request has reported nothing.
impl Clone for Reported {
    fn clone(&self) -> Self {
        Self::default()
    }
}
