//! Iterations of Anthropic's usage: the turns that one response took, by the models that made them.
//!
//! What compaction, an advisor or a fallback used need not be in the figures of the response as a whole, and is priced at
//! the model that ran (`docs/wire/late-2026.md`, section 2).

use ferrule_wire::{json::Value, model::Usage};

/// One turn.
#[derive(Debug, PartialEq)]
pub(crate) struct Turn {
    /// The model that ran, where it is not the one that answered.
    pub(crate) model: Option<String>,
    pub(crate) usage: Usage,
}

/// The turns of a response; `None` where the figures as a whole say all: the turns are all the answering model's, or what
/// they say does not add up.
pub(crate) fn read(usage: &Usage) -> Option<Vec<Turn>> {
    let entries = usage.extra.get("iterations")?.value().array()?;
    let mut messages = 0_u64;
    let mut all = 0_u64;
    let mut has_others = false;
    let mut turns = Vec::with_capacity(entries.len());
    for entry in entries {
        let (is_message, turn) = read_turn(entry)?;
        let output = turn.usage.output_tokens?;
        all = all.checked_add(output)?;
        if is_message {
            messages = messages.checked_add(output)?;
        }
        has_others |= !is_message;
        turns.push(turn);
    }
    let whole = usage.output_tokens?;
    (has_others && (messages == whole || all == whole)).then_some(turns)
}

/// A turn, and whether it is one of the answering model's own.
fn read_turn(entry: Value<'_>) -> Option<(bool, Turn)> {
    let mut fields = entry.object()?;
    let is_message = fields.take_string("type").is_none_or(|kind| kind == "message");
    let uncached = fields.take_u64("input_tokens")?;
    let read = fields.take_u64("cache_read_input_tokens");
    let written = fields.take_u64("cache_creation_input_tokens");
    let mut lifetimes = fields.take_object("cache_creation").unwrap_or_default();
    let cached = read.unwrap_or(0).checked_add(written.unwrap_or(0))?;
    let usage = Usage {
        input_tokens: Some(uncached.checked_add(cached)?),
        output_tokens: fields.take_u64("output_tokens"),
        cache_read_tokens: read,
        cache_write_tokens: written,
        cache_write_5m_tokens: lifetimes.take_u64("ephemeral_5m_input_tokens"),
        cache_write_1h_tokens: lifetimes.take_u64("ephemeral_1h_input_tokens"),
        ..Usage::default()
    };
    Some((is_message, Turn { model: fields.take_string("model").filter(|_| !is_message), usage }))
}
