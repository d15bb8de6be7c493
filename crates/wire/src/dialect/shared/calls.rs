//! Tool calls in a conversation and their results: how they are matched, and their ids and names in a request.
//!
//! The calls of one conversation may come from several providers, with ids and names that the receiver refuses, or
//! without ids. A receiver gets ids in its own format, the same for a call and its result, without duplicates if it
//! requires that. Ids that Ferrule made up are left out if the receiver needs none (see [`super::made_ids`]). An id
//! depends only on the messages before it, so a continued conversation begins with the same bytes, as prompt caches
//! need.

use super::made_ids;
use crate::model::{Message, PartKind, Request, Tool, ToolCall, ToolResult};
use crate::quirks::tool_name::ToolNameRule;
use crate::quirks::{ToolIdRule, tool_id};
use alloc::{
    borrow::{Cow, ToOwned},
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

/// The requirements of a wire format for calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallRules {
    /// The format of ids.
    pub(crate) id: ToolIdRule,
    /// Which calls are sent with their ids.
    pub(crate) ids: Ids,
    /// The format of names.
    pub(crate) name: ToolNameRule,
}

/// Which calls are sent with their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ids {
    /// All.
    Needed,
    /// All, and every id is unique.
    Unique,
    /// Those that a provider gave.
    Given,
    /// None.
    None,
}

/// A call or a result as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent<'a> {
    /// The id; `None` if none is sent.
    pub(crate) id: Option<Cow<'a, str>>,
    /// The tool's name. A result without a matching call may have none.
    pub(crate) name: Option<Cow<'a, str>>,
    /// The number of the call among those of the conversation.
    pub(crate) number: Option<usize>,
}

impl<'a> Sent<'a> {
    /// An unchanged call: in an answer.
    pub(crate) fn as_it_is(call: &'a ToolCall) -> Self {
        let (id, name) = (Cow::Borrowed(call.id.as_str()), Cow::Borrowed(call.name.as_str()));
        Self { id: Some(id), name: Some(name), number: None }
    }

    /// The id; empty if there is none.
    pub(crate) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The name; empty if there is none.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

/// The calls of one conversation, in order.
#[derive(Debug)]
pub(crate) struct Calls<'a> {
    rules: CallRules,
    messages: &'a [Message],
    tools: &'a [Tool],
    known: Vec<Known<'a>>,
    /// The indexes of the calls by their original ids.
    by_id: BTreeMap<&'a str, Vec<usize>>,
    /// The first call that may still be without a result.
    waiting_from: usize,
    /// The ids that were sent.
    used: BTreeSet<Cow<'a, str>>,
    unnamed: usize,
    /// The names that were changed.
    renamed: BTreeMap<&'a str, String>,
}

#[derive(Debug)]
struct Known<'a> {
    own_name: &'a str,
    sent: Sent<'a>,
    is_answered: bool,
}

impl<'a> Calls<'a> {
    /// For the conversation of `request`.
    pub(crate) fn new(request: &'a Request, rules: CallRules) -> Self {
        Self::of_messages(&request.messages, &request.tools, rules)
    }

    /// For `messages`, with `tools` declared in the same request.
    pub(crate) fn of_messages(messages: &'a [Message], tools: &'a [Tool], rules: CallRules) -> Self {
        Self {
            rules,
            messages,
            tools,
            known: Vec::new(),
            by_id: BTreeMap::new(),
            waiting_from: 0,
            used: BTreeSet::new(),
            unnamed: 0,
            renamed: BTreeMap::new(),
        }
    }

    /// The next call.
    pub(crate) fn call(&mut self, call: &'a ToolCall) -> Sent<'a> {
        let number = self.known.len();
        let id = self.id_of_call(&call.id);
        let sent = Sent { id, name: Some(self.name(&call.name)), number: Some(number) };
        if !call.id.is_empty() {
            self.by_id.entry(&call.id).or_default().push(number);
        }
        self.known.push(Known { own_name: &call.name, sent: sent.clone(), is_answered: false });
        sent
    }

    /// The next result. It belongs to the call with its id. If it has no id, or several calls have the same id, it
    /// belongs to the first call without a result, preferably one with its tool's name. The name is the result's,
    /// else the call's.
    pub(crate) fn result(&mut self, result: &'a ToolResult) -> Sent<'a> {
        let found = self.find(result);
        let own_name = result.name.as_deref().filter(|name| !name.is_empty()).map(|name| self.name(name));
        if let Some(known) = found.and_then(|number| self.known.get_mut(number)) {
            known.is_answered = true;
            return Sent { name: own_name.or_else(|| known.sent.name.clone()), ..known.sent.clone() };
        }
        let id = match self.rules.ids {
            Ids::Needed | Ids::Unique if result.tool_call_id.is_empty() => Some(self.unused("")),
            Ids::Needed | Ids::Unique => Some(self.fit(&result.tool_call_id)),
            Ids::Given if is_given(&result.tool_call_id) => Some(self.fit(&result.tool_call_id)),
            Ids::Given | Ids::None => None,
        };
        Sent { id, name: own_name, number: None }
    }

    fn find(&mut self, result: &ToolResult) -> Option<usize> {
        let is_waiting = |number: &usize| self.known.get(*number).is_some_and(|known| !known.is_answered);
        let has_name = |number: &usize| {
            self.known.get(*number).is_some_and(|known| Some(known.own_name) == result.name.as_deref())
        };
        if !result.tool_call_id.is_empty() {
            let numbers = self.by_id.get(result.tool_call_id.as_str())?;
            let waiting = || numbers.iter().copied().filter(is_waiting);
            return waiting().find(has_name).or_else(|| waiting().next()).or(numbers.last().copied());
        }
        while self.known.get(self.waiting_from).is_some_and(|known| known.is_answered) {
            self.waiting_from += 1;
        }
        let waiting = || (self.waiting_from..self.known.len()).filter(is_waiting);
        waiting().find(has_name).or_else(|| waiting().next())
    }

    fn id_of_call(&mut self, own: &'a str) -> Option<Cow<'a, str>> {
        match self.rules.ids {
            Ids::None => return None,
            Ids::Given if !is_given(own) => return None,
            _ if own.is_empty() => return Some(self.unused(own)),
            _ => {}
        }
        let fitted = self.fit(own);
        let may_repeat = self.rules.ids != Ids::Unique && self.by_id.contains_key(own);
        if self.used.contains(&fitted) && !may_repeat {
            return Some(self.unused(own));
        }
        self.used.insert(fitted.clone());
        Some(fitted)
    }

    /// An id that was not used before, made of `own`.
    fn unused(&mut self, own: &str) -> Cow<'a, str> {
        // The mark between an id and a number is allowed in none of these, so that the whole is replaced.
        let rule = match self.rules.id {
            ToolIdRule::Any | ToolIdRule::UpTo40 | ToolIdRule::UpTo64 => ToolIdRule::Word,
            rule => rule,
        };
        loop {
            let number = self.unnamed;
            self.unnamed += 1;
            let made = if own.is_empty() { format!("call_{number}") } else { format!("{own}#{number}") };
            let id: Cow<'a, str> = Cow::Owned(tool_id::fit(rule, made.into()).into_owned());
            if self.used.insert(id.clone()) {
                return id;
            }
        }
    }

    fn fit(&self, id: &'a str) -> Cow<'a, str> {
        tool_id::fit(self.rules.id, Cow::Borrowed(id))
    }

    /// The name of a tool as it is sent: as declared if the tool is declared, otherwise in the format of the
    /// receiver.
    pub(crate) fn name(&mut self, own: &'a str) -> Cow<'a, str> {
        if self.rules.name.is_right(own) || self.tools.iter().any(|tool| tool.name == own && !own.is_empty())
        {
            return Cow::Borrowed(own);
        }
        if let Some(renamed) = self.renamed.get(own) {
            return Cow::Owned(renamed.clone());
        }
        let taken = |name: &str| {
            self.tools.iter().any(|tool| tool.name == name)
                || self.renamed.values().any(|renamed| renamed == name)
                || is_called(self.messages, name)
        };
        let renamed = self.rules.name.fit(own, taken).into_owned();
        self.renamed.insert(own, renamed.to_owned());
        Cow::Owned(renamed)
    }
}

fn is_given(id: &str) -> bool {
    !id.is_empty() && !made_ids::is_made(id)
}

fn is_called(messages: &[Message], name: &str) -> bool {
    messages
        .iter()
        .flat_map(|message| &message.content)
        .any(|part| matches!(&part.kind, PartKind::ToolCall(call) if call.name == name))
}
