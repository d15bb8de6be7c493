//! Latency histogram: of fixed size, four buckets per doubling, with decay.

use std::time::Duration;

/// Buckets reach from 64 microseconds to 71 minutes.
const UNIT_MICROSECONDS: u64 = 64;
const BUCKETS: usize = 104;
/// At this many calls, or after this many milliseconds, all counts are halved.
const FULL: f32 = 1024.0;
const HALF_LIFE: u64 = 300_000;

/// Counts of calls by duration.
#[derive(Debug)]
pub(super) struct Histogram {
    counts: [f32; BUCKETS],
    total: f32,
    halved: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [0.0; BUCKETS], total: 0.0, halved: 0 }
    }
}

impl Histogram {
    pub(super) fn add(&mut self, now: u64, took: Duration) {
        if self.total >= FULL || now.saturating_sub(self.halved) >= HALF_LIFE {
            self.halve();
            self.halved = now;
        }
        if let Some(count) = self.counts.get_mut(bucket(took)) {
            *count += 1.0;
            self.total += 1.0;
        }
    }

    /// The time within which this share of the calls ended; `None` if there are fewer than `calls`.
    pub(super) fn quantile(&self, quantile: f64, calls: u32) -> Option<Duration> {
        if self.total <= 0.0 || f64::from(self.total) + 0.5 < f64::from(calls) {
            return None;
        }
        let wanted = f64::from(self.total) * quantile.clamp(0.0, 1.0);
        let mut before = 0.0;
        let mut last = 0;
        for (index, count) in self.counts.iter().map(|count| f64::from(*count)).enumerate() {
            if count > 0.0 {
                last = index;
                if before + count >= wanted {
                    let part = ((wanted - before) / count).clamp(0.0, 1.0);
                    let (low, high) = (lower_bound(index), lower_bound(index + 1));
                    return Some(low + (high - low).mul_f64(part));
                }
                before += count;
            }
        }
        Some(lower_bound(last + 1))
    }

    fn halve(&mut self) {
        for count in &mut self.counts {
            *count *= 0.5;
        }
        self.total *= 0.5;
    }
}

/// The first four buckets are a unit wide each, the next four two, and so on.
fn bucket(took: Duration) -> usize {
    let units = u64::try_from(took.as_micros()).unwrap_or(u64::MAX) / UNIT_MICROSECONDS;
    if units < 4 {
        return units as usize;
    }
    let shift = units.ilog2() - 2;
    (shift as usize * 4 + (units >> shift) as usize).min(BUCKETS - 1)
}

fn lower_bound(bucket: usize) -> Duration {
    let bucket = bucket as u64;
    let units = match bucket {
        0..4 => bucket,
        _ => (4 + bucket % 4) << (bucket / 4 - 1),
    };
    Duration::from_micros(units * UNIT_MICROSECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_in_its_bucket() {
        for micros in (0..200_000).step_by(31).chain((200_000..4_000_000_000).step_by(9_999_991)) {
            let took = Duration::from_micros(micros);
            let bucket = bucket(took);
            assert!(lower_bound(bucket) <= took && took < lower_bound(bucket + 1), "{took:?} {bucket}");
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }
}
