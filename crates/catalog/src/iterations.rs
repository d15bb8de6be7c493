//! Iterations of Anthropic's usage: the turns that one response took, by the models that made them.
//!
//! Compaction, advisors and fallbacks may not be included in the usage of the whole response, and are priced at the
//! model that ran (`docs/wire/late-2026.md`, section 2).

use ferrule_wire::{json::Value, model::Usage};

/// One turn.
#[derive(Debug, PartialEq)]
pub(crate) struct Turn {
    /// The model that ran, if reported; messages may leave it out.
    pub(crate) model: Option<String>,
    pub(crate) usage: Usage,
    /// Whether its model replaced the requested one.
    pub(crate) stands_in: bool,
}

/// The turns of a response; `None` if the total usage is sufficient: all turns were made by the answering model, or
/// they are inconsistent.
pub(crate) fn read(usage: &Usage) -> Option<Vec<Turn>> {
    let entries = usage.extra.get("iterations")?.value().array()?;
    // What the total usage may include: the turns of the answer itself, those of the model that replaced the first one,
    // or both; or everything, with compaction and advice.
    let (mut messages, mut fallbacks, mut all) = (0_u64, 0_u64, 0_u64);
    let mut has_others = false;
    let mut turns = Vec::with_capacity(entries.len());
    for entry in entries {
        let (kind, turn) = read_turn(entry)?;
        let output = turn.usage.output_tokens?;
        all = all.checked_add(output)?;
        match kind {
            Kind::Message => messages = messages.checked_add(output)?,
            Kind::Fallback => fallbacks = fallbacks.checked_add(output)?,
            Kind::Other => {}
        }
        has_others |= kind != Kind::Message || turn.model.is_some();
        turns.push(turn);
    }
    let whole = usage.output_tokens?;
    let adds_up = [messages, fallbacks, messages.checked_add(fallbacks)?, all].contains(&whole);
    (has_others && adds_up).then_some(turns)
}

/// The purpose of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The answer, or a step to it.
    Message,
    /// The answer, by a replacement model.
    Fallback,
    /// Compaction, advice, and future kinds.
    Other,
}

fn read_turn(entry: Value<'_>) -> Option<(Kind, Turn)> {
    let mut fields = entry.object()?;
    let kind = match fields.take_string("type").as_deref() {
        None | Some("message") => Kind::Message,
        Some("fallback_message") => Kind::Fallback,
        Some(_) => Kind::Other,
    };
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
    Some((
        kind,
        Turn {
            model: fields.take_string("model").filter(|model| !model.is_empty()),
            usage,
            stands_in: kind == Kind::Fallback,
        },
    ))
}
