//! Prompt caching on request: breakpoints after the part of the prompt that repeats between calls, or a key for
//! providers that find the common prefix themselves (`docs/wire/late-2026.md`, section 6).

use crate::json::WriteJson;
use crate::model::{CacheBreakpoint, CacheLifetime, Part, PartKind, Request, Role, Tool, ToolKind};
use alloc::{borrow::Cow, format, string::String, vec::Vec};

/// The most breakpoints that a request may have (Anthropic, Bedrock).
const BREAKPOINTS: usize = 4;

/// Where a provider lets breakpoints stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    /// Behind tools.
    pub(crate) tools: bool,
    /// For as long as an hour.
    pub(crate) hour: bool,
}

/// `request` with breakpoints behind its tools, its instructions and its last message where it asks for them: as many
/// as are left in addition to the caller's own, which stay as they are. A prompt of one message has one there only
/// where nothing comes before it, as its text is likely to be another one in the next call.
pub(crate) fn marked(request: &Request, places: Places) -> Cow<'_, Request> {
    let Some(asked) = &request.prompt_cache else { return Cow::Borrowed(request) };
    let hour = places.hour && asked.lifetime == Some(CacheLifetime::OneHour);
    let mut marked = Request { prompt_cache: None, ..request.clone() };
    let leading = marked.messages.iter().take_while(|message| is_instruction(&message.role)).count();
    let turns = marked.messages.len() - leading;
    let mut left = BREAKPOINTS.saturating_sub(count(&marked));
    let mut has_prefix = false;
    for place in [Place::Tools, Place::Instructions, Place::LastMessage] {
        let is_wanted = match place {
            Place::Tools => places.tools,
            Place::Instructions => true,
            Place::LastMessage => turns > 1 || !has_prefix,
        };
        let before = marked_before(&marked, place, leading);
        let after = marked_after(&marked, place, leading);
        let Some(slot) = slot(&mut marked, place, leading).filter(|_| is_wanted) else { continue };
        has_prefix = true;
        if slot.is_some() || left == 0 {
            continue;
        }
        // Entries of an hour come before those of five minutes.
        let is_hour = (hour && before != Some(false)) || (places.hour && after == Some(true));
        let lifetime = is_hour.then_some(CacheLifetime::OneHour);
        *slot = Some(CacheBreakpoint { lifetime });
        left -= 1;
    }
    Cow::Owned(marked)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Tools,
    Instructions,
    LastMessage,
}

fn is_instruction(role: &Role) -> bool {
    matches!(role, Role::System | Role::Developer)
}

fn slot(request: &mut Request, place: Place, leading: usize) -> Option<&mut Option<CacheBreakpoint>> {
    match place {
        Place::Tools => request.tools.last_mut().map(|tool| &mut tool.cache),
        Place::Instructions => {
            last_part(request.messages.get_mut(..leading)?.last_mut()?.content.as_mut_slice())
        }
        Place::LastMessage => {
            last_part(request.messages.get_mut(leading..)?.last_mut()?.content.as_mut_slice())
        }
    }
}

/// The breakpoint of the last part that may have one.
fn last_part(content: &mut [Part]) -> Option<&mut Option<CacheBreakpoint>> {
    let takes = |part: &&mut Part| match &part.kind {
        PartKind::Text(text) => !text.trim().is_empty(),
        PartKind::Image(_) | PartKind::Document(_) | PartKind::ToolCall(_) | PartKind::ToolResult(_) => true,
        _ => false,
    };
    content.iter_mut().rev().find(takes).map(|part| &mut part.cache)
}

/// Whether the caller's last breakpoint before `place` is one of an hour; `None` where there is none.
fn marked_before(request: &Request, place: Place, leading: usize) -> Option<bool> {
    in_order(request, leading).filter(|(of, _)| *of < place).last().map(|(_, cache)| is_hour(cache))
}

/// The same of the first one behind it.
fn marked_after(request: &Request, place: Place, leading: usize) -> Option<bool> {
    in_order(request, leading).find(|(of, _)| *of > place).map(|(_, cache)| is_hour(cache))
}

fn is_hour(cache: &CacheBreakpoint) -> bool {
    cache.lifetime == Some(CacheLifetime::OneHour)
}

/// The breakpoints of a request in the order of its prompt.
fn in_order(request: &Request, leading: usize) -> impl Iterator<Item = (Place, &CacheBreakpoint)> {
    let tools = request.tools.iter().filter_map(|tool| Some((Place::Tools, tool.cache.as_ref()?)));
    let messages = request.messages.iter().enumerate().flat_map(move |(position, message)| {
        let place = if position < leading { Place::Instructions } else { Place::LastMessage };
        of_parts(&message.content).into_iter().map(move |cache| (place, cache))
    });
    tools.chain(messages)
}

fn of_parts(content: &[Part]) -> Vec<&CacheBreakpoint> {
    let mut found = Vec::new();
    for part in content {
        if let PartKind::ToolResult(result) = &part.kind {
            found.extend(of_parts(&result.content));
        }
        found.extend(part.cache.as_ref());
    }
    found
}

/// How many breakpoints the caller has set; automatic caching of the whole prompt is one.
fn count(request: &Request) -> usize {
    let messages = request.messages.iter().map(|message| of_parts(&message.content).len()).sum::<usize>();
    request.tools.iter().filter(|tool| tool.cache.is_some()).count()
        + messages
        + usize::from(request.cache.is_some())
}

/// What requests with the same tools and instructions have in common and others have not. It holds nothing of either.
pub(crate) fn key(request: &Request) -> String {
    let mut hash = Hash::new();
    hash.add(request.model.as_bytes());
    for Tool { name, description, kind, .. } in &request.tools {
        hash.add(name.as_bytes());
        hash.add(description.as_deref().unwrap_or_default().as_bytes());
        let whole = match kind {
            ToolKind::Function { parameters, .. } => parameters.as_ref(),
            ToolKind::Custom { format } => format.as_ref(),
            ToolKind::Hosted(whole) => Some(whole),
        };
        let mut out = Vec::new();
        whole.into_iter().for_each(|whole| whole.write_json(&mut out));
        hash.add(&out);
    }
    for message in request.messages.iter().take_while(|message| is_instruction(&message.role)) {
        for part in &message.content {
            if let PartKind::Text(text) = &part.kind {
                hash.add(text.as_bytes());
            }
        }
    }
    format!("ferrule-{:016x}", hash.0)
}

/// FNV-1a, with the lengths of what is added between the parts.
struct Hash(u64);

impl Hash {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes().iter().chain(bytes) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// The version in names such as `gpt-5.6-sol` and `openai/gpt-5-mini`.
pub(crate) fn gpt_version(model: &str) -> Option<(u32, u32)> {
    let name = model.rsplit('/').next()?.strip_prefix("gpt-")?;
    let number = name.split('-').next()?;
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// From here on OpenAI's models have breakpoints.
pub(crate) const BREAKPOINTS_SINCE: (u32, u32) = (5, 6);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Message;
    use alloc::vec;
    use std::string::ToString;

    const EVERYWHERE: Places = Places { tools: true, hour: true };

    fn tool() -> Tool {
        let kind = ToolKind::Function { parameters: None, strict: None };
        Tool { name: "f".into(), description: None, kind, cache: None, extra: crate::json::Extra::new() }
    }

    fn request(turns: usize, lifetime: Option<CacheLifetime>) -> Request {
        let mut messages = vec![Message::text(Role::System, "Be brief.")];
        messages.extend((0..turns).map(|turn| Message::text(Role::User, turn.to_string())));
        let prompt_cache = Some(CacheBreakpoint { lifetime });
        Request { messages, tools: vec![tool(), tool()], prompt_cache, ..Request::default() }
    }

    /// Where the breakpoints are, in the order of the prompt: `5` for five minutes, `h` for an hour.
    fn marks(request: &Request) -> String {
        let cache = |cache: &Option<CacheBreakpoint>| match cache {
            None => '.',
            Some(cache) if is_hour(cache) => 'h',
            Some(_) => '5',
        };
        let tools = request.tools.iter().map(|tool| cache(&tool.cache));
        let parts =
            request.messages.iter().flat_map(|message| &message.content).map(|part| cache(&part.cache));
        tools.chain(parts).collect()
    }

    #[test]
    fn breakpoints_close_what_stays_the_same() {
        let hour = || Some(CacheLifetime::OneHour);
        assert_eq!(marks(&marked(&request(1, None), EVERYWHERE)), ".55.");
        assert_eq!(marks(&marked(&request(3, None), EVERYWHERE)), ".55..5");
        assert_eq!(marks(&marked(&request(3, hour()), EVERYWHERE)), ".hh..h");
        // Snapped to what the provider has.
        assert_eq!(marks(&marked(&request(3, hour()), Places { hour: false, ..EVERYWHERE })), ".55..5");
        assert_eq!(marks(&marked(&request(3, None), Places { tools: false, ..EVERYWHERE })), "..5..5");
        let alone =
            Request { tools: vec![], messages: vec![Message::text(Role::User, "x")], ..request(0, None) };
        assert_eq!(marks(&marked(&alone, EVERYWHERE)), "5");
        let unasked = Request { prompt_cache: None, ..request(3, None) };
        assert_eq!(*marked(&unasked, EVERYWHERE), unasked);
    }

    #[test]
    fn the_callers_breakpoints_stay_and_count() {
        let own = |lifetime| Some(CacheBreakpoint { lifetime });
        let mut some = request(4, None);
        some.messages[1].content[0].cache = own(None);
        some.messages[2].content[0].cache = own(None);
        some.messages[3].content[0].cache = own(None);
        // One is left.
        assert_eq!(marks(&marked(&some, EVERYWHERE)), ".5.555.");
        // Those of an hour come first.
        let mut mixed = request(3, None);
        mixed.messages[0].content[0].cache = own(Some(CacheLifetime::OneHour));
        assert_eq!(marks(&marked(&mixed, EVERYWHERE)), ".hh..5");
        let mut mixed = request(3, Some(CacheLifetime::OneHour));
        mixed.tools[1].cache = own(None);
        assert_eq!(marks(&marked(&mixed, EVERYWHERE)), ".55..5");
    }

    #[test]
    fn a_key_tells_prefixes_apart() {
        let (one, mut other) = (request(1, None), request(5, None));
        assert_eq!(key(&one), key(&other));
        other.messages[0] = Message::text(Role::System, "Be long.");
        assert_ne!(key(&one), key(&other));
        other = Request { tools: vec![tool()], ..one.clone() };
        assert_ne!(key(&one), key(&other));
    }

    #[test]
    fn versions_of_models() {
        for (model, version) in [
            ("gpt-5.6-sol", Some((5, 6))),
            ("openai/gpt-5-mini", Some((5, 0))),
            ("gpt-4.1", Some((4, 1))),
            ("gpt-4o", None),
            ("o3", None),
        ] {
            assert_eq!(gpt_version(model), version, "{model}");
        }
    }
}
