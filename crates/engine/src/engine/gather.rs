//! Candidates of a call: the targets its model resolves to, each with its provider, state and settings.

use super::Engine;
use crate::{
    candidates::{Candidates, Contender, PassedOver},
    error::CallError,
    health_check,
    one_line::InOneLine,
    plan::Pool,
    policy_options::{BreakerOptions, RetryOptions},
    recipient::Recipient,
    resolve::{Candidate, Route},
    target_state::OnOpen,
};
use std::sync::Arc;

impl Engine {
    /// The candidates of a call. At least one must be usable; unusable ones are left out.
    #[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
    pub(crate) fn candidates(&self, to: Recipient) -> Result<Candidates, CallError> {
        // A provider addressed by its id is called whatever its state: a health check wants to know just that.
        let keeps_state = !matches!(to, Recipient::Provider(_));
        let Route { candidates, group, .. } = self.route(to)?;
        let none: &[Candidate] = &[];
        let (context, filter) = match &group {
            Some(group) => (&*group.context_fallback, &*group.content_filter_fallback),
            None => (none, none),
        };
        let all = candidates.iter().map(|one| (one, Pool::Group));
        let all = all.chain(context.iter().map(|one| (one, Pool::Context)));
        let all = all.chain(filter.iter().map(|one| (one, Pool::Filter)));
        let rules = group.as_ref().map(|group| &group.rules);
        let mut found = Candidates { group: group.clone(), ..Candidates::default() };
        let mut unusable = None;
        for (candidate, pool) in all {
            let Candidate { provider: id, model, settings } = candidate;
            let key = candidate.provider_key();
            let provider = match self.provider(key) {
                Ok(provider) => Arc::clone(provider),
                Err(failure) => {
                    tracing::debug!(target: "ferrule", provider = key, failure = %InOneLine(&failure), "cannot be asked");
                    let variant = key.strip_prefix(&**id).and_then(|rest| rest.strip_prefix('@'));
                    found.passed_over.push(PassedOver {
                        provider: id.clone(),
                        model: model.clone(),
                        variant: variant.map(str::to_owned),
                        why: InOneLine(&failure).to_string(),
                    });
                    unusable.get_or_insert_with(|| CallError::unsent(failure, id, model));
                    continue;
                }
            };
            let of = &provider.settings;
            let breaker = rules.map_or_else(BreakerOptions::default, |rules| rules.breaker);
            let breaker = breaker.or(of.breaker).or(self.breaker);
            if found.list.is_empty() {
                found.retry = rules.map_or_else(RetryOptions::default, |rules| rules.retry).or(of.retry);
                found.all_open = breaker.all_open;
                // An ad-hoc group ends with its call: state is kept per provider.
                let named = group.as_ref().filter(|group| !group.name.is_empty());
                let (budget, pace) = match named {
                    Some(group) => (&group.state.budget, &group.state.pace),
                    None => (&provider.targets.budget, &provider.targets.pace),
                };
                (found.budget, found.pace) = (Arc::clone(budget), Arc::clone(pace));
            }
            let state = keeps_state.then(|| provider.targets.target(model));
            let opened = breaker.check.zip(state.as_ref()).map(|(interval, state)| {
                let (provider, state) = (Arc::clone(&provider), Arc::clone(state));
                OnOpen(Arc::new(move || health_check::begin(interval, &provider, &state)))
            });
            found.list.push(Contender {
                state,
                breaker: breaker.settings(),
                opened,
                provider,
                model: model.clone(),
                settings: settings.clone(),
                pool,
                place: found.list.len(),
                window: None,
                reason: None,
            });
        }
        match unusable {
            Some(error) if !found.list.iter().any(|one| one.pool == Pool::Group) => Err(error),
            _ => Ok(found),
        }
    }
}
