//! Routing settings: aliases, groups and defaults for the names of models.

use super::{group::GroupSettings, names::LookUp};
use ferrule_catalog::Catalog;
use std::{fmt, sync::Arc};

/// The names of models, as configured.
#[derive(Clone, Default)]
pub struct Routing {
    /// Names, with what they stand for: other aliases, `provider/model`, or bare names. One `*` in a name matches any
    /// text, which replaces a `*` in what it stands for.
    pub aliases: Vec<(String, String)>,
    /// Groups of models. Their names may be targets of aliases and of other groups.
    pub groups: Vec<GroupSettings>,
    /// Other names of providers, with their ids.
    pub provider_aliases: Vec<(String, String)>,
    /// The ids of the providers that can be called: bare names resolve to them.
    pub configured: Vec<String>,
    /// The model of calls that name none.
    pub default_model: Option<String>,
    /// Looks up the providers of a bare name.
    pub look_up: Option<LookUp>,
    /// Looks up suggestions for a name that no provider offers; they are never called.
    pub similar: Option<LookUp>,
    /// Decides whether the targets of a group embed alike.
    pub catalog: Option<Arc<Catalog>>,
}

/// A configured name that does not resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingProblem {
    /// The name at fault.
    pub place: Place,
    /// What is wrong with it.
    pub message: String,
}

/// Where a configured name stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The default model.
    DefaultModel,
    /// The alias with this name.
    Alias(String),
    /// The group with this name.
    Group(String),
}

impl fmt::Debug for Routing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Routing")
            .field("aliases", &self.aliases)
            .field("groups", &self.groups)
            .field("default_model", &self.default_model)
            .finish_non_exhaustive()
    }
}
