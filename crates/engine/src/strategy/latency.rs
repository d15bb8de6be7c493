//! Lowest latency: the faster of two targets chosen at random.
//!
//! Two random choices keep callers with the same view from all going to the same target. An unknown figure is taken
//! from the peers, and a known one loses confidence with time, so that every target is tried again: never by many calls
//! at once, since calls in flight weigh more where little is known.

use super::target::TargetSnapshot;

/// The confidence-weighted figures of all targets, as a sum of reciprocals, so that one slow target does not make
/// slowness look normal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peers {
    confidence: f64,
    reciprocals: f64,
}

impl Peers {
    pub(super) fn new(targets: &[TargetSnapshot]) -> Self {
        let mut peers = Self { confidence: 0.0, reciprocals: 0.0 };
        for (value, confidence) in targets.iter().filter_map(known) {
            peers.confidence += confidence;
            peers.reciprocals += confidence / value;
        }
        peers
    }

    /// The expected latency of a target without load: its own figure in proportion to the confidence in it, and the
    /// peers' for the rest.
    fn expected(&self, target: &TargetSnapshot) -> (f64, f64) {
        let own = known(target);
        let (value, confidence) = own.unwrap_or((0.0, 0.0));
        let (others, reciprocals) = match own {
            Some(_) => (self.confidence - confidence, self.reciprocals - confidence / value),
            None => (self.confidence, self.reciprocals),
        };
        if others > 1e-6 && reciprocals > 0.0 {
            let prior = others / reciprocals;
            (confidence * value + (1.0 - confidence) * prior, confidence)
        } else if own.is_some() {
            (value, confidence)
        } else {
            // Nothing is known of any target.
            (1.0, 0.0)
        }
    }

    /// The expected latency of a target under its load, in milliseconds.
    pub(super) fn score(&self, target: &TargetSnapshot) -> f64 {
        let (latency, confidence) = self.expected(target);
        let calls = 1.0 + f64::from(target.in_flight);
        // A known target's slowness under load shows in its latency. An unknown one gets one call at a time.
        latency * (confidence * calls.sqrt() + (1.0 - confidence) * calls * calls)
    }
}

fn known(target: &TargetSnapshot) -> Option<(f64, f64)> {
    let estimate = target.latency?;
    let confidence = estimate.confidence.clamp(0.0, 1.0);
    // NaN fails the comparison.
    (estimate.value > 0.0 && estimate.value.is_finite() && confidence > 0.0)
        .then_some((estimate.value, confidence))
}
