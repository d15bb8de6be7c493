//! Cache points: blocks of their own here, which stand behind what they close; a field of the part or tool before
//! them in the neutral model.

use super::family::Family;
use crate::dialect::anthropic::has_hour_cache;
use crate::dialect::shared::prompt_cache::Places;
use crate::json::{ObjectWriter, Value};
use crate::model::{CacheBreakpoint, CacheLifetime};
use alloc::vec::Vec;

/// Reads a block that is a cache point and nothing else.
pub(super) fn decode(block: Value<'_>) -> Option<CacheBreakpoint> {
    let mut fields = block.object()?;
    let mut point = fields.take_object("cachePoint")?;
    let is_default = point.take_string("type")? == "default";
    let lifetime = point.take_string("ttl").map(|ttl| CacheLifetime::from(ttl.as_str()));
    (is_default && fields.is_empty() && point.is_empty()).then_some(CacheBreakpoint { lifetime })
}

/// Where a model's prompts may have cache points; `None` where they are not cached (`docs/wire/late-2026.md`, section 6).
pub(super) fn places(model: &str) -> Option<Places> {
    match Family::from_model(model) {
        Family::Claude => Some(Places { tools: true, hour: has_hour_cache(model) }),
        Family::Nova | Family::Nova1 => Some(Places { tools: false, hour: false }),
        _ => None,
    }
}

/// Appends the block of a cache point.
pub(super) fn encode(cache: &CacheBreakpoint, out: &mut Vec<u8>) {
    let mut block = ObjectWriter::begin(out);
    block.object("cachePoint", |point| {
        point.field("type", "default").optional("ttl", cache.lifetime.as_ref().map(CacheLifetime::as_str));
    });
    block.finish();
}
