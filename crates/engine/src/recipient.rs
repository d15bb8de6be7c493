//! Recipients of calls: a provider and a request for each candidate.

use crate::{options::CallOptions, resolve::Route};

/// One call.
#[derive(Clone, Debug)]
pub struct Call<R> {
    /// The recipient.
    pub to: Recipient,
    /// The request. The engine sets its model to the provider's own name of it.
    pub request: R,
    /// The options.
    pub options: CallOptions,
}

/// The recipient of a call.
#[derive(Clone, Debug)]
pub enum Recipient {
    /// The candidates that a model's name resolves to; of the default model if absent.
    Model(Option<String>),
    /// The candidates of a name resolved before.
    Route(Route),
    /// The provider with this id, and no other.
    Provider(String),
}

impl<R> Call<R> {
    /// A call with default options.
    pub fn new(to: impl Into<Recipient>, request: R) -> Self {
        Self { to: to.into(), request, options: CallOptions::default() }
    }

    /// The same call with another request made from this one.
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
