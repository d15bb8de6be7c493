//! Reasoning fields next to the content: `reasoning_content`, `reasoning`, and OpenRouter's `reasoning_details`.
//!
//! The details have to go back to the provider as they came, so they stay in the message's extra fields; what can be
//! read of them is a part as well, once.

use crate::dialect::shared::lenient;
use crate::json::{Fields, Value};
use crate::model::{Part, PartKind, Reasoning};
use alloc::{string::String, vec::Vec};

/// The field that is echoed.
pub(super) use crate::dialect::shared::foreign::REASONING_DETAILS as DETAILS;

/// Takes the reasoning of a whole message out.
pub(super) fn take_whole(fields: &mut Fields<'_>) -> Vec<Part> {
    let plain = take_text(fields);
    let mut blocks: Vec<Reasoning> = Vec::new();
    for detail in details(fields.get(DETAILS)) {
        match blocks.last_mut() {
            // A signature ends a block.
            Some(last) if last.signature.is_none() || detail.text.is_empty() => {
                last.text.push_str(&detail.text);
                if detail.signature.is_some() {
                    last.signature = detail.signature;
                }
            }
            _ if detail.text.is_empty() && detail.signature.is_none() => {}
            _ => blocks.push(detail),
        }
    }
    if fields.get(DETAILS).is_some_and(is_empty_list) {
        fields.take(DETAILS);
    }
    match plain {
        Some(text) if blocks.iter().all(|block| block.text.is_empty()) => {
            let signature = blocks.pop().and_then(|block| block.signature);
            alloc::vec![Part::new(PartKind::Reasoning(Reasoning { text, signature }))]
        }
        _ => blocks.into_iter().map(|block| Part::new(PartKind::Reasoning(block))).collect(),
    }
}

/// Whether there is nothing in it to echo.
fn is_empty_list(details: Value<'_>) -> bool {
    details.is_null() || details.array().is_some_and(|items| items.is_empty())
}

/// Takes the reasoning's plain text out, where there is any.
pub(super) fn take_text(fields: &mut Fields<'_>) -> Option<String> {
    let names = ["reasoning_content", "reasoning"];
    let [first, second] = names.map(|name| lenient::take_known(fields, name).filter(|text| !text.is_empty()));
    first.or(second)
}

/// What can be read of the details: texts, summaries and signatures, in order.
pub(super) fn details(value: Option<Value<'_>>) -> Vec<Reasoning> {
    let items = value.and_then(Value::array).unwrap_or_default();
    let read = |mut detail: Fields<'_>| Reasoning {
        text: detail.take_string("text").or_else(|| detail.take_string("summary")).unwrap_or_default(),
        signature: detail.take_string("signature").filter(|signature| !signature.is_empty()),
    };
    items.into_iter().filter_map(Value::object).map(read).collect()
}
