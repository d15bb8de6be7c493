//! Routing settings: how models are named.

use super::{group::GroupSettings, names::LookUp};
use ferrule_catalog::Catalog;
use std::{fmt, sync::Arc};

/// How models are named, as the configuration says it.
#[derive(Clone, Default)]
pub struct Routing {
    /// Names, with what they stand for: other aliases, `provider/model`, or bare names. One `*` in a name stands for
    /// any text, and is put in place of a `*` in what it stands for.
    pub aliases: Vec<(String, String)>,
    /// Groups of models. Their names may be targets of aliases, and of each other.
    pub groups: Vec<GroupSettings>,
    /// Other names of providers, with their ids.
    pub provider_aliases: Vec<(String, String)>,
    /// The ids of the providers that can be called: bare names lead to them.
    pub configured: Vec<String>,
    /// The model where a call names none.
    pub default_model: Option<String>,
    /// Who offers a bare name.
    pub look_up: Option<LookUp>,
    /// Who may be meant by a name that nobody offers: suggested, never called.
    pub similar: Option<LookUp>,
    /// Decides whether the targets of a group embed alike.
    pub catalog: Option<Arc<Catalog>>,
}

/// A name that the configuration gives leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingProblem {
    /// What is at fault.
    pub place: Place,
    /// What is wrong with it.
    pub message: String,
}

/// A name of the configuration.
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
