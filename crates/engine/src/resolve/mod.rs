//! Model resolution: from a model's name to the providers that may be asked, and to their own names of the model.
//!
//! In this order: an alias, a wildcard alias, `provider/model` (or `provider:model`), then the catalog, which knows who
//! offers a bare name. Aliases are followed once, when they are set, so that a call costs a look-up or two.

mod aliases;
mod candidate;
mod names;
mod routing;

pub use candidate::{Candidate, Route};
pub use names::{LookUp, nearest as nearest_name};
pub use routing::{Routing, RoutingProblem};

use aliases::{Aliases, End};
use names::{Named, Names, quoted};
use std::{collections::HashSet, fmt};

/// How models are named, made ready.
#[derive(Default)]
pub(crate) struct Routes {
    aliases: Aliases,
    names: Names,
    default_model: Option<String>,
}

impl Routing {
    /// All that is wrong with it, where the providers `ids` are there.
    pub fn check<'ids>(self, ids: impl Iterator<Item = &'ids str>) -> Vec<RoutingProblem> {
        Routes::new(self, ids).err().unwrap_or_default()
    }
}

impl Routes {
    /// `ids` are the providers that are there. Gives all that is wrong at once.
    pub(crate) fn new<'ids>(
        routing: Routing,
        ids: impl Iterator<Item = &'ids str>,
    ) -> Result<Self, Vec<RoutingProblem>> {
        let Routing { aliases, provider_aliases, configured, default_model, look_up, similar } = routing;
        let configured: HashSet<String> = configured.into_iter().collect();
        let ids = ids.map(|id| (id, configured.contains(id)));
        let mut names = Names::new(ids, provider_aliases, look_up);
        names.similar = similar;
        let (aliases, mut problems) = Aliases::new(aliases, &names);
        names.aliases = aliases.names().map(str::to_owned).collect();
        let routes = Self { aliases, names, default_model };
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
                End::Bare(bare) => {
                    self.names.bare(bare).map_err(|why| format!("{why} (alias {})", quoted(name)))
                }
            };
        }
        let named = self.names.read(name);
        // A wildcard without a provider of its own stands for bare names only.
        let replaced = self.aliases.wildcard(name, matches!(named, Named::Route(..) | Named::NoModel));
        if let Some(replaced) = replaced {
            return match self.aliases.exact(&replaced) {
                Some(End::Route(route)) => Ok(route.clone()),
                Some(End::Bare(bare)) => self.names.bare(bare),
                None => self.names.direct(&replaced, self.names.read(&replaced)),
            }
            .map_err(|why| format!("{why} (alias of {})", quoted(name)));
        }
        self.names.direct(name, named)
    }

    /// The id of the provider that has this id or alias.
    pub(crate) fn provider(&self, name: &str) -> Option<&str> {
        self.names.provider(name)
    }

    /// The error for a provider that does not exist.
    pub(crate) fn unknown_provider(&self, name: &str) -> String {
        self.names.unknown_provider(name)
    }

    /// Whether `name` leads somewhere, whoever has a key.
    fn check(&self, name: &str) -> Result<(), String> {
        if self.aliases.exact(name).is_some() || !self.names.offered(name).is_empty() {
            return Ok(());
        }
        self.resolve(Some(name)).map(drop)
    }
}

/// Names only: what the catalog is, is its own affair.
impl fmt::Debug for Routes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Routes")
            .field("default_model", &self.default_model)
            .field("providers", &self.names.count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
