//! Candidates: providers that offer a model, and routes of them.

use super::group::{GroupRules, TargetSettings};
use crate::group_state::GroupState;
use std::{fmt, sync::Arc};

/// What a model's name resolves to.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// Who may be asked; never empty. A strategy may order them otherwise.
    pub candidates: Vec<Candidate>,
    /// The name as it was written, where it does not spell out provider and model.
    pub alias: Option<String>,
    /// The group that the name is of, where it is of one.
    pub group: Option<Arc<Group>>,
}

/// A provider that may be asked, and its own name of the model.
#[derive(Clone, Debug, Default)]
pub struct Candidate {
    /// The provider's id.
    pub provider: String,
    /// Its own name of the model.
    pub model: String,
    /// What its group says of it.
    pub settings: Option<Arc<TargetSettings>>,
}

/// A group made ready.
#[derive(Debug, Default)]
pub struct Group {
    /// Its name; empty for the group of a moment.
    pub name: String,
    /// Who may be asked.
    pub targets: Vec<Candidate>,
    /// Who is asked where the prompt is too long for all of them.
    pub context_fallback: Vec<Candidate>,
    /// Who is asked where a content filter refuses.
    pub content_filter_fallback: Vec<Candidate>,
    /// What decides about them.
    pub rules: GroupRules,
    /// What is kept from call to call.
    pub(crate) state: Arc<GroupState>,
}

impl Route {
    /// The candidate that is asked first, as long as a strategy says nothing else.
    pub fn first(&self) -> Option<&Candidate> {
        self.candidates.first()
    }
}

impl Group {
    /// All whom it may ask, the targets first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Candidate> {
        self.targets.iter().chain(&self.context_fallback).chain(&self.content_filter_fallback)
    }
}

impl Candidate {
    /// A candidate that nothing more is said of.
    pub fn new(provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self { provider: provider.into(), model: model.into(), settings: None }
    }

    /// What its provider is called among those of an engine.
    pub(crate) fn provider_key(&self) -> &str {
        let own = self.settings.as_ref().and_then(|settings| settings.provider.as_deref());
        own.unwrap_or(&self.provider)
    }

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
