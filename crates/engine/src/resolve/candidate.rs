//! Candidates: providers that may be asked for a model, and routes of them.

use std::fmt;

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
