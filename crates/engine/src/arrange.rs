//! Arrangement of a group's targets for one call: the eligible ones, what the strategy reads of them, and the order
//! that it makes.

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

/// What decides about the order besides the targets themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallContext<'a> {
    pub(crate) demands: &'a Demands<'a>,
    pub(crate) options: &'a CallOptions,
    pub(crate) policy: &'a CallPolicy,
    pub(crate) routes: &'a Routes,
    /// Whether no call follows: nobody's turn is over then.
    pub(crate) is_dry: bool,
}

/// Leaves out the targets that the call may not ask, and orders the others as its strategy does.
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
        // It is given them as they are listed.
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

/// How the targets are ordered: as the call says, or else their group.
pub(crate) fn strategy(candidates: &Candidates, options: &CallOptions) -> Strategy {
    let of_group = || candidates.group.as_ref().map(|group| group.rules.strategy);
    options.routing().strategy.or_else(of_group).unwrap_or_default()
}

/// The function of the caller's own that orders the targets of a call to `group`, where one does.
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
    // Those that are for something else keep their places behind.
    candidates.list.extend(all.into_iter().flatten());
}

/// Puts the targets into the order that the caller's own function made.
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

/// What a strategy reads of a target; what the request is expected to cost there only where it is `priced`.
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

/// What the request is expected to cost there.
fn cost(one: &Contender, (input, output): (u64, u64), context: &CallContext<'_>) -> Option<f64> {
    let catalog = one.catalog().map(Arc::as_ref).or(context.policy.catalog.as_deref());
    let found = catalog.unwrap_or_else(|| Catalog::builtin()).find(&one.provider.id, &one.model)?;
    let mut quantities = Quantities::new();
    quantities.set("input_tokens", input);
    quantities.set("output_tokens", output);
    found.price(&quantities, context.policy.at, &[])?.total.to_string().parse().ok()
}
