//! Routing: from the method, path and headers of a request to a provider and what is asked of it.

use super::emulated::EmulatedProvider;
use crate::dialect::{FollowUpEndpoint, ManagementEndpoint, registry};
use crate::error::Headers;
use crate::operation::{Endpoint, OperationKind};

/// Where a request goes.
#[derive(Clone, Debug)]
pub struct Route<'a> {
    /// The provider whose address it is; where it is nobody's, the one that writes the error.
    pub provider: EmulatedProvider,
    /// What is asked of it.
    pub target: RouteTarget<'a>,
}

/// What an address is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteTarget<'a> {
    /// An operation.
    Operation(Endpoint<'a>),
    /// The description of one model.
    Model(&'a str),
    /// An answer that an earlier request began.
    FollowUp(FollowUpEndpoint<'a>),
    /// The management of a local server.
    Management(ManagementEndpoint),
    /// An operation's address with another method.
    MethodNotAllowed,
    /// No address that is known.
    NotFound,
}

/// Finds whose address `path` (without its query) is, and what for.
///
/// A path whose first segment is the id of a provider, or the name of a dialect, is theirs (`/groq/v1/chat/completions`).
/// Any other is that of the first dialect which knows it: the one that the headers speak for (`anthropic-version`), then
/// all in the order of [`registry::all`], where OpenAI's chat is the first.
pub fn route<'a>(method: &str, path: &'a str, headers: Headers<'_>) -> Route<'a> {
    if let Some((provider, rest)) = provider_prefix(path) {
        return Route { provider, target: target(method, rest, provider) };
    }
    let preferred = registry::all().find(|dialect| dialect.matches_headers(headers));
    let dialects = preferred.into_iter().chain(registry::all()).map(EmulatedProvider::at_plain_address);
    let mut wrong_method = None;
    let mut nobodys = None;
    for provider in dialects {
        match target(method, path, provider) {
            RouteTarget::NotFound => _ = nobodys.get_or_insert(provider),
            // Another dialect may have the same address for this method.
            RouteTarget::MethodNotAllowed => _ = wrong_method.get_or_insert(provider),
            target => return Route { provider, target },
        }
    }
    match (wrong_method, nobodys) {
        (Some(provider), _) => Route { provider, target: RouteTarget::MethodNotAllowed },
        (None, Some(provider)) => Route { provider, target: RouteTarget::NotFound },
        // Every dialect was tried above, so one of the two is there.
        (None, None) => Route { provider: EmulatedProvider::openai(), target: RouteTarget::NotFound },
    }
}

/// Whether `path`, at no provider's address or at that of OpenAI or Anthropic, is one that they answer with 404: without
/// the version that their base URL ends in, or with the endpoint twice, as when a base URL already ends in it.
pub fn is_misplaced(provider: EmulatedProvider, path: &str) -> bool {
    let format = provider.format();
    let path = match provider_prefix(path) {
        Some((named, rest)) if matches!(named.id(), "openai" | "openai-responses" | "anthropic") => rest,
        Some(_) => return false,
        None => path,
    };
    if !(format.starts_with("openai-") || format == "anthropic") {
        return false;
    }
    let segments = || path.split('/');
    let is_repeated = ["completions", "responses", "messages", "embeddings", "v1"]
        .iter()
        .any(|part| segments().filter(|segment| segment == part).count() > 1);
    is_repeated || !segments().any(|segment| segment == "v1")
}

/// The provider that the path begins with, and the rest of the path.
fn provider_prefix(path: &str) -> Option<(EmulatedProvider, &str)> {
    let (name, _) = path.strip_prefix('/')?.split_once('/')?;
    Some((EmulatedProvider::find(name)?, path.get(name.len() + 1..)?))
}

fn target<'a>(method: &str, path: &'a str, provider: EmulatedProvider) -> RouteTarget<'a> {
    let mut otherwise = RouteTarget::NotFound;
    if let Some(endpoint) = provider.endpoint(path)
        && provider.has(endpoint.operation)
    {
        let expected = if endpoint.operation == OperationKind::ModelListing { "GET" } else { "POST" };
        if method == expected {
            return RouteTarget::Operation(endpoint);
        }
        otherwise = RouteTarget::MethodNotAllowed;
    }
    if let Some(endpoint) = provider.follow_up_endpoint(method, path) {
        return RouteTarget::FollowUp(endpoint);
    }
    if let Some(endpoint) = provider.management_endpoint(method, path) {
        return RouteTarget::Management(endpoint);
    }
    match path.rsplit_once("/models/") {
        Some((_, id)) if method == "GET" && !id.is_empty() && otherwise == RouteTarget::NotFound => {
            RouteTarget::Model(id)
        }
        _ => otherwise,
    }
}
