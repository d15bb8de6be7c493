//! Model resolution: from a model's name to the providers that may be asked, and to their own names of the model.
//!
//! In this order: an alias, a wildcard alias, `provider/model` (or `provider:model`), then the catalog, which knows who
//! offers a bare name. Aliases are followed once, when they are set, so that a call costs a look-up or two.

mod aliases;

use aliases::{Aliases, End};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    sync::Arc,
};

/// Who offers a bare name: the catalog.
pub type LookUp = Arc<dyn Fn(&str) -> Vec<Candidate> + Send + Sync>;

/// Names of longer ones are not compared: that takes quadratic time.
const LONGEST_COMPARED: usize = 64;

/// How alike two names are, of 1, for one to be suggested in place of the other.
const ALIKE: f64 = 0.6;

/// How models are named, as the configuration says it.
#[derive(Clone, Default)]
pub struct Routing {
    /// Names, with what they stand for: other aliases, `provider/model`, or bare names. One `*` in a name stands for
    /// any text, and is put in place of a `*` in what it stands for.
    pub aliases: Vec<(String, String)>,
    /// Other names of providers, with their ids.
    pub provider_aliases: Vec<(String, String)>,
    /// The ids of the providers that can be called: bare names lead to them.
    pub configured: Vec<String>,
    /// The model where a call names none.
    pub default_model: Option<String>,
    /// Who offers a bare name.
    pub look_up: Option<LookUp>,
}

impl Routing {
    /// All that is wrong with it, where the providers `ids` are there.
    pub fn check<'ids>(self, ids: impl Iterator<Item = &'ids str>) -> Vec<RoutingProblem> {
        Routes::new(self, ids).err().unwrap_or_default()
    }
}

/// What a model's name resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Who may be asked, in this order; never empty.
    pub candidates: Vec<Candidate>,
    /// The name as it was written, where it does not spell out provider and model.
    pub alias: Option<String>,
}

/// A provider that may be asked, and its own name of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// The provider's id.
    pub provider: String,
    /// Its own name of the model.
    pub model: String,
}

/// A name that the configuration gives leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingProblem {
    /// The alias at fault; `None` for the default model.
    pub alias: Option<String>,
    /// What is wrong with it.
    pub message: String,
}

/// How models are named, made ready.
#[derive(Default)]
pub(crate) struct Routes {
    aliases: Aliases,
    providers: Providers,
    default_model: Option<String>,
    look_up: Option<LookUp>,
}

/// The providers by their ids and other names.
#[derive(Default)]
struct Providers {
    /// Id, and whether it can be called.
    named: HashMap<String, (Arc<str>, bool)>,
}

/// What a name is, read as `provider/model`.
#[derive(Clone, Copy)]
enum Named<'a> {
    Route(&'a Arc<str>, &'a str),
    /// A known provider, and nothing after it.
    NoModel,
    /// What would be the provider is not known.
    UnknownProvider(&'a str),
    Bare,
}

impl Routes {
    /// `ids` are the providers that are there. Gives all that is wrong at once.
    pub(crate) fn new<'ids>(
        routing: Routing,
        ids: impl Iterator<Item = &'ids str>,
    ) -> Result<Self, Vec<RoutingProblem>> {
        let Routing { aliases, provider_aliases, configured, default_model, look_up } = routing;
        let mut providers = Providers::default();
        let configured: HashSet<String> = configured.into_iter().collect();
        for id in ids {
            providers.named.insert(id.to_owned(), (id.into(), configured.contains(id)));
        }
        for (alias, id) in provider_aliases {
            // An id wins over another's alias.
            if let Some(provider) = providers.named.get(&id).cloned() {
                providers.named.entry(alias).or_insert(provider);
            }
        }
        let mut routes = Self { providers, default_model, look_up, ..Self::default() };
        let (aliases, mut problems) = Aliases::new(aliases, &routes);
        routes.aliases = aliases;
        if let Some(model) = &routes.default_model
            && let Err(message) = routes.check(model)
        {
            problems.push(RoutingProblem { alias: None, message });
        }
        if problems.is_empty() { Ok(routes) } else { Err(problems) }
    }

    /// Who is asked first for `model`, or for the default. The error says what to write instead.
    pub(crate) fn resolve(&self, model: Option<&str>) -> Result<Candidate, String> {
        let name = match (model, &self.default_model) {
            (Some(model), _) => model,
            (None, Some(default)) => default,
            (None, None) => {
                return Err("model: none is given, and there is no default; write 'provider/model', or set `model` in the configuration or FERRULE_MODEL".into());
            }
        };
        if let Some(end) = self.aliases.exact(name) {
            return match end {
                End::Route(route) => Ok(route.clone()),
                End::Bare(bare) => self.bare(bare).map_err(|why| format!("{why} (alias {})", quoted(name))),
            };
        }
        let named = self.providers.read(name);
        // A wildcard without a provider of its own stands for bare names only.
        let replaced = self.aliases.wildcard(name, matches!(named, Named::Route(..) | Named::NoModel));
        if let Some(replaced) = replaced {
            return match self.aliases.exact(&replaced) {
                Some(End::Route(route)) => Ok(route.clone()),
                Some(End::Bare(bare)) => self.bare(bare),
                None => self.direct(&replaced, self.providers.read(&replaced)),
            }
            .map_err(|why| format!("{why} (alias of {})", quoted(name)));
        }
        self.direct(name, named)
    }

    /// The id of the provider that has this id or alias.
    pub(crate) fn provider(&self, name: &str) -> Option<&str> {
        self.providers.named.get(name).map(|(id, _)| &**id)
    }

    /// What is said of a provider that does not exist.
    pub(crate) fn unknown_provider(&self, name: &str) -> String {
        format!("unknown provider {}{}", quoted(name), self.nearest_or_known(name))
    }

    fn direct(&self, name: &str, named: Named<'_>) -> Result<Candidate, String> {
        match named {
            Named::Route(provider, model) => {
                Ok(Candidate { provider: provider.to_string(), model: model.to_owned() })
            }
            Named::NoModel => Err(format!("model: {} names no model; write 'provider/model'", quoted(name))),
            Named::UnknownProvider(provider) => match self.offered(name).as_slice() {
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

    /// Whether `name` leads somewhere, whoever has a key.
    fn check(&self, name: &str) -> Result<(), String> {
        if self.aliases.exact(name).is_some() || !self.offered(name).is_empty() {
            return Ok(());
        }
        self.resolve(Some(name)).map(drop)
    }

    /// Who offers a bare name, of the providers that are there.
    fn offered(&self, name: &str) -> Vec<(Candidate, bool)> {
        let Some(look_up) = &self.look_up else { return Vec::new() };
        // Each provider once, whatever the catalog says.
        let mut found = BTreeMap::new();
        for route in look_up(name) {
            if let Some((id, configured)) = self.providers.named.get(&route.provider) {
                let route = Candidate { provider: id.to_string(), model: route.model };
                found.entry(id.to_string()).or_insert((route, *configured));
            }
        }
        found.into_values().collect()
    }

    fn bare(&self, name: &str) -> Result<Candidate, String> {
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
        let instance = if name.is_empty() { "gpt-5-mini" } else { name };
        let hint = match nearest(name, self.aliases.names()) {
            Some(alias) => format!("did you mean {}?", quoted(alias)),
            None => format!("for instance {}", quoted(&format!("openai/{instance}"))),
        };
        format!("model: {} names no provider; write 'provider/model', {hint}", quoted(name))
    }

    fn nearest_or_known(&self, name: &str) -> String {
        if let Some(near) = nearest(name, self.providers.named.keys().map(String::as_str)) {
            return format!("; did you mean `{near}`?");
        }
        let named = self.providers.named.values();
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

impl Providers {
    /// `name` as `provider/model` or `provider:model`; the rest of it is the provider's own.
    fn read<'a>(&'a self, name: &'a str) -> Named<'a> {
        let Some(mark) = name.find(['/', ':']) else { return Named::Bare };
        let (before, after) = name.split_at(mark);
        let after = after.get(1..).unwrap_or_default();
        match self.named.get(before) {
            Some(_) if after.is_empty() => Named::NoModel,
            Some((id, _)) => Named::Route(id, after),
            None => Named::UnknownProvider(before),
        }
    }
}

/// Names only: what the catalog is, is its own affair.
impl fmt::Debug for Routes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Routes")
            .field("default_model", &self.default_model)
            .field("providers", &self.providers.named.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Routing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Routing")
            .field("aliases", &self.aliases)
            .field("default_model", &self.default_model)
            .finish_non_exhaustive()
    }
}

impl Route {
    /// The candidate that is asked first.
    pub fn first(&self) -> Option<&Candidate> {
        self.candidates.first()
    }
}

impl Candidate {
    /// Whether `name` says `provider/model` itself.
    pub(crate) fn is_spelled_out_by(&self, name: &str) -> bool {
        let named = name.strip_prefix(&*self.provider).and_then(|rest| rest.strip_prefix(['/', ':']));
        named == Some(self.model.as_str())
    }
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.candidates.first().map_or(Ok(()), |first| first.fmt(formatter))
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.provider, self.model)
    }
}

fn listed<'a>(routes: impl Iterator<Item = &'a Candidate>) -> String {
    routes.map(|route| quoted(&route.to_string())).collect::<Vec<_>>().join(", ")
}

/// `name` for an error: of bearable length, and nothing in it that steers a terminal.
fn quoted(name: &str) -> String {
    let mut shown: String = name.chars().take(120).flat_map(char::escape_debug).collect();
    if name.chars().nth(120).is_some() {
        shown.push_str("...");
    }
    format!("'{shown}'")
}

/// What is most like `name`, where something is like it.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.is_empty() || name.len() > LONGEST_COMPARED {
        return None;
    }
    known
        .filter(|other| other.len() <= LONGEST_COMPARED)
        .map(|other| (strsim::normalized_damerau_levenshtein(name, other), other))
        .filter(|(alike, _)| *alike >= ALIKE)
        // The first by name where two are as near, so that it is the same one each time.
        .min_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(other.1)))
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests;
