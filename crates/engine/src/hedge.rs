//! Hedging: a second attempt while the first is slow to answer. The first of the two to answer counts; the other is
//! cancelled, and its connection closed.

use crate::{
    attempt::{Ended, Turn, Window},
    strategy::Statistics,
    work::Work,
};
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

/// The number of calls after which latencies are known.
const ENOUGH: u32 = 20;
const SLOW: f64 = 0.95;

/// The time within which nearly all answers come: at the fastest of `targets` with known latency, because hedging is
/// for the one that became slow; else in the `group` as a whole. `None` if that is not known either.
pub(crate) fn usual<'a>(
    targets: impl Iterator<Item = &'a Statistics>,
    group: &Statistics,
    streamed: bool,
) -> Option<Duration> {
    let within = |times: &Statistics| {
        if streamed {
            times.first_token_quantile(SLOW, ENOUGH)
        } else {
            times.duration_quantile(SLOW, ENOUGH)
        }
    };
    targets.filter_map(within).min().or_else(|| within(group))
}

/// Adds an answer's latency to a group's statistics.
pub(crate) fn note(speed: &Statistics, now: u64, streamed: bool, took: Duration) {
    if streamed { speed.first_token(now, took) } else { speed.answered(now, took, None) }
}

/// The second attempt of a race, ready to start.
pub(crate) struct Second<W> {
    pub(crate) turn: Turn,
    pub(crate) window: Window,
    /// A second copy of the work: the first attempt still holds its own.
    pub(crate) work: W,
}

/// How a race ended.
pub(crate) struct Raced<T> {
    /// The attempt that counts: it answered, or failed last.
    pub(crate) turn: Turn,
    pub(crate) ended: Ended<T>,
    pub(crate) other: Option<Other<T>>,
}

/// The losing attempt of a race.
pub(crate) struct Other<T> {
    pub(crate) turn: Turn,
    /// How it ended; `None` if it was cancelled.
    pub(crate) ended: Option<Ended<T>>,
}

/// Makes the attempt `first`; if it has not ended after `after`, also the one that `second` prepares, if any.
pub(crate) async fn race<W: Work>(
    mut first: Turn,
    window: Window,
    work: &W,
    after: Duration,
    second: impl FnOnce() -> Option<Second<W>>,
) -> Raced<W::Received> {
    let (rival, won) = {
        let mut attempt = pin!(first.attempt(window, work));
        match tokio::time::timeout(after, attempt.as_mut()).await {
            Ok(ended) => (None, Won::First(ended, None)),
            Err(_) => match second() {
                None => (None, Won::First(attempt.await, None)),
                Some(Second { mut turn, window, work }) => {
                    let won = both(attempt, pin!(turn.attempt(window, &work))).await;
                    (Some(turn), won)
                }
            },
        }
    };
    match (won, rival) {
        (Won::Second(ended, other), Some(turn)) => {
            Raced { turn, ended, other: Some(Other { turn: first, ended: other }) }
        }
        (Won::First(ended, other) | Won::Second(ended, other), rival) => {
            Raced { turn: first, ended, other: rival.map(|turn| Other { turn, ended: other }) }
        }
    }
}

/// The winning attempt, how it ended, and how the other one ended if it has.
enum Won<T> {
    First(Ended<T>, Option<Ended<T>>),
    Second(Ended<T>, Option<Ended<T>>),
}

/// Awaits both attempts until one succeeds, or both have failed.
async fn both<T>(
    mut one: Pin<&mut impl Future<Output = Ended<T>>>,
    mut two: Pin<&mut impl Future<Output = Ended<T>>>,
) -> Won<T> {
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(ended) = one.as_mut().poll(context)
        {
            if ended.result.is_ok() || second.is_some() {
                return Poll::Ready(Won::First(ended, second.take()));
            }
            first = Some(ended);
        }
        if second.is_none()
            && let Poll::Ready(ended) = two.as_mut().poll(context)
        {
            if ended.result.is_ok() || first.is_some() {
                return Poll::Ready(Won::Second(ended, first.take()));
            }
            second = Some(ended);
        }
        Poll::Pending
    })
    .await
}
