//! Reported usage of attempts that failed or were cancelled.

use ferrule_catalog::UsageRecord;
use ferrule_wire::{json::Extra, model::Usage};
use std::sync::{Mutex, PoisonError};

/// The usage that an attempt has reported so far. It outlasts the attempt, however that ends.
#[derive(Debug, Default)]
pub(crate) struct Reported(Mutex<Option<Box<Report>>>);

#[derive(Debug)]
struct Report {
    model: String,
    usage: Usage,
    extra: Extra,
}

impl Reported {
    /// Records reported usage, which replaces any earlier report.
    pub(crate) fn note(&self, model: &str, usage: Option<&Usage>, extra: &Extra) {
        let Some(usage) = usage else { return };
        let report = Report { model: model.to_owned(), usage: usage.clone(), extra: extra.clone() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(report));
    }

    /// Takes the report; `record` makes the record to fill in.
    pub(crate) fn take(&self, record: impl FnOnce() -> UsageRecord) -> Option<UsageRecord> {
        let Report { model, usage, extra } = *self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let mut record = record();
        record.fill(&model, Some(&usage), &extra);
        Some(record)
    }
}

/// A copy of a request has no reports.
impl Clone for Reported {
    fn clone(&self) -> Self {
        Self::default()
    }
}
