//! Arrangement of a group's targets for one call: which are eligible, the snapshot the strategy sees of each, and the
//! resulting order.

use crate::{
    candidates::{Candidates, Contender},
    demands::Demands,
    error::CallError,
    options::CallOptions,
    plan::Pool,
    policy::CallPolicy,
    resolve::{Group, Routes},
    routing_options::OwnStrategy,
    select::select,
    strategy::{Order, Reason, Strategy, TargetSnapshot, session_hash},
    target_state,
};
use ferrule_catalog::{Catalog, Quantities};
use std::{mem, sync::Arc};

/// The call's inputs to the order, besides the targets themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallContext<'a> {
    pub(crate) demands: &'a Demands<'a>,
    pub(crate) options: &'a CallOptions,
    pub(crate) policy: &'a CallPolicy,
    pub(crate) routes: &'a Routes,
    /// Whether this is a dry run without a call: rotations do not advance.
    pub(crate) is_dry: bool,
}

/// Drops the targets that the call may not use, and orders the others by its strategy.
#[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
pub(crate) fn arrange(candidates: &mut Candidates, context: &CallContext<'_>) -> Result<(), CallError> {
    let routing = context.options.routing();
    select(candidates, context.demands, routing, context.routes, context.policy.catalog.as_deref())?;
    let count = candidates.list.iter().filter(|one| one.pool == Pool::Group).count();
    if let Some(order) = &routing.order {
        take_order(candidates, order);
        return Ok(());
    }
    let group = candidates.group.as_deref();
    if own_strategy(group, context.options).is_some() {
        // A custom strategy sees them in listed order.
        return Ok(());
    }
    let strategy = strategy(candidates, context.options);
    if count < 2 || strategy == Strategy::Sequential {
        return Ok(());
    }
    let snapshots: Vec<TargetSnapshot> = candidates
        .list
        .iter()
        .take(count)
        .map(|one| snapshot(one, strategy == Strategy::LowestCost, context))
        .collect();
    let group = candidates.group.as_ref();
    let is_sticky = group.is_some_and(|group| group.rules.sticky);
    let session = routing.session.as_deref().map(session_hash);
    let session = session.or_else(|| context.demands.beginning().filter(|_| is_sticky));
    let state = group.map(|group| Arc::clone(&group.state)).unwrap_or_default();
    let random = &mut fastrand::Rng::new();
    let copy = context.is_dry.then(|| state.rotation.copy());
    let rotation = copy.as_ref().unwrap_or(&state.rotation);
    put_in(candidates, strategy.order(&snapshots, session, rotation, random));
    Ok(())
}

/// The strategy of the call, or else of its group.
pub(crate) fn strategy(candidates: &Candidates, options: &CallOptions) -> Strategy {
    let of_group = || candidates.group.as_ref().map(|group| group.rules.strategy);
    options.routing().strategy.or_else(of_group).unwrap_or_default()
}

/// The custom strategy for a call to `group`, if there is one.
pub fn own_strategy<'a>(group: Option<&'a Group>, options: &'a CallOptions) -> Option<&'a OwnStrategy> {
    let routing = options.routing();
    let of_group = || group?.rules.own.as_ref().filter(|_| routing.strategy.is_none());
    routing.own.as_ref().or_else(of_group)
}

fn put_in(candidates: &mut Candidates, order: Order<'_>) {
    let mut all: Vec<Option<Contender>> = mem::take(&mut candidates.list).into_iter().map(Some).collect();
    let mut take = |place: usize| all.get_mut(place).and_then(Option::take);
    candidates.list = order
        .filter_map(|choice| Some(Contender { reason: Some(choice.reason), ..take(choice.target)? }))
        .collect();
    // Candidates for other purposes keep their positions at the end.
    candidates.list.extend(all.into_iter().flatten());
}

/// Applies the order that the custom strategy returned.
fn take_order(candidates: &mut Candidates, order: &[usize]) {
    let mut all: Vec<Option<Contender>> = mem::take(&mut candidates.list).into_iter().map(Some).collect();
    for place in order {
        let is_it = |one: &&mut Option<Contender>| one.as_ref().is_some_and(|one| one.place == *place);
        if let Some(contender) = all.iter_mut().find(is_it).and_then(Option::take) {
            candidates.list.push(Contender { reason: Some(Reason::Own), ..contender });
        }
    }
    for contender in all.into_iter().flatten() {
        if contender.pool == Pool::Group {
            candidates.passed_over.push(contender.passed_over("the strategy did not choose it".to_owned()));
        } else {
            candidates.list.push(contender);
        }
    }
}

/// A strategy's snapshot of a target; the expected cost is included only if it is `priced`.
pub(crate) fn snapshot(one: &Contender, priced: bool, context: &CallContext<'_>) -> TargetSnapshot {
    let weight = one.weight();
    let Some(state) = &one.state else {
        return TargetSnapshot { weight, ..TargetSnapshot::default() };
    };
    let known = state.statistics().snapshot(target_state::now());
    let tokens = if priced { context.demands.size() } else { None };
    TargetSnapshot {
        identity: state.identity(|| one.name()),
        weight,
        available: one.is_usable(),
        in_flight: known.in_flight,
        latency: if context.demands.streamed() { known.first_token } else { known.per_token },
        cost: tokens.and_then(|tokens| cost(one, tokens, context)),
        usage: known.usage,
        remaining: known.remaining,
    }
}

/// The expected cost of the request at the target.
fn cost(one: &Contender, (input, output): (u64, u64), context: &CallContext<'_>) -> Option<f64> {
    let catalog = one.catalog().map(Arc::as_ref).or(context.policy.catalog.as_deref());
    let found = catalog.unwrap_or_else(|| Catalog::builtin()).find(&one.provider.id, &one.model)?;
    let mut quantities = Quantities::new();
    quantities.set("input_tokens", input);
    quantities.set("output_tokens", output);
    found.price(&quantities, context.policy.at, &[])?.total.to_string().parse().ok()
}
