//! Usage of an answer, in both directions.
//!
//! `tokens` is what the model read and wrote, Cohere's own template included; `billed_units` is what is paid for, often
//! far less, and stays as it is in the extra fields.

use crate::dialect::shared::{
    lenient::{object, take_count},
    nested,
};
use crate::json::{ObjectWriter, Value};
use crate::model::Usage;
use alloc::vec::Vec;

const TOKENS: &str = "tokens";
const BILLED: &str = "billed_units";

/// Reads a `usage` object; `None` where it is none.
pub(super) fn decode(value: Value<'_>) -> Option<Usage> {
    let mut fields = object(value)?;
    let mut usage = Usage { cache_read_tokens: take_count(&mut fields, "cached_tokens"), ..Usage::default() };
    if let Some(mut tokens) = fields.get(TOKENS).and_then(object) {
        fields.take(TOKENS);
        usage.input_tokens = take_count(&mut tokens, "input_tokens");
        usage.output_tokens = take_count(&mut tokens, "output_tokens");
        nested::keep(&mut usage.extra, TOKENS, tokens);
    } else if let Some(mut billed) = fields.get(BILLED).and_then(object) {
        // Some hosts report nothing else.
        usage.input_tokens = take_count(&mut billed, "input_tokens");
        usage.output_tokens = take_count(&mut billed, "output_tokens");
    }
    if fields.get(TOKENS).is_some_and(Value::is_null) {
        fields.take(TOKENS);
    }
    for (name, value) in fields.rest().iter() {
        usage.extra.insert(name, value.clone());
    }
    usage.include_cached();
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
