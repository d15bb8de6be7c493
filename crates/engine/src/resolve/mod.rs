//! Model resolution: from a model's name to the providers that offer it and their own names of the model.
//!
//! In this order: an alias, a wildcard alias, `provider/model` (or `provider:model`), then the catalog, which knows the
//! providers of a bare name. Aliases are resolved once, when they are set, so a call costs a look-up or two.

mod aliases;
mod candidate;
mod group;
mod groups;
mod names;
mod routing;

pub use candidate::{Candidate, Group, Route};
pub use group::{GroupRules, GroupSettings, GroupTarget, TargetSettings};
pub use names::{LookUp, nearest as nearest_name};
pub use routing::{Place, Routing, RoutingProblem};

use crate::group_state::GroupStates;
use aliases::{Aliases, End};
use groups::{Given, Groups};
use names::{Names, quoted};
use std::{collections::HashSet, fmt, sync::Arc};

/// The resolved names of models.
#[derive(Default)]
pub(crate) struct Routes {
    aliases: Aliases,
    groups: Groups,
    names: Names,
    default_model: Option<String>,
}

impl Routing {
    /// Every problem with it, given the providers `ids`.
    pub fn check<'ids>(self, ids: impl Iterator<Item = &'ids str>) -> Vec<RoutingProblem> {
        Routes::new(self, ids, GroupStates::default()).err().unwrap_or_default()
    }
}

impl Routes {
    /// `ids` are the known providers, `states` the existing groups' states. The error lists every problem at once.
    pub(crate) fn new<'ids>(
        routing: Routing,
        ids: impl Iterator<Item = &'ids str>,
        states: GroupStates,
    ) -> Result<Self, Vec<RoutingProblem>> {
        let Routing {
            aliases,
            groups,
            provider_aliases,
            configured,
            default_model,
            look_up,
            similar,
            catalog,
        } = routing;
        let configured: HashSet<String> = configured.into_iter().collect();
        let ids = ids.map(|id| (id, configured.contains(id)));
        let mut names = Names::new(ids, provider_aliases, look_up);
        names.similar = similar;
        let (groups, misnamed) = Given::new(groups);
        let is_group = |name: &str| groups.has(name, names.read(name).has_provider());
        let (aliases, mut problems) = Aliases::new(aliases, &names, &is_group);
        let (groups, wrong) = Groups::new(groups, &aliases, &names, catalog.as_deref(), states);
        problems.extend(misnamed.into_iter().chain(wrong));
        names.suggested = aliases.names().chain(groups.names()).map(str::to_owned).collect();
        let routes = Self { aliases, groups, names, default_model };
        if let Some(model) = &routes.default_model
            && let Err(message) = routes.check(model)
        {
            problems.push(RoutingProblem { place: Place::DefaultModel, message });
        }
        if problems.is_empty() { Ok(routes) } else { Err(problems) }
    }

    /// The candidates for `model`, or for the default. The error says what to write instead.
    pub(crate) fn resolve(&self, model: Option<&str>) -> Result<Route, String> {
        let name = match (model, &self.default_model) {
            (Some(model), _) => model,
            (None, Some(default)) => default,
            (None, None) => {
                return Err("model: none is given, and there is no default; write 'provider/model', or set `model` in the configuration or FERRULE_MODEL".into());
            }
        };
        if let Some(found) = self.exactly(name) {
            return found.map_err(|why| format!("{why} (alias {})", quoted(name)));
        }
        let named = self.names.read(name);
        // A wildcard without a provider matches bare names only.
        if let Some(replaced) = self.aliases.wildcard(name, named.has_provider()) {
            let found = self.exactly(&replaced).unwrap_or_else(|| self.wildcard_or_direct(&replaced));
            return found.map_err(|why| format!("{why} (alias of {})", quoted(name)));
        }
        self.wildcard_or_direct(name)
    }

    fn wildcard_or_direct(&self, name: &str) -> Result<Route, String> {
        let named = self.names.read(name);
        if let Some(group) = self.groups.wildcard(name, named.has_provider(), &self.aliases, &self.names) {
            return group.map(Route::from).map_err(|why| format!("{why} (group of {})", quoted(name)));
        }
        self.names.direct(name, named).map(Route::from)
    }

    /// The candidates for any of `models`, in their order.
    pub(crate) fn resolve_all(&self, models: &[String]) -> Result<Route, String> {
        let [first, ..] = models else {
            return Err("model: an empty list; write 'provider/model', or several".into());
        };
        let mut targets = Vec::with_capacity(models.len());
        for model in models {
            targets.extend(self.resolve(Some(model))?.candidates);
        }
        let alias = Some(first.clone());
        Ok(Route {
            alias,
            ..Route::from(Arc::new(groups::of_the_moment(targets, self.groups.state_of(models))))
        })
    }

    /// All groups but wildcards.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.groups.all()
    }

    fn exactly(&self, name: &str) -> Option<Result<Route, String>> {
        let name = match self.aliases.exact(name) {
            Some(End::Route(only)) => return Some(Ok(only.clone().into())),
            Some(End::Bare(bare)) => return Some(self.names.bare(bare).map(Route::from)),
            Some(End::Group(group)) => match self.groups.exact(group) {
                Some(_) => group,
                None => return Some(self.wildcard_or_direct(group)),
            },
            None => name,
        };
        self.groups.exact(name).map(|group| Ok(Arc::clone(group).into()))
    }

    /// The id of the provider that has this id or alias.
    pub(crate) fn provider(&self, name: &str) -> Option<&str> {
        self.names.provider(name)
    }

    /// The error for an unknown provider.
    pub(crate) fn unknown_provider(&self, name: &str) -> String {
        self.names.unknown_provider(name)
    }

    /// Whether `name` resolves, regardless of keys.
    fn check(&self, name: &str) -> Result<(), String> {
        if self.aliases.exact(name).is_some() || !self.names.offered(name).is_empty() {
            return Ok(());
        }
        self.resolve(Some(name)).map(drop)
    }
}

impl From<Candidate> for Route {
    fn from(only: Candidate) -> Self {
        Self { candidates: vec![only], alias: None, group: None }
    }
}

impl From<Arc<Group>> for Route {
    fn from(group: Arc<Group>) -> Self {
        Self { candidates: group.targets.clone(), alias: None, group: Some(group) }
    }
}

/// Names only: the catalog's contents do not belong here.
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
