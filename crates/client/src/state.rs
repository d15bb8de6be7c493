//! State shared with other processes: where it is kept, and how calls are written to its ledger.

use ferrule_catalog::{End, Labels, Settlement};
use ferrule_engine::admission_clock;
use ferrule_state::{Address, CallRecord, OnLoss, Shared, Sqlite, journal};
use std::time::Duration;

/// Where limits, budgets and the ledger of calls are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateSettings {
    /// Where.
    pub address: Address,
    /// What happens while that is unavailable.
    pub on_loss: OnLoss,
    /// How long calls are kept in the ledger; `None` for ever.
    pub retention: Option<Duration>,
}

impl StateSettings {
    /// Opens the state if it is shared.
    pub(crate) fn open(&self) -> Result<Option<Shared>, String> {
        let Address::Sqlite(path) = &self.address else { return Ok(None) };
        let retention = self.retention.map(|kept| i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
        let open = || {
            let database = Box::new(Sqlite::open(path)?);
            let directory = journal::directory(path);
            Shared::new(database, &directory, admission_clock(), self.on_loss, retention)?.with_thread()
        };
        let opened = open();
        opened.map(Some).map_err(|away| format!("state: {} cannot be used: {away}", path.display()))
    }
}

/// Writes a call to the ledger, with its usage elsewhere.
pub(crate) fn note(shared: &Shared, settlement: &Settlement, end: End, labels: &Labels) {
    for part in settlement.elsewhere() {
        shared.note(record(part, "part", labels));
    }
    let end = match end {
        End::Answered => "answered",
        End::Interrupted => "interrupted",
        End::Failed => "failed",
    };
    shared.note(record(settlement, end, labels));
}

fn record(settlement: &Settlement, end: &str, labels: &Labels) -> CallRecord {
    let (record, usage) = (settlement.record(), &settlement.record().usage);
    let model = if record.asked.is_empty() { &record.model } else { &record.asked };
    CallRecord {
        provider: record.provider.clone(),
        model: model.clone(),
        alias: labels.alias.clone(),
        metadata: labels.metadata.iter().cloned().collect(),
        end: end.to_owned(),
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cache_read_tokens: usage.cache_read_tokens,
        cache_write_tokens: usage.cache_write_tokens,
        reasoning_tokens: usage.reasoning_tokens,
        cost: settlement.own_cost().map(|cost| cost.total.units()),
        ..CallRecord::default()
    }
}
