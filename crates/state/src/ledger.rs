//! Ledger of calls: queries of usage and cost, grouped by any of their properties.

use crate::{
    backing::{Away, Backing},
    journal,
    record::CallRecord,
    sqlite::Sqlite,
    upkeep::book_into,
};
use ferrule_catalog::{Amount, End, Totals};
use ferrule_wire::model::Usage;
use rusqlite::params;
use std::{
    collections::BTreeMap,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

/// A query of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Only calls that ended at this time or later, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Only calls that ended before this.
    pub until: Option<i64>,
    /// The properties to group by: `provider`, `model`, `group`, `day` (in UTC), or `metadata.<label>`.
    pub by: Vec<String>,
}

/// The values of a group, in the order of the query; `None` if the calls have no such value.
pub type Values = Vec<Option<String>>;

/// Adds a call, or the part of one that another record counts, by the rules of every client's ledger.
fn add(totals: &mut Totals, call: &CallRecord) {
    let usage = Usage {
        input_tokens: call.input_tokens,
        output_tokens: call.output_tokens,
        cache_read_tokens: call.cache_read_tokens,
        cache_write_tokens: call.cache_write_tokens,
        reasoning_tokens: call.reasoning_tokens,
        ..Usage::default()
    };
    let cost = call.cost.map(Amount::from_units);
    match call.end.as_str() {
        "part" => totals.add_part(&usage, cost),
        "failed" => totals.add(&usage, End::Failed, cost),
        "interrupted" => totals.add(&usage, End::Interrupted, cost),
        _ => totals.add(&usage, End::Answered, cost),
    }
}

/// The usage and cost of the calls in the database at `path`, grouped as queried. Books the journals of live and dead
/// processes first.
pub fn totals(path: &Path, question: &Question) -> Result<Vec<(Values, Totals)>, Away> {
    let mut found: BTreeMap<Values, Totals> = BTreeMap::new();
    each(path, question, |call, day| {
        let value = |by: &String| match by.as_str() {
            "provider" => Some(call.provider.clone()),
            "model" => Some(format!("{}/{}", call.provider, call.model)),
            "group" => call.alias.clone(),
            "day" => Some(day.to_owned()),
            other => call.metadata.get(other.strip_prefix("metadata.")?).cloned(),
        };
        add(found.entry(question.by.iter().map(value).collect()).or_default(), call);
    })?;
    Ok(found.into_iter().collect())
}

/// Passes each call, ordered by end time, to `work`, with the day on which it ended.
pub fn each(path: &Path, question: &Question, mut work: impl FnMut(&CallRecord, &str)) -> Result<(), Away> {
    if !path.exists() {
        return Err(Away(format!("there is no file {}", path.display())));
    }
    let mut database = Sqlite::open(path)?;
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
    for (name, _, _) in database.journals()? {
        let file = journal::path(&journal::directory(path), &name);
        book_into(&mut database, &file, &name, now)?;
    }
    let connection = database.connection()?;
    let mut select = connection.prepare(
        "SELECT id, at, provider, model, alias, metadata, \"end\", input_tokens, output_tokens, cache_read_tokens, \
         cache_write_tokens, reasoning_tokens, cost, date(at / 1000, 'unixepoch') FROM calls \
         WHERE at >= ?1 AND at < ?2 ORDER BY at, id",
    )?;
    let between = params![question.since.unwrap_or(i64::MIN), question.until.unwrap_or(i64::MAX)];
    let mut rows = select.query(between)?;
    while let Some(row) = rows.next()? {
        let count = |place: usize| -> Result<Option<u64>, rusqlite::Error> {
            let number: Option<i64> = row.get(place)?;
            Ok(number.and_then(|number| u64::try_from(number).ok()))
        };
        let (metadata, cost): (String, Option<String>) = (row.get(5)?, row.get(12)?);
        let call = CallRecord {
            id: row.get(0)?,
            at: row.get(1)?,
            provider: row.get(2)?,
            model: row.get(3)?,
            alias: row.get(4)?,
            metadata: serde_json::from_str(&metadata).unwrap_or_default(),
            end: row.get(6)?,
            input_tokens: count(7)?,
            output_tokens: count(8)?,
            cache_read_tokens: count(9)?,
            cache_write_tokens: count(10)?,
            reasoning_tokens: count(11)?,
            cost: cost.and_then(|cost| cost.parse().ok()),
        };
        let day: Option<String> = row.get(13)?;
        work(&call, day.as_deref().unwrap_or_default());
    }
    Ok(())
}
