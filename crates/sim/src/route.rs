//! Which address means what, and who answers there.

use crate::{
    identity::Issuer,
    media::Media,
    predictions::{self, What},
    speaker::Speaker,
};
use ferrule_wire::operation::{Endpoint, OperationKind};
use http::{HeaderMap, Method};

/// What is asked for, and who answers.
#[derive(Clone, Debug)]
pub(crate) struct Route<'a> {
    pub(crate) asked: Asked<'a>,
    pub(crate) speaker: Speaker,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Asked<'a> {
    /// Something a dialect has an address for.
    Operation(Endpoint<'a>),
    /// One model of the list.
    Model(&'a str),
    /// Something of a prediction that was made.
    Prediction(&'a str, What),
    /// Pictures or sound.
    Media(Media),
    /// A token of somebody who hands them out.
    Token(Issuer),
    /// Whether we are there.
    Health,
    /// Nothing we know.
    Unknown,
    /// Something we know, by another method.
    WrongMethod,
}

/// What an address means. `None` where this build has no dialect at all.
///
/// An address that begins with the id of a provider, or the name of a dialect, is theirs; any other is the first
/// dialect's that has such an address, in the order of `ferrule_wire::dialect::registry::all`.
pub(crate) fn route<'a>(method: &Method, path: &'a str, headers: &HeaderMap) -> Option<Route<'a>> {
    let spoken = if headers.contains_key("anthropic-version") { "anthropic" } else { "openai-chat" };
    let spoken = Speaker::of(spoken).or_else(|| Speaker::all().next())?;
    if path == "/healthz" {
        return Some(Route { asked: Asked::Health, speaker: spoken });
    }
    if let Some(issuer) = Issuer::at(method, path) {
        return Some(Route { asked: Asked::Token(issuer), speaker: spoken });
    }
    if let Some((speaker, rest)) = prefixed(path) {
        return Some(Route { asked: asked(method, rest, speaker), speaker });
    }
    let candidates = std::iter::once(spoken).chain(Speaker::all());
    let known = candidates.map(|speaker| Route { asked: asked(method, path, speaker), speaker });
    let known = known.filter(|route| !matches!(route.asked, Asked::Unknown));
    // Another dialect may have the same address for another method.
    let mut wrong = None;
    for route in known {
        if !matches!(route.asked, Asked::WrongMethod) {
            return Some(route);
        }
        wrong.get_or_insert(route);
    }
    Some(wrong.unwrap_or(Route { asked: Asked::Unknown, speaker: spoken }))
}

/// Whom the address begins with, and what follows.
fn prefixed(path: &str) -> Option<(Speaker, &str)> {
    let (name, _) = path.strip_prefix('/')?.split_once('/')?;
    let rest = path.get(name.len() + 1..)?;
    Some((Speaker::named(name)?, rest))
}

fn asked<'a>(method: &Method, path: &'a str, speaker: Speaker) -> Asked<'a> {
    let media = if speaker.name() == "openai-chat" { Media::at(path) } else { None };
    if let Some(media) = media {
        return match speaker.shows(media) {
            true if *method == Method::POST => Asked::Media(media),
            true => Asked::WrongMethod,
            false => Asked::Unknown,
        };
    }
    if let Some(endpoint) = speaker.endpoint(path) {
        if endpoint.operation == OperationKind::Chat && !speaker.chats() {
            return Asked::Unknown;
        }
        let expected =
            if endpoint.operation == OperationKind::ModelListing { Method::GET } else { Method::POST };
        return if *method == expected { Asked::Operation(endpoint) } else { Asked::WrongMethod };
    }
    if let Some((id, what)) = predictions::address(method, path, speaker) {
        return Asked::Prediction(id, what);
    }
    match path.rsplit_once("/models/") {
        Some((_, id)) if *method == Method::GET && !id.is_empty() => Asked::Model(id),
        _ => Asked::Unknown,
    }
}
