//! Usage, in both directions (`docs/wire/bedrock.md`, section 3). What was read from and written to the cache is
//! counted separately from `inputTokens`; ours includes both.

use crate::dialect::anthropic::written;
use crate::dialect::shared::lenient::take_count;
use crate::json::{Extra, Fields, Json, ObjectWriter};
use crate::model::{CacheLifetime, Usage};
use alloc::vec::Vec;

const TOTAL: &str = "totalTokens";
const DETAILS: &str = "cacheDetails";

/// Reads a `usage` object.
pub(super) fn decode(mut fields: Fields<'_>) -> Usage {
    let uncached = take_count(&mut fields, "inputTokens");
    let output_tokens = take_count(&mut fields, "outputTokens");
    let cache_read_tokens = take_figure(&mut fields, "cacheReadInputTokens", "cacheReadInputTokenCount");
    let written_in_all = take_figure(&mut fields, "cacheWriteInputTokens", "cacheWriteInputTokenCount");
    let (short, long) = take_details(&mut fields);
    let cache_write_tokens = written(written_in_all, short, long);
    let cached = cache_read_tokens.unwrap_or(0).saturating_add(cache_write_tokens.unwrap_or(0));
    let input_tokens = uncached.map(|input| input.saturating_add(cached));
    // Kept where it is another than ours.
    if fields.get(TOTAL).is_some_and(|total| total.u64() == total_of(input_tokens, output_tokens)) {
        fields.take(TOTAL);
    }
    Usage {
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens,
        cache_write_5m_tokens: short,
        cache_write_1h_tokens: long,
        extra: without_nulls(&fields),
        ..Usage::default()
    }
}

/// The fields that say something.
pub(super) fn without_nulls(fields: &Fields<'_>) -> Extra {
    let said = fields.iter().filter(|(_, value)| !value.is_null());
    said.map(|(name, value)| (name.into(), value.to_json())).collect()
}

fn total_of(input: Option<u64>, output: Option<u64>) -> Option<u64> {
    Some(input?.saturating_add(output?))
}

/// Takes a figure that is written under two names.
fn take_figure(fields: &mut Fields<'_>, name: &str, other: &str) -> Option<u64> {
    let figure = take_count(fields, name).or_else(|| take_count(fields, other));
    if figure.is_some() && fields.get(other).and_then(|value| value.u64()) == figure {
        fields.take(other);
    }
    figure
}

/// What was written to the cache for five minutes and for an hour. The list stays where it has more to say.
fn take_details(fields: &mut Fields<'_>) -> (Option<u64>, Option<u64>) {
    let (mut short, mut long) = (None::<u64>, None::<u64>);
    let Some(entries) = fields.get(DETAILS).and_then(|details| details.array()) else { return (None, None) };
    let mut all_known = true;
    for entry in entries {
        let Some(mut entry) = entry.object() else {
            all_known = false;
            continue;
        };
        let (ttl, tokens) = (entry.take_string("ttl"), take_count(&mut entry, "inputTokens"));
        let slot = match ttl.as_deref() {
            Some("5m") => &mut short,
            Some("1h") => &mut long,
            _ => {
                all_known = false;
                continue;
            }
        };
        all_known &= tokens.is_some() && entry.is_empty();
        *slot = tokens.map(|tokens| slot.unwrap_or(0).saturating_add(tokens)).or(*slot);
    }
    if all_known {
        fields.take(DETAILS);
    }
    (short, long)
}

/// Writes `usage`; a figure that nobody knows is not written.
pub(super) fn encode(usage: &Usage, body: &mut ObjectWriter<'_>) {
    let (short, long) = (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens);
    let cache_write = written(usage.cache_write_tokens, short, long);
    let cached = usage.cache_read_tokens.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
    body.object_with("usage", &usage.extra, |object| {
        object.optional("inputTokens", usage.input_tokens.map(|input| input.saturating_sub(cached)));
        object.optional("outputTokens", usage.output_tokens);
        object.optional(TOTAL, total_of(usage.input_tokens, usage.output_tokens));
        object.optional("cacheReadInputTokens", usage.cache_read_tokens);
        object.optional("cacheWriteInputTokens", cache_write);
        let details: Vec<Json> = [(CacheLifetime::FiveMinutes, short), (CacheLifetime::OneHour, long)]
            .into_iter()
            .filter_map(|(lifetime, tokens)| {
                Some(Json::object(&Extra::new(), |entry| {
                    entry.field("ttl", lifetime.as_str()).optional("inputTokens", tokens);
                }))
                .filter(|_| tokens.is_some())
            })
            .collect();
        if !details.is_empty() {
            object.field(DETAILS, &details);
        }
    });
}
