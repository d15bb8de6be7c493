//! Recipients of calls: a provider and a request for each candidate.

use crate::{options::CallOptions, resolve::Route};

/// One call.
#[derive(Clone, Debug)]
pub struct Call<R> {
    /// Who is called.
    pub to: Recipient,
    /// What is asked. The engine sets its model: to the name that the provider has for it.
    pub request: R,
    /// How.
    pub options: CallOptions,
}

/// Who is called.
#[derive(Clone, Debug)]
pub enum Recipient {
    /// Whoever a model's name resolves to; the default model where absent.
    Model(Option<String>),
    /// The candidates of a name that was resolved before.
    Route(Route),
    /// The provider with this id, and no other.
    Provider(String),
}

impl<R> Call<R> {
    /// A call with the usual options.
    pub fn new(to: impl Into<Recipient>, request: R) -> Self {
        Self { to: to.into(), request, options: CallOptions::default() }
    }

    /// The same call with another request, made of this one.
    pub(crate) fn map<W>(self, make: impl FnOnce(R) -> W) -> Call<W> {
        Call { to: self.to, request: make(self.request), options: self.options }
    }
}

/// The name of a model.
impl From<&str> for Recipient {
    fn from(model: &str) -> Self {
        Self::Model(Some(model.to_owned()))
    }
}

impl From<Route> for Recipient {
    fn from(route: Route) -> Self {
        Self::Route(route)
    }
}
