//! Peak-sensitive moving average: quick to rise, slow to fall, and losing confidence with age.

use crate::strategy::target::Estimate;

/// The share of a rise, or of a fall, that one sample makes up for.
const RISE: f64 = 0.4;
const FALL: f64 = 0.15;
/// After this many milliseconds without a sample nothing is known any more.
const FORGOTTEN: f64 = 60_000.0;

/// A moving average.
#[derive(Debug, Default)]
pub(super) struct Average {
    value: f64,
    samples: u32,
    at: u64,
}

impl Average {
    pub(super) fn add(&mut self, now: u64, sample: f64) {
        let confidence = self.confidence(now);
        if confidence == 0.0 {
            self.samples = 0;
        }
        // The first samples have equal weight, and an old value loses weight with its confidence.
        let even = 1.0 / (f64::from(self.samples) + 1.0);
        let part = if sample > self.value { RISE } else { FALL };
        self.value += (sample - self.value) * part.max(even).max(1.0 - confidence);
        self.samples = self.samples.saturating_add(1);
        self.at = now;
    }

    pub(super) fn multiply(&mut self, now: u64, factor: f64) {
        if self.samples > 0 {
            self.value *= factor;
            self.at = now;
        }
    }

    pub(super) fn estimate(&self, now: u64) -> Option<Estimate> {
        let confidence = self.confidence(now);
        (confidence > 0.0).then_some(Estimate { value: self.value, confidence })
    }

    fn confidence(&self, now: u64) -> f64 {
        if self.samples == 0 {
            return 0.0;
        }
        (1.0 - now.saturating_sub(self.at) as f64 / FORGOTTEN).max(0.0)
    }
}
