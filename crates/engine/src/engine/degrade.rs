//! Degraded calls: calls redirected to a cheaper group by a budget.

use super::Engine;
use crate::{
    admission::Facts,
    error::CallError,
    failure::Failure,
    observe::Events,
    options::CallOptions,
    recipient::{Call, Recipient},
};
use std::future::Future;

impl Engine {
    /// Whether a call to `to` may be redirected. A call to one particular provider may not.
    pub(super) fn may_degrade(&self, to: &Recipient) -> bool {
        let rules = self.admission.as_ref().filter(|_| !matches!(to, Recipient::Provider(_)));
        rules.is_some_and(|rules| rules.may_degrade())
    }

    /// Makes `call`, redirected by its budgets to a cheaper group above a threshold or when it does not fit.
    pub(super) async fn degrading<R: Clone, T, F: Future<Output = Result<T, CallError>>>(
        &self,
        mut call: Call<R>,
        make: impl Fn(Call<R>) -> F,
    ) -> Result<T, CallError> {
        if let Some(to) = self.degraded(&call.to, &call.options) {
            call.to = to;
            return make(call).await;
        }
        let again =
            Call { to: call.to.clone(), request: call.request.clone(), options: call.options.clone() };
        let error = match make(call).await {
            Err(error) => error,
            made => return made,
        };
        let to = match &error.failure {
            Failure::Budget(exceeded) => exceeded.degrade_to.as_deref(),
            _ => None,
        };
        match to.and_then(|to| self.resolve(Some(to)).ok()) {
            Some(route) => make(Call { to: route.into(), ..again }).await,
            None => Err(error),
        }
    }

    fn degraded(&self, to: &Recipient, options: &CallOptions) -> Option<Recipient> {
        let rules = self.admission.as_ref()?;
        let route = self.route(to.clone()).ok()?;
        let first = route.first()?;
        let provider = self.provider_of(first)?;
        let target = provider.target_name(&first.model);
        let group = route.group.as_ref().map(|group| &*group.name).filter(|name| !name.is_empty());
        let facts = Facts {
            metadata: &options.metadata,
            target_metadata: &[],
            group,
            provider: &provider.id,
            target: &target,
            key: &provider.id,
        };
        let to = rules.degraded(&facts, &Events::new(options.observer.as_ref()))?;
        // The call requests this group already.
        if group == Some(&*to) {
            return None;
        }
        self.resolve(Some(&to)).ok().map(Recipient::from)
    }
}
