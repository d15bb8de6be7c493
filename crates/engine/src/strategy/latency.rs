//! Lowest latency: the faster of two targets chosen at random.
//!
//! Two random choices keep callers with the same view from going to the same target. What is not known of a target is
//! what its peers have, and what is known becomes less sure with time, so that everybody is tried again: never at once by
//! many, since calls under way count for more where little is known.

use super::target::TargetSnapshot;

/// The figures of all targets, summed up with their confidence: of their reciprocals, so that one slow target does not make
/// the rest believe that slow is normal.
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

    /// What is expected of a target, without its load: its own figure as far as that is trusted, and for the rest
    /// what the others have.
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
            // Nothing is known of anybody.
            (1.0, 0.0)
        }
    }

    /// What is expected of a target with its load, in milliseconds.
    pub(super) fn score(&self, target: &TargetSnapshot) -> f64 {
        let (latency, confidence) = self.expected(target);
        let calls = 1.0 + f64::from(target.in_flight);
        // Who is known to be slow under load says so by its latency. Who is not known gets one call at a time.
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
