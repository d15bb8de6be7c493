//! Names of models, read against the known providers and the catalog.

use super::candidate::Candidate;
use ferrule_wire::providers::split_name;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Looks up the providers of a bare name: the catalog.
pub type LookUp = Arc<dyn Fn(&str) -> Vec<Candidate> + Send + Sync>;

/// Longer names are not compared: that takes quadratic time.
const MAX_COMPARED: usize = 64;

/// The similarity, from 0 to 1, from which one name is suggested in place of another.
const ALIKE: f64 = 0.6;

/// The providers by id and alias, and the look-up of bare names.
#[derive(Default)]
pub(super) struct Names {
    /// The id, and whether it can be called.
    named: HashMap<String, (Arc<str>, bool)>,
    pub(super) look_up: Option<LookUp>,
    /// Looks up suggestions for a bare name that no provider offers.
    pub(super) similar: Option<LookUp>,
    /// Suggestions for a bare name that no provider offers.
    pub(super) suggested: Vec<String>,
}

/// The parts of a name read as `provider/model`.
#[derive(Clone, Copy)]
pub(super) enum Named<'a> {
    Route(&'a Arc<str>, &'a str),
    /// A known provider, with nothing after it.
    NoModel,
    /// The prefix is not a known provider.
    UnknownProvider(&'a str),
    Bare,
}

impl Named<'_> {
    /// Whether it begins with a known provider.
    pub(super) fn has_provider(self) -> bool {
        matches!(self, Self::Route(..) | Self::NoModel)
    }
}

impl Names {
    /// `ids` are the known providers, each with whether it can be called; `aliases` are their other names.
    pub(super) fn new<'ids>(
        ids: impl Iterator<Item = (&'ids str, bool)>,
        aliases: Vec<(String, String)>,
        look_up: Option<LookUp>,
    ) -> Self {
        let mut named: HashMap<String, (Arc<str>, bool)> =
            ids.map(|(id, configured)| (id.to_owned(), (id.into(), configured))).collect();
        let ids: Vec<Arc<str>> = named.values().map(|(id, _)| Arc::clone(id)).collect();
        for (alias, id) in aliases {
            // An id takes precedence over another provider's alias, ignoring case.
            let is_taken = ids.iter().any(|other| **other != *id && other.eq_ignore_ascii_case(&alias));
            if let Some(provider) = named.get(&id).cloned().filter(|_| !is_taken) {
                named.entry(alias).or_insert(provider);
            }
        }
        Self { named, look_up, similar: None, suggested: Vec::new() }
    }

    /// The number of provider names.
    pub(super) fn count(&self) -> usize {
        self.named.len()
    }

    /// The id of the provider that has this id or alias.
    pub(super) fn provider(&self, name: &str) -> Option<&str> {
        self.known(name).map(|id| &**id)
    }

    /// The id of the provider with this id or alias; ignoring case if that is unambiguous.
    fn known(&self, name: &str) -> Option<&Arc<str>> {
        if let Some((id, _)) = self.named.get(name) {
            return Some(id);
        }
        let mut alike = self.named.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, (id, _)) = alike.next()?;
        alike.all(|(_, (other, _))| other == id).then_some(id)
    }

    /// The error for an unknown provider.
    pub(super) fn unknown_provider(&self, name: &str) -> String {
        format!("unknown provider {}{}", quoted(name), self.nearest_or_known(name))
    }

    /// `name` as `provider/model` or `provider:model`; the rest is the provider's own name of the model.
    pub(super) fn read<'a>(&'a self, name: &'a str) -> Named<'a> {
        let Some((before, after)) = split_name(name) else { return Named::Bare };
        match self.known(before) {
            Some(_) if after.is_empty() => Named::NoModel,
            Some(id) => Named::Route(id, after),
            None => Named::UnknownProvider(before),
        }
    }

    /// The candidate for a name that was read this way and is not an alias.
    pub(super) fn direct(&self, name: &str, named: Named<'_>) -> Result<Candidate, String> {
        match named {
            Named::Route(provider, model) => Ok(Candidate::new(&**provider, model)),
            Named::NoModel => Err(format!("model: {} names no model; write 'provider/model'", quoted(name))),
            Named::UnknownProvider(provider) => match self.offered(name).as_slice() {
                [] if is_prose(name) && self.nearest_provider(provider).is_none() => Err(not_a_name(name)),
                [] => Err(format!(
                    "model: {} names no known provider ({}); write 'provider/model'{}",
                    quoted(name),
                    quoted(provider),
                    self.nearest_or_known(provider)
                )),
                _ => self.bare(name),
            },
            Named::Bare => self.bare(name),
        }
    }

    /// The known providers that offer a bare name.
    pub(super) fn offered(&self, name: &str) -> Vec<(Candidate, bool)> {
        self.looked_up(self.look_up.as_ref(), name)
    }

    fn looked_up(&self, look_up: Option<&LookUp>, name: &str) -> Vec<(Candidate, bool)> {
        let Some(look_up) = look_up else { return Vec::new() };
        // Each provider once, whatever the catalog says.
        let mut found = BTreeMap::new();
        for route in look_up(name) {
            if let Some((id, configured)) = self.named.get(&route.provider) {
                let route = Candidate::new(&**id, route.model);
                found.entry(id.to_string()).or_insert((route, *configured));
            }
        }
        found.into_values().collect()
    }

    /// The candidate for a bare name.
    pub(super) fn bare(&self, name: &str) -> Result<Candidate, String> {
        let offered = self.offered(name);
        let configured: Vec<&Candidate> =
            offered.iter().filter(|(_, configured)| *configured).map(|(route, _)| route).collect();
        match (configured.as_slice(), offered.as_slice()) {
            ([only], _) => Ok((*only).clone()),
            ([], [(only, _)]) => Ok(only.clone()),
            ([], []) => Err(self.names_no_provider(name)),
            ([], _) => {
                let candidates = listed(offered.iter().map(|(route, _)| route));
                Err(format!("model: no provider of {} has a key; write one of {candidates}", quoted(name)))
            }
            (several, _) => {
                let candidates = listed(several.iter().copied());
                Err(format!(
                    "model: {} is ambiguous, several providers offer it; write one of {candidates}",
                    quoted(name)
                ))
            }
        }
    }

    fn names_no_provider(&self, name: &str) -> String {
        if let Some(id) = self.known(name) {
            return format!("model: {} names a provider and no model; write '{id}/model'", quoted(name));
        }
        let instance = if name.is_empty() { "gpt-5-mini" } else { name };
        let similar = self.looked_up(self.similar.as_ref(), name);
        // Those with a key first.
        let (with_key, without): (Vec<_>, Vec<_>) =
            similar.into_iter().partition(|(_, configured)| *configured);
        let similar = with_key.into_iter().chain(without).map(|(route, _)| route).next();
        let hint = match (nearest(name, self.suggested.iter().map(String::as_str)), similar) {
            (Some(alias), _) => format!("did you mean {}?", quoted(alias)),
            (None, Some(route)) => format!("did you mean {}?", quoted(&route.to_string())),
            (None, None) if is_prose(name) => return not_a_name(name),
            (None, None) => format!("for instance {}", quoted(&format!("openai/{instance}"))),
        };
        format!("model: {} names no provider; write 'provider/model', {hint}", quoted(name))
    }

    fn nearest_provider(&self, name: &str) -> Option<&str> {
        nearest(name, self.named.keys().map(String::as_str))
    }

    fn nearest_or_known(&self, name: &str) -> String {
        if let Some(near) = self.nearest_provider(name) {
            return format!("; did you mean `{near}`?");
        }
        let named = self.named.values();
        let mut known: Vec<&str> =
            named.clone().filter(|(_, configured)| *configured).map(|(id, _)| &**id).collect();
        if known.is_empty() {
            known = named.map(|(id, _)| &**id).collect();
        }
        known.sort_unstable();
        known.dedup();
        format!("; known: {}", known.join(", "))
    }
}

fn listed<'a>(routes: impl Iterator<Item = &'a Candidate>) -> String {
    routes.map(|route| quoted(&route.to_string())).collect::<Vec<_>>().join(", ")
}

/// Whether a model's name looks like a prompt: no model's name has spaces.
fn is_prose(name: &str) -> bool {
    name.trim().contains(char::is_whitespace)
}

fn not_a_name(name: &str) -> String {
    format!(
        "model: {} is not the name of a model; the model comes first, as 'provider/model', and the prompt after it",
        quoted(name)
    )
}

/// `name` for an error message: truncated, without terminal control characters.
pub(super) fn quoted(name: &str) -> String {
    let mut shown: String = name.chars().take(120).flat_map(char::escape_debug).collect();
    if name.chars().nth(120).is_some() {
        shown.push_str("...");
    }
    format!("'{shown}'")
}

/// The one of `known` most similar to `name`, if any is similar enough.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.is_empty() || name.len() > MAX_COMPARED {
        return None;
    }
    known
        .filter(|other| other.len() <= MAX_COMPARED)
        .map(|other| (strsim::normalized_damerau_levenshtein(name, other), other))
        .filter(|(alike, _)| *alike >= ALIKE)
        // Ties are broken by name, so that the result is stable.
        .min_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(other.1)))
        .map(|(_, other)| other)
}
