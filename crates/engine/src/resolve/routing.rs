//! Routing settings: how models are named.

use super::names::LookUp;
use std::fmt;

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
    /// Who may be meant by a name that nobody offers: suggested, never called.
    pub similar: Option<LookUp>,
}

/// A name that the configuration gives leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingProblem {
    /// The alias at fault; `None` for the default model.
    pub alias: Option<String>,
    /// What is wrong with it.
    pub message: String,
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
