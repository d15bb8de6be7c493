//! Usage of an answer, in both directions.
//!
//! `tokens` is what the model read and wrote, Cohere's own template included; `billed_units` is what is paid for, often
//! far less, and stays as it is in the extra fields.

use crate::dialect::shared::nested;
use crate::json::{ObjectWriter, Value};
use crate::model::Usage;
use alloc::vec::Vec;

const TOKENS: &str = "tokens";
const BILLED: &str = "billed_units";

/// Reads a `usage` object; `None` where it is none.
pub(super) fn decode(value: Value<'_>) -> Option<Usage> {
    let mut fields = value.object()?;
    let mut usage = Usage { cache_read_tokens: fields.take_u64("cached_tokens"), ..Usage::default() };
    if let Some(mut tokens) = fields.take_object(TOKENS) {
        usage.input_tokens = tokens.take_u64("input_tokens");
        usage.output_tokens = tokens.take_u64("output_tokens");
        nested::keep(&mut usage.extra, TOKENS, tokens);
    } else if let Some(mut billed) = fields.get(BILLED).and_then(Value::object) {
        // Some hosts report nothing else.
        usage.input_tokens = billed.take_u64("input_tokens");
        usage.output_tokens = billed.take_u64("output_tokens");
    }
    for (name, value) in fields.rest().iter() {
        usage.extra.insert(name, value.clone());
    }
    Some(usage)
}

/// Writes a `usage` object. Figures that nobody knows are left out.
pub(super) fn encode(out: &mut Vec<u8>, usage: &Usage) {
    let (outer, inner) = nested::split(&usage.extra, TOKENS);
    let mut object = ObjectWriter::begin_with(out, &outer);
    object.object_with(TOKENS, &inner, |tokens| {
        tokens.optional("input_tokens", usage.input_tokens).optional("output_tokens", usage.output_tokens);
    });
    object.optional("cached_tokens", usage.cache_read_tokens);
    object.finish();
}
