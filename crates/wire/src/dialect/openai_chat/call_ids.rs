//! Ids for tool calls of providers that give none; this dialect cannot do without.

use crate::model::{ToolCall, ToolResult};
use alloc::{format, string::String, vec::Vec};

/// The ids of one conversation.
#[derive(Debug, Default)]
pub(super) struct CallIds {
    given: usize,
    /// Names and given ids of calls that wait for their results.
    waiting: Vec<(String, String)>,
}

impl CallIds {
    /// The id of `call`, its own or a given one.
    pub(super) fn of_call(&mut self, call: &ToolCall) -> String {
        if !call.id.is_empty() {
            return call.id.clone();
        }
        let id = format!("call_{}", self.given);
        self.given += 1;
        self.waiting.push((call.name.clone(), id.clone()));
        id
    }

    /// The id of the call that `result` answers: where it has none, the first waiting call of its name, or the first.
    pub(super) fn of_result(&mut self, result: &ToolResult) -> String {
        if !result.tool_call_id.is_empty() || self.waiting.is_empty() {
            return result.tool_call_id.clone();
        }
        let same_name = |(name, _): &(String, String)| Some(name) == result.name.as_ref();
        let position = self.waiting.iter().position(same_name).unwrap_or(0);
        self.waiting.remove(position).1
    }
}
