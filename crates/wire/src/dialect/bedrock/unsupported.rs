//! Parts of messages that Converse cannot carry.
//!
//! Left out without a word, because nothing is lost: another provider's thoughts (see `turns`), texts without a
//! character, and the name of a tool in its result (the id says it).

use super::turns;
use crate::dialect::shared::foreign;
use crate::encode::{Place, Refusals, UnsupportedField};
use crate::model::{Image, Message, Part, PartKind, Request};
use alloc::format;

type Checked = Result<(), UnsupportedField>;

/// Refuses, or lists, everything in the messages of `request` that cannot be carried.
pub(super) fn check(request: &Request, refusals: &mut Refusals) -> Checked {
    let leading = turns::leading_system(request);
    let mut has_begun = false;
    for (position, message) in request.messages.iter().enumerate() {
        let path = Place::message(position);
        if position < leading {
            instructions(path, message, refusals)?;
            continue;
        }
        match turns::is_user(&message.role) {
            None => {
                refusals.add(path, "users and models speak here, and instructions stand first")?;
                continue;
            }
            Some(is_user) if !has_begun && !is_user => {
                refusals.add(path, "the user speaks first here")?;
            }
            _ => {}
        }
        has_begun = true;
        name(path, message, refusals)?;
        parts(path, &message.content, false, refusals)?;
    }
    Ok(())
}

fn instructions(path: Place, message: &Message, refusals: &mut Refusals) -> Checked {
    name(path, message, refusals)?;
    if !message.extra.is_empty() {
        let reason = "instructions are not a message and have no further fields";
        refusals.add(format!("{path}.extra"), reason)?;
    }
    for (position, part) in message.content.iter().enumerate() {
        if !turns::is_instruction(part) {
            refusals.add(format!("{path}.content[{position}]"), "instructions are texts")?;
        }
    }
    Ok(())
}

fn name(path: Place, message: &Message, refusals: &mut Refusals) -> Checked {
    if message.name.is_none() {
        return Ok(());
    }
    refusals.add(format!("{path}.name"), "speakers have no names; write it into the text")
}

fn parts(path: Place, content: &[Part], is_result: bool, refusals: &mut Refusals) -> Checked {
    for (position, Part { kind, cache, .. }) in content.iter().enumerate() {
        let path = path.content(position);
        if let Some(reason) = turns::unsupported(kind) {
            refusals.add(path, &foreign::named(kind, reason))?;
        }
        if cache.is_some() && is_result {
            let reason = "a result has no cache points inside; mark the result itself";
            refusals.add(format!("{path}.cache"), reason)?;
        }
        match kind {
            PartKind::Image(Image { detail: Some(detail), .. }) if detail != "auto" => {
                refusals.add(format!("{path}.detail"), "how closely to look cannot be chosen")?;
            }
            PartKind::ToolResult(result) => parts(path, &result.content, true, refusals)?,
            _ => {}
        }
    }
    Ok(())
}
