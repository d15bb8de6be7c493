//! First-token limit: how long a target may be silent before the call moves on to another one.

use crate::strategy::Statistics;
use std::time::Duration;

/// The number of calls after which a target's own latency is known.
const ENOUGH: u32 = 20;
/// The limit as a multiple of the target's 99th percentile.
const FACTOR: u32 = 3;
const MIN_OF_STREAMS: Duration = Duration::from_secs(10);
const UNKNOWN_OF_STREAMS: Duration = Duration::from_secs(15);
const MIN_OF_PLAIN_CALLS: Duration = Duration::from_secs(30);

/// The limit for one attempt, if there is one. A reasoning model has none until its own latency is known.
pub(crate) fn limit(statistics: &Statistics, streamed: bool, reasons: bool) -> Option<Duration> {
    let (slowest, least, unknown) = if streamed {
        (statistics.first_token_quantile(0.99, ENOUGH), MIN_OF_STREAMS, Some(UNKNOWN_OF_STREAMS))
    } else {
        (statistics.duration_quantile(0.99, ENOUGH), MIN_OF_PLAIN_CALLS, None)
    };
    match slowest {
        Some(slowest) => Some(slowest.saturating_mul(FACTOR).max(least)),
        None => unknown.filter(|_| !reasons),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_three_times_the_99th_percentile_once_known() {
        let statistics = Statistics::default();
        assert_eq!(limit(&statistics, true, false), Some(Duration::from_secs(15)));
        assert_eq!(limit(&statistics, true, true), None);
        assert_eq!(limit(&statistics, false, false), None);
        for call in 0..40 {
            statistics.first_token(call, Duration::from_secs(20));
            statistics.answered(call, Duration::from_secs(1), None);
        }
        let of_streams = limit(&statistics, true, true).unwrap().as_secs_f64();
        assert!((50.0..=75.0).contains(&of_streams), "{of_streams}");
        assert_eq!(limit(&statistics, false, true), Some(Duration::from_secs(30)));
    }
}
