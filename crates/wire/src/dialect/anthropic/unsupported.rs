//! Parts of messages that this API cannot carry.
//!
//! Left out without a word, because nothing is lost: reasoning without a signature (another provider's, which this
//! API would reject; it becomes text where it is all a message says), and the name of a tool in its result (the id
//! says it).

use super::block::{self, takes_cache};
use super::carried::NAME;
use super::system::leading_system;
use crate::dialect::shared::foreign;
use crate::encode::{Place, Refusals, UnsupportedField};
use crate::model::{Image, Message, Part, PartKind, Request};
use alloc::format;

type Checked = Result<(), UnsupportedField>;

/// Refuses, or lists, everything in the messages of `request` that cannot be carried.
pub(super) fn check(request: &Request, refusals: &mut Refusals) -> Checked {
    let leading = leading_system(request);
    request.messages.iter().enumerate().try_for_each(|(position, whole)| {
        message(Place::message(position), whole, position < leading, refusals)
    })
}

fn message(path: Place, message: &Message, is_leading_system: bool, refusals: &mut Refusals) -> Checked {
    if message.name.is_some() {
        refusals.add(format!("{path}.name"), "speakers have no names; write it into the text")?;
    }
    if is_leading_system && !message.extra.is_empty() {
        refusals
            .add(format!("{path}.extra"), "the system text is not a message and has no further fields")?;
    }
    parts(path, &message.content, refusals)
}

fn parts(path: Place, content: &[Part], refusals: &mut Refusals) -> Checked {
    for (position, Part { kind, cache, .. }) in content.iter().enumerate() {
        let path = path.content(position);
        if let Some(reason) = block::unsupported(kind) {
            refusals.add(path, reason)?;
        }
        if cache.is_some() && !takes_cache(kind) {
            let reason = "reasoning cannot end a cached prompt; mark the part after it";
            refusals.add(format!("{path}.cache"), reason)?;
        }
        match kind {
            PartKind::Image(Image { detail: Some(detail), .. }) if detail != "auto" => {
                refusals.add(format!("{path}.detail"), "how closely to look cannot be chosen")?;
            }
            kind if foreign::is_foreign(kind, NAME) => {
                refusals.add(path, &foreign::named(kind, foreign::FOREIGN_ITEM))?;
            }
            PartKind::ToolResult(result) => parts(path, &result.content, refusals)?,
            _ => {}
        }
    }
    Ok(())
}
