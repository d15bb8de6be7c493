//! Preview of a call: its targets, in order, and why. Sends no request and advances no rotation.

use crate::{
    arrange::{self, CallContext, arrange, own_strategy},
    candidates::{Contender, PassedOver},
    demands::Demands,
    engine::Engine,
    error::CallError,
    options::CallOptions,
    plan::Pool,
    recipient::Recipient,
    strategy::Reason,
};

/// The targets of a call.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The name of the strategy.
    pub strategy: String,
    /// The targets that would be tried, in this order.
    pub targets: Vec<TargetView>,
    /// The targets that would not.
    pub passed_over: Vec<PassedOver>,
}

/// A target at one point in time.
#[derive(Clone, Debug)]
pub struct TargetView {
    /// Its index in the order returned by a custom strategy ([`crate::RoutingOptions::order`]).
    pub place: usize,
    /// `provider/model`, followed by `@` and the variant if there is one.
    pub name: String,
    /// The provider's id.
    pub provider: String,
    /// The provider's name of the model.
    pub model: String,
    /// What distinguishes it from others with the same provider and model.
    pub variant: Option<String>,
    /// Its role: `target`, `context_fallback` or `content_filter_fallback`.
    pub role: &'static str,
    /// Its weight relative to the others.
    pub weight: f64,
    /// Its tags.
    pub tags: Vec<String>,
    /// The region in its provider's settings.
    pub region: Option<String>,
    /// Whether it can accept a call now.
    pub available: bool,
    /// Calls in flight.
    pub in_flight: u32,
    /// Milliseconds: to the first token for streams, per output token otherwise. `None` if not known.
    pub latency: Option<f64>,
    /// The expected cost of this request there; `None` if not known.
    pub cost: Option<f64>,
    /// Requests in the last minute.
    pub requests: f64,
    /// Tokens in the last minute.
    pub tokens: f64,
    /// The share of its rate limits that is left, from 0 to 1; `None` if not known.
    pub remaining: Option<f64>,
    /// Why it has this position.
    pub reason: String,
}

impl Engine {
    /// The targets that a call with these demands would try, in order, and why.
    #[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
    pub fn preview(
        &self,
        to: Recipient,
        demands: &Demands<'_>,
        options: &CallOptions,
    ) -> Result<Preview, CallError> {
        let mut candidates = self.candidates(to)?;
        let policy = self.policy_of_none(options, &candidates);
        let context = CallContext { demands, options, policy: &policy, routes: self.routes(), is_dry: true };
        arrange(&mut candidates, &context)?;
        let routing = options.routing();
        let most = routing.max_targets.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let mut preview = Preview {
            strategy: match &routing.order {
                Some(_) => {
                    own_strategy(candidates.group.as_deref(), options).map_or("", |own| &own.name).to_owned()
                }
                None => arrange::strategy(&candidates, options).name().to_owned(),
            },
            targets: Vec::with_capacity(candidates.list.len()),
            passed_over: candidates.passed_over,
        };
        for (place, contender) in candidates.list.iter().enumerate() {
            if place >= most {
                preview.passed_over.push(contender.passed_over(format!("max_targets is {most}")));
            } else {
                preview.targets.push(view(contender, &context));
            }
        }
        Ok(preview)
    }
}

fn view(one: &Contender, context: &CallContext<'_>) -> TargetView {
    let seen = arrange::snapshot(one, true, context);
    TargetView {
        place: one.place,
        name: one.name(),
        provider: one.provider.id.to_string(),
        model: one.model.clone(),
        variant: one.provider.settings.variant.clone(),
        role: match one.pool {
            Pool::Group => "target",
            Pool::Context => "context_fallback",
            Pool::Filter => "content_filter_fallback",
        },
        weight: seen.weight,
        tags: one.settings.as_ref().map(|settings| settings.tags.clone()).unwrap_or_default(),
        region: one.provider.settings.region.clone(),
        available: seen.available,
        in_flight: seen.in_flight,
        latency: seen.latency.map(|latency| latency.value),
        cost: seen.cost,
        requests: seen.usage.requests,
        tokens: seen.usage.tokens,
        remaining: seen.remaining,
        reason: match one.pool {
            Pool::Context => "where the prompt is too long for the others".to_owned(),
            Pool::Filter => "where a content filter refuses".to_owned(),
            Pool::Group if !seen.available => Reason::Unavailable.to_string(),
            Pool::Group => one.reason.unwrap_or(Reason::Listed).to_string(),
        },
    }
}
