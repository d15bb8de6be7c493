//! Arrangement of a group's targets for one call: what its strategy reads of them, and the order that it makes.

use crate::{
    candidates::{Candidates, Contender},
    plan::Pool,
    policy::CallPolicy,
    strategy::{Order, Strategy, TargetSnapshot},
    target_state,
};
use ferrule_catalog::{Catalog, Quantities};
use std::{mem, sync::Arc};

/// What decides about the order besides the targets themselves.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    /// Whether the answer is streamed: what counts then is the time to the first token.
    streamed: bool,
    /// About how many tokens go in, and come out, where that matters.
    tokens: Option<(u64, u64)>,
    policy: &'a CallPolicy,
}

/// Orders the targets as their group's strategy does. `asked` says whether the answer is streamed, and about how many
/// tokens go in and come out.
pub(crate) fn arrange(
    candidates: &mut Candidates,
    asked: impl FnOnce() -> (bool, Option<(u64, u64)>),
    policy: &CallPolicy,
) {
    let Some(group) = candidates.group.clone() else { return };
    let strategy = group.rules.strategy;
    let count = candidates.list.iter().filter(|one| one.pool == Pool::Group).count();
    if count < 2 || strategy == Strategy::Sequential {
        return;
    }
    let (streamed, tokens) = asked();
    let asked = Asked { streamed, tokens: tokens.filter(|_| strategy == Strategy::LowestCost), policy };
    let snapshots: Vec<TargetSnapshot> =
        candidates.list.iter().take(count).map(|one| snapshot(one, &asked)).collect();
    let order = strategy.order(&snapshots, None, &group.state.rotation, &mut fastrand::Rng::new());
    put_in(candidates, order);
}

fn put_in(candidates: &mut Candidates, order: Order) {
    let mut all: Vec<Option<Contender>> = mem::take(&mut candidates.list).into_iter().map(Some).collect();
    let mut take = |place: usize| all.get_mut(place).and_then(Option::take);
    candidates.list = order.filter_map(|choice| take(choice.target)).collect();
    // Those that are for something else keep their places behind.
    candidates.list.extend(all.into_iter().flatten());
}

fn snapshot(one: &Contender, asked: &Asked<'_>) -> TargetSnapshot {
    let weight = one.settings.as_ref().map_or(1.0, |settings| settings.weight);
    let Some(state) = &one.state else {
        return TargetSnapshot { weight, ..TargetSnapshot::default() };
    };
    let known = state.statistics().snapshot(target_state::now());
    TargetSnapshot {
        identity: state.identity(|| one.name()),
        weight,
        available: one.is_usable(),
        in_flight: known.in_flight,
        latency: if asked.streamed { known.first_token } else { known.per_token },
        cost: asked.tokens.and_then(|tokens| cost(one, tokens, asked)),
        usage: known.usage,
        remaining: known.remaining,
    }
}

/// What the request is expected to cost there.
fn cost(one: &Contender, (input, output): (u64, u64), asked: &Asked<'_>) -> Option<f64> {
    let catalog = one.catalog().map(Arc::as_ref).or(asked.policy.catalog.as_deref());
    let found = catalog.unwrap_or_else(|| Catalog::builtin()).find(&one.provider.id, &one.model)?;
    let mut quantities = Quantities::new();
    quantities.set("input_tokens", input);
    quantities.set("output_tokens", output);
    found.price(&quantities, asked.policy.at, &[])?.total.to_string().parse().ok()
}
