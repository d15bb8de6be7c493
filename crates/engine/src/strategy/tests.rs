use super::*;

fn group(count: u64) -> Vec<TargetSnapshot> {
    (0..count)
        .map(|identity| TargetSnapshot { identity: identity + 1, ..TargetSnapshot::default() })
        .collect()
}

fn order(strategy: Strategy, targets: &[TargetSnapshot]) -> Vec<usize> {
    strategy
        .order(targets, None, &Rotation::default(), &mut fastrand::Rng::with_seed(7))
        .map(|choice| choice.target)
        .collect()
}

#[test]
fn every_strategy_orders_every_target_once_and_those_that_cannot_last() {
    let mut targets = group(5);
    targets[0].available = false;
    targets[1].weight = 0.0;
    for name in Strategy::names() {
        let order = order(Strategy::parse(name).unwrap(), &targets);
        assert_eq!(order[3..], [1, 0], "{name}");
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4], "{name}");
    }
}
