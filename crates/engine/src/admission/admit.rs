//! Admission of one attempt: acquires permits for what it may use, waiting if allowed.

use super::{
    admitted::Admitted,
    estimate::{Estimate, Priced},
    measured::Measured,
    refusal::{BudgetExceeded, LimitReached, amount},
    rules::{AdmissionRules, Kind},
    scope::Facts,
};
use crate::{
    failure::Failure,
    keys::KeyInUse,
    observe::{BudgetNews, EventKind, Events, LimitNews, What},
    policy::CallPolicy,
    target::Target,
    timeout::Limits,
};
use ferrule_admission::{Begun, Claim, Lease, Refused, Short, Ticket, Verdict};
use ferrule_catalog::Catalog;
use std::{future::poll_fn, sync::Arc, time::Duration};

/// Why an attempt is not admitted.
#[derive(Debug)]
pub(crate) struct NotAdmitted {
    pub(crate) failure: Failure,
    /// Whether another target may be tried instead.
    pub(crate) is_of_target: bool,
}

/// A request to admit an attempt.
pub(crate) struct AdmissionRequest<'a> {
    pub(crate) facts: Facts<'a>,
    pub(crate) catalog: Option<&'a Arc<Catalog>>,
    pub(crate) policy: &'a CallPolicy,
    pub(crate) limits: Limits,
}

/// The measured needs of an attempt.
struct Wanted {
    estimate: Estimate,
    measured: Measured,
    provider_key: Option<ferrule_admission::Key>,
}

/// The name of an attempt's key, as scopes use it.
pub(crate) fn key_name(provider: &str, key: Option<&KeyInUse>) -> String {
    match key {
        Some(key) => format!("{provider}#{}", key.index() + 1),
        None => provider.to_owned(),
    }
}

impl AdmissionRules {
    /// Admits an attempt at `target` without waiting, or fails.
    pub(crate) fn try_admit(
        self: &Arc<Self>,
        request: &AdmissionRequest<'_>,
        target: &mut Target,
    ) -> Result<(), NotAdmitted> {
        let Some((claims, wanted)) = self.wanted(request, target)? else { return Ok(()) };
        match self.counters.begin(claims, false) {
            Begun::Admitted(lease) => {
                self.hand_over(request, target, lease, wanted);
                Ok(())
            }
            Begun::Refused(refused) => Err(self.refused(request, refused, &wanted.estimate)),
            Begun::Waiting(_) => Ok(()),
        }
    }

    /// Admits an attempt at `target`, waiting if allowed. If the call `may_move` to another target, it does not wait
    /// for limits that belong to this target alone.
    pub(crate) async fn admit(
        self: &Arc<Self>,
        request: &AdmissionRequest<'_>,
        target: &mut Target,
        may_move: bool,
    ) -> Result<(), NotAdmitted> {
        let Some((claims, wanted)) = self.wanted(request, target)? else { return Ok(()) };
        let begun = match self.counters.begin(claims.clone(), !may_move) {
            Begun::Refused(refused) if may_move && !self.is_of_target(&refused) => {
                self.counters.begin(claims, true)
            }
            begun => begun,
        };
        let lease = match begun {
            Begun::Admitted(lease) => lease,
            Begun::Refused(refused) => return Err(self.refused(request, refused, &wanted.estimate)),
            Begun::Waiting(ticket) => {
                // Boxed, as few calls wait and all would carry its size.
                match Box::pin(self.wait(request, ticket)).await? {
                    Ok(lease) => lease,
                    Err(refused) => return Err(self.refused(request, refused, &wanted.estimate)),
                }
            }
        };
        self.hand_over(request, target, lease, wanted);
        Ok(())
    }

    /// The claims of an attempt at `target`; `None` if no limit and no budget applies.
    fn wanted(
        &self,
        request: &AdmissionRequest<'_>,
        target: &Target,
    ) -> Result<Option<(Vec<Claim>, Wanted)>, NotAdmitted> {
        let (estimate, measured) = self.estimate(request, target);
        let claims = self.claims(&request.facts, &estimate).map_err(|failure| ends(failure, false))?;
        let Some(last) = claims.last() else { return Ok(None) };
        let provider_key = Some(last.key.clone());
        Ok(Some((claims, Wanted { estimate, measured, provider_key })))
    }

    async fn wait(
        &self,
        request: &AdmissionRequest<'_>,
        mut ticket: Ticket,
    ) -> Result<Result<Lease, Refused>, NotAdmitted> {
        let began = self.counters.now().steady;
        self.notify_limit(&request.policy.events, &ticket, "waiting", Duration::ZERO);
        loop {
            let until = match ticket.check() {
                Verdict::Admitted(lease) => {
                    let waited = Duration::from_millis(self.counters.now().steady.saturating_sub(began));
                    self.notify_limit(&request.policy.events, &ticket, "admitted", waited);
                    return Ok(Ok(lease));
                }
                Verdict::Refused(refused) => return Ok(Err(refused)),
                Verdict::Wait(until) => until,
            };
            let remaining = request.limits.remaining();
            if remaining.is_zero() {
                return Err(ends(request.limits.expired().into(), false));
            }
            let time = Duration::from_millis(until.saturating_sub(self.counters.now().steady));
            let changed = poll_fn(|context| ticket.poll_change(context));
            // Whichever comes first, the loop checks again.
            let _ = tokio::time::timeout(time.min(remaining), changed).await;
        }
    }

    fn estimate(&self, request: &AdmissionRequest<'_>, target: &Target) -> (Estimate, Measured) {
        let measured = target.measured.as_deref().cloned().unwrap_or_default();
        let catalog = request.catalog.unwrap_or_else(|| Catalog::builtin());
        let (provider, model, at) = (&*target.provider.id, &*target.model, request.policy.at);
        let estimate = if self.measures {
            Estimate::new(&measured, Priced { catalog, provider, model, at })
        } else {
            Estimate::nothing()
        };
        (estimate, measured)
    }

    fn hand_over(
        self: &Arc<Self>,
        request: &AdmissionRequest<'_>,
        target: &mut Target,
        lease: Lease,
        wanted: Wanted,
    ) {
        let Wanted { estimate, measured, provider_key } = wanted;
        target.admitted = Some(Arc::new(Admitted {
            lease,
            rules: Arc::clone(self),
            events: request.policy.events.clone(),
            estimate,
            measured,
            provider_key,
            provider: Arc::clone(&target.provider.id),
            model: target.model.clone(),
            catalog: request.catalog.cloned(),
            at: request.policy.at,
            delivered: 0.into(),
        }));
    }

    fn is_of_target(&self, refused: &Refused) -> bool {
        self.rule(&refused.key).is_none_or(|rule| rule.scope().is_of_target())
    }

    fn refused(&self, request: &AdmissionRequest<'_>, refused: Refused, estimate: &Estimate) -> NotAdmitted {
        let is_of_target = self.is_of_target(&refused);
        let Refused { key, shortage, retry_after, waited, is_queue_full } = refused;
        let (retry_after, waited) = (retry_after.map(Duration::from_millis), Duration::from_millis(waited));
        let rule = self.rule(&key);
        let name = rule.map(|rule| rule.name.clone()).unwrap_or_default();
        let scope = rule.map_or_else(|| "target".to_owned(), |rule| rule.scope().to_string());
        let value = key.value.to_string();
        let events = &request.policy.events;
        let of_budget = rule.filter(|rule| matches!(rule.kind, Kind::Budget(_)));
        if let (Some(rule), Short::Budget | Short::Store) = (of_budget, shortage.what) {
            let reserved = amount(shortage.in_flight);
            let spent = amount(shortage.used.saturating_sub(shortage.in_flight));
            let whole = amount(shortage.limit);
            if events.want(EventKind::Budget) {
                events.budget(What::Budget(Box::new(BudgetNews {
                    budget: name.clone(),
                    scope: scope.clone(),
                    value: value.clone(),
                    what: "refused",
                    percent: None,
                    amount: whole,
                    spent,
                    reserved,
                })));
            }
            let failure = Failure::Budget(Box::new(BudgetExceeded {
                budget: name,
                scope,
                value,
                amount: whole,
                spent,
                reserved,
                estimate: Some(estimate.cost.unwrap_or_default()),
                why: if shortage.what == Short::Store {
                    "the store of its state does not answer (see on_state_loss)"
                } else {
                    ""
                },
                retry_after,
                degrade_to: rule.degrade_to(),
            }));
            return ends(failure, is_of_target);
        }
        if events.want(EventKind::Limit) {
            events.limit(What::Limit(Box::new(LimitNews {
                limit: name.clone(),
                scope: scope.clone(),
                value: value.clone(),
                what: "refused",
                position: None,
                waited,
                retry_after,
            })));
        }
        let failure = Failure::Limited(Box::new(LimitReached {
            limit: name,
            scope,
            value,
            retry_after,
            waited,
            what: shortage.what,
            most: shortage.limit,
            asked: shortage.asked,
            is_queue_full,
        }));
        ends(failure, is_of_target)
    }

    fn notify_limit(&self, events: &Events, ticket: &Ticket, what: &'static str, waited: Duration) {
        if !events.want(EventKind::Limit) {
            return;
        }
        let rule = self.rule(ticket.key());
        let of_budget = rule.is_some_and(|rule| matches!(rule.kind, Kind::Budget(_)));
        let name = rule.map(|rule| rule.name.clone()).unwrap_or_default();
        events.limit(What::Limit(Box::new(LimitNews {
            limit: if of_budget { format!("budgets.{name}") } else { name },
            scope: rule.map_or_else(|| "target".to_owned(), |rule| rule.scope().to_string()),
            value: ticket.key().value.to_string(),
            what,
            position: (what == "waiting").then(|| ticket.before() + 1),
            waited,
            retry_after: None,
        })));
    }
}

const fn ends(failure: Failure, is_of_target: bool) -> NotAdmitted {
    NotAdmitted { failure, is_of_target }
}
