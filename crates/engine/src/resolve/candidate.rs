//! Candidates: providers that offer a model; routes, which list them.

use super::group::{GroupRules, TargetSettings};
use crate::group_state::GroupState;
use std::{fmt, sync::Arc};

/// The result of resolving a model's name.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// The candidates; never empty. A strategy may reorder them.
    pub candidates: Vec<Candidate>,
    /// The name as it was written, unless it spells out provider and model.
    pub alias: Option<String>,
    /// The group that the name refers to, if any.
    pub group: Option<Arc<Group>>,
}

/// A provider to try, and its own name of the model.
#[derive(Clone, Debug, Default)]
pub struct Candidate {
    /// The provider's id.
    pub provider: String,
    /// Its own name of the model.
    pub model: String,
    /// The settings that its group gives it.
    pub settings: Option<Arc<TargetSettings>>,
}

/// A resolved group.
#[derive(Debug, Default)]
pub struct Group {
    /// Its name; empty for an ad-hoc group.
    pub name: String,
    /// Its targets.
    pub targets: Vec<Candidate>,
    /// Fallbacks for a prompt that is too long for all targets.
    pub context_fallback: Vec<Candidate>,
    /// Fallbacks after a content filter's refusal.
    pub content_filter_fallback: Vec<Candidate>,
    /// The rules of the group.
    pub rules: GroupRules,
    /// State kept between calls.
    pub(crate) state: Arc<GroupState>,
}

impl Route {
    /// The candidate that is tried first, unless a strategy decides otherwise.
    pub fn first(&self) -> Option<&Candidate> {
        self.candidates.first()
    }
}

impl Group {
    /// All its candidates, the targets first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Candidate> {
        self.targets.iter().chain(&self.context_fallback).chain(&self.content_filter_fallback)
    }
}

impl Candidate {
    /// A candidate without settings.
    pub fn new(provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self { provider: provider.into(), model: model.into(), settings: None }
    }

    /// The key of its provider within an engine.
    pub(crate) fn provider_key(&self) -> &str {
        let own = self.settings.as_ref().and_then(|settings| settings.provider.as_deref());
        own.unwrap_or(&self.provider)
    }

    /// Whether `name` spells out `provider/model`.
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
