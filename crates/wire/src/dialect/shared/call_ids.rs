//! Ids for tool calls of providers that give none, for dialects that cannot do without.

use crate::model::{ToolCall, ToolResult};
use crate::quirks::{ToolIdRule, tool_id};
use alloc::{borrow::Cow, format, string::String, vec::Vec};

/// The ids of one conversation.
#[derive(Debug)]
pub(crate) struct CallIds {
    /// What the provider insists on.
    rule: ToolIdRule,
    given: usize,
    /// Names and given ids of calls that wait for their results.
    waiting: Vec<(String, String)>,
}

impl CallIds {
    pub(crate) fn new(rule: ToolIdRule) -> Self {
        Self { rule, given: 0, waiting: Vec::new() }
    }

    fn fit(&self, id: &str) -> String {
        tool_id::fit(self.rule, Cow::Borrowed(id)).into_owned()
    }

    /// The id of `call`, its own or a given one.
    pub(crate) fn of_call(&mut self, call: &ToolCall) -> String {
        if !call.id.is_empty() {
            return self.fit(&call.id);
        }
        let id = self.fit(&format!("call_{}", self.given));
        self.given += 1;
        self.waiting.push((call.name.clone(), id.clone()));
        id
    }

    /// The id of the call that `result` answers: where it has none, the first waiting call of its name, or the first.
    pub(crate) fn of_result(&mut self, result: &ToolResult) -> String {
        if !result.tool_call_id.is_empty() || self.waiting.is_empty() {
            return self.fit(&result.tool_call_id);
        }
        let same_name = |(name, _): &(String, String)| Some(name) == result.name.as_ref();
        let position = self.waiting.iter().position(same_name).unwrap_or(0);
        self.waiting.remove(position).1
    }
}
