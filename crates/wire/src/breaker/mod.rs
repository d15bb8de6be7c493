//! Circuit breaker: keeps calls away from a target that keeps failing, and finds out when it is back.
//!
//! Closed (calls pass), open (calls are refused), half-open (one probe is out), on one atomic word. The clock and the
//! randomness are passed in: `now` is in milliseconds of any clock that only goes forward, and a clock that jumps does no
//! lasting harm. Nothing here allocates, blocks or needs `std`.
//!
//! A call asks [`Breaker::admit`], and hands the [`Permit`] that it got back to [`Breaker::settle`] with what became of it.
//! A permit knows the state in which it was given. An answer to a call that began before the breaker opened does not close
//! it, and a failure of one that began before the last change counts for nothing.

mod outcome;
mod settings;
mod window;
mod word;

pub use outcome::{Outcome, outcome_of_error};
pub use settings::BreakerSettings;

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use core::time::Duration;
use window::Window;
use word::{Phase, Word};

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicU32, AtomicU64};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64};

/// The longest that [`Breaker::exclude`] puts a target out for.
pub const LONGEST_EXCLUSION: Duration = Duration::from_secs(24 * 3600);

/// The circuit breaker of one target, or of one key.
#[derive(Debug)]
pub struct Breaker {
    word: AtomicU64,
    window: Window,
    times_opened: AtomicU32,
}

/// What [`Breaker::admit`] says to a call.
#[derive(Debug)]
pub enum Admission {
    /// The breaker is closed: the call may go.
    Closed(Permit),
    /// The call may go as the one that finds out whether the target is back. Its outcome opens or closes the breaker.
    Probe(Permit),
    /// The call may not go.
    Open {
        /// When another call may be admitted at the earliest, in milliseconds of the clock passed in. While a probe is
        /// out: when it is given up, if it does not report before. `None`: not before [`Breaker::reset`].
        reopens_at: Option<u64>,
    },
}

/// The right to make one call, to be handed to [`Breaker::settle`].
///
/// One that is lost closes and opens nothing. A lost probe is given up after [`BreakerSettings::open_max`], when
/// the next call becomes the probe; who drops permits of probes early should settle them as [`Outcome::Neutral`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "what became of the call has to be settled"]
pub struct Permit {
    generation: u32,
    kind: PermitKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PermitKind {
    /// Given by a closed breaker.
    Closed,
    /// The probe with this number.
    Probe(u32),
    /// Given by an open breaker that was asked to make an exception.
    Exception,
}

impl Permit {
    /// Whether it is the probe of a breaker that was open.
    pub fn is_probe(&self) -> bool {
        matches!(self.kind, PermitKind::Probe(_))
    }
}

/// What a settled outcome changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The breaker opened, or opened again after a probe that failed.
    Opened {
        /// When it admits a probe.
        reopens_at: u64,
    },
    /// The breaker closed.
    Closed,
}

/// The states of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// Calls are refused until it is time for a probe.
    Open,
    /// A probe is out, or the next call will be one.
    HalfOpen,
    /// Opened by the operator: calls are refused until [`Breaker::reset`].
    ForcedOpen,
    /// Put out for a time by [`Breaker::exclude`]; then as open.
    Excluded,
}

impl BreakerState {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Excluded => "excluded",
        }
    }
}

/// What a breaker looks like at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerSnapshot {
    /// Its state.
    pub state: BreakerState,
    /// Failures in a row since the last success; 0 unless it is closed.
    pub consecutive_failures: u32,
    /// Outcomes counted in the window; 0 unless it is closed.
    pub calls: u32,
    /// Failures among `calls`.
    pub failures: u32,
    /// When another call may be admitted, in milliseconds of the clock passed in. `None` where calls pass, and where only a
    /// reset helps.
    pub reopens_at: Option<u64>,
    /// How often it opened since it was made.
    pub times_opened: u32,
}

impl BreakerSnapshot {
    /// The share of failures in the window, from 0 to 1; `None` where nothing was counted.
    pub fn failure_rate(&self) -> Option<f64> {
        (self.calls > 0).then(|| f64::from(self.failures) / f64::from(self.calls))
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

impl Breaker {
    /// A closed breaker.
    pub fn new() -> Self {
        Self {
            word: AtomicU64::new(Word::CLOSED.pack()),
            window: Window::new(),
            times_opened: AtomicU32::new(0),
        }
    }

    /// Asks whether a call may go at `now`. Of an open breaker whose time is over, one caller gets the probe.
    #[inline]
    pub fn admit(&self, now: u64, settings: &BreakerSettings) -> Admission {
        let bits = self.word.load(Acquire);
        let word = Word::unpack(bits);
        if word.phase == Phase::Closed {
            return Admission::Closed(Permit { generation: word.generation, kind: PermitKind::Closed });
        }
        self.admit_unless_closed(bits, now, settings)
    }

    #[cold]
    fn admit_unless_closed(&self, mut bits: u64, now: u64, settings: &BreakerSettings) -> Admission {
        loop {
            let word = Word::unpack(bits);
            let longest = match word.phase {
                Phase::Closed => {
                    return Admission::Closed(Permit {
                        generation: word.generation,
                        kind: PermitKind::Closed,
                    });
                }
                Phase::ForcedOpen => return Admission::Open { reopens_at: None },
                Phase::Excluded => LONGEST_EXCLUSION,
                Phase::Open | Phase::HalfOpen => settings.open_max,
            };
            let wait = word.until(now);
            if wait > 0 {
                // The clock went back, or the settings changed: it would stay out for longer than it ever may.
                let longest = milliseconds(longest);
                if u64::from(wait) > longest {
                    let sooner = word.with_time(now.wrapping_add(longest));
                    match self.word.compare_exchange_weak(bits, sooner.pack(), AcqRel, Acquire) {
                        Ok(_) => return Admission::Open { reopens_at: Some(now.saturating_add(longest)) },
                        Err(current) => bits = current,
                    }
                    continue;
                }
                return Admission::Open { reopens_at: Some(now.saturating_add(u64::from(wait))) };
            }
            let probe = word.probe(now.wrapping_add(milliseconds(settings.open_max)));
            match self.word.compare_exchange_weak(bits, probe.pack(), AcqRel, Acquire) {
                Ok(_) => {
                    let kind = PermitKind::Probe(probe.probe);
                    return Admission::Probe(Permit { generation: probe.generation, kind });
                }
                Err(current) => bits = current,
            }
        }
    }

    /// Admits a call whatever the state, for callers that have nobody else to ask. An open breaker gives the probe where it
    /// is due; else the call is an exception: its success closes the breaker, its failure changes nothing. `None` only of a
    /// breaker that the operator opened.
    pub fn admit_anyway(&self, now: u64, settings: &BreakerSettings) -> Option<Permit> {
        match self.admit(now, settings) {
            Admission::Closed(permit) | Admission::Probe(permit) => Some(permit),
            Admission::Open { .. } => {
                let word = Word::unpack(self.word.load(Acquire));
                let kind = match word.phase {
                    Phase::ForcedOpen => return None,
                    Phase::Closed => PermitKind::Closed,
                    Phase::Open | Phase::HalfOpen | Phase::Excluded => PermitKind::Exception,
                };
                Some(Permit { generation: word.generation, kind })
            }
        }
    }

    /// Reports what became of a call. `jitter`, at least 0 and below 1 and drawn at random, shortens the time that the
    /// breaker stays open, by [`BreakerSettings::JITTER`] at most, so that callers do not come back together.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is good for one outcome")]
    pub fn settle(
        &self,
        permit: Permit,
        outcome: Outcome,
        now: u64,
        settings: &BreakerSettings,
        jitter: f64,
    ) -> Option<Change> {
        let Permit { generation, kind } = permit;
        match (kind, outcome) {
            (PermitKind::Closed, Outcome::Success) => {
                self.count_success(generation, now, settings);
                None
            }
            (PermitKind::Closed, Outcome::Failure) => self.count_failure(generation, now, settings, jitter),
            (PermitKind::Probe(_) | PermitKind::Exception, Outcome::Success) => self.close(generation),
            (PermitKind::Probe(number), Outcome::Failure) => {
                let after = self.update(|word| {
                    word.is_probe(generation, number).then(|| {
                        let level = word.level.saturating_add(1);
                        // Counted from when the probe went: it may have hung while the target came back.
                        let passed = word.passed_of_probe(now, milliseconds(settings.open_max));
                        let open = milliseconds(settings.open_for(level, jitter)).saturating_sub(passed);
                        word.opened(now.wrapping_add(open), level)
                    })
                })?;
                Some(self.opened(after, now))
            }
            (PermitKind::Probe(number), Outcome::Neutral) => {
                self.update(|word| word.is_probe(generation, number).then(|| word.probe_returned(now)));
                None
            }
            (PermitKind::Closed | PermitKind::Exception, Outcome::Neutral)
            | (PermitKind::Exception, Outcome::Failure) => None,
        }
    }

    /// Opens the breaker until [`Self::reset`].
    pub fn force_open(&self) {
        if self.update(|word| (word.phase != Phase::ForcedOpen).then(|| word.forced_open())).is_some() {
            self.times_opened.fetch_add(1, Relaxed);
        }
    }

    /// Puts the target out for `time`, [`LONGEST_EXCLUSION`] at most: after that one call is a probe. It is for what no
    /// other call would change, such as a model that the provider does not know. A breaker that is out for longer already
    /// stays as it is. Says whether it changed.
    pub fn exclude(&self, now: u64, time: Duration) -> bool {
        let time = milliseconds(time.min(LONGEST_EXCLUSION));
        let excluded = self.update(|word| {
            let longer = match word.phase {
                Phase::ForcedOpen => true,
                Phase::Open | Phase::Excluded => u64::from(word.until(now)) >= time,
                Phase::Closed | Phase::HalfOpen => false,
            };
            (!longer).then(|| word.excluded(now.wrapping_add(time)))
        });
        if excluded.is_some() {
            self.times_opened.fetch_add(1, Relaxed);
        }
        excluded.is_some()
    }

    /// Lets the next call be the probe at once: something else found the target well. What the operator opened, and what is
    /// excluded, stays as it is. Says whether it changed.
    pub fn expect_back(&self, now: u64) -> bool {
        let due = |word: Word| word.phase == Phase::Open && word.until(now) > 0;
        self.update(|word| due(word).then(|| word.with_time(now))).is_some()
    }

    /// Closes the breaker and forgets what was counted. Calls that are under way count for nothing.
    pub fn reset(&self) {
        self.update(|word| Some(word.closed()));
    }

    /// What it looks like at `now`.
    pub fn snapshot(&self, now: u64, settings: &BreakerSettings) -> BreakerSnapshot {
        let word = Word::unpack(self.word.load(Acquire));
        let wait = word.until(now);
        let (state, waits) = match word.phase {
            Phase::Closed => (BreakerState::Closed, false),
            Phase::ForcedOpen => (BreakerState::ForcedOpen, false),
            Phase::HalfOpen => (BreakerState::HalfOpen, true),
            Phase::Open | Phase::Excluded if wait == 0 => (BreakerState::HalfOpen, true),
            Phase::Open => (BreakerState::Open, true),
            Phase::Excluded => (BreakerState::Excluded, true),
        };
        let (calls, failures) = match word.phase {
            Phase::Closed => self.window.sum(word.generation, now, settings.window),
            _ => (0, 0),
        };
        BreakerSnapshot {
            state,
            consecutive_failures: if word.phase == Phase::Closed { word.time } else { 0 },
            calls,
            failures,
            reopens_at: waits.then(|| now.saturating_add(u64::from(wait))),
            times_opened: self.times_opened.load(Relaxed),
        }
    }

    fn count_success(&self, generation: u32, now: u64, settings: &BreakerSettings) {
        let word = Word::unpack(self.word.load(Acquire));
        if !word.is_closed(generation) {
            return;
        }
        self.window.count(generation, now, settings.window, false);
        if word.time != 0 {
            self.update(|word| (word.is_closed(generation) && word.time != 0).then(|| word.with_failures(0)));
        }
    }

    fn count_failure(
        &self,
        generation: u32,
        now: u64,
        settings: &BreakerSettings,
        jitter: f64,
    ) -> Option<Change> {
        if !Word::unpack(self.word.load(Acquire)).is_closed(generation) {
            return None;
        }
        self.window.count(generation, now, settings.window, true);
        let (calls, failures) = self.window.sum(generation, now, settings.window);
        let too_many = settings.is_rate_reached(calls, failures);
        let after = self.update(|word| {
            word.is_closed(generation).then(|| {
                let row = word.time.saturating_add(1);
                if too_many || settings.is_row_reached(row) {
                    let open = milliseconds(settings.open_for(0, jitter));
                    word.opened(now.wrapping_add(open), 0)
                } else {
                    word.with_failures(row)
                }
            })
        })?;
        (after.phase == Phase::Open).then(|| self.opened(after, now))
    }

    fn opened(&self, word: Word, now: u64) -> Change {
        self.times_opened.fetch_add(1, Relaxed);
        Change::Opened { reopens_at: now.saturating_add(u64::from(word.until(now))) }
    }

    /// Closes a breaker that is open since `generation`.
    fn close(&self, generation: u32) -> Option<Change> {
        self.update(|word| word.may_close(generation).then(|| word.closed()))?;
        Some(Change::Closed)
    }

    /// Replaces the word by what `next` makes of it, and returns the new one; `None` where `next` leaves it as it is.
    fn update(&self, next: impl Fn(Word) -> Option<Word>) -> Option<Word> {
        let mut bits = self.word.load(Acquire);
        loop {
            let word = next(Word::unpack(bits))?;
            match self.word.compare_exchange_weak(bits, word.pack(), AcqRel, Acquire) {
                Ok(_) => return Some(word),
                Err(current) => bits = current,
            }
        }
    }
}

/// Whole milliseconds, at most what 31 bits hold: 24 days.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).min(word::LONGEST_WAIT)
}

#[cfg(all(test, not(loom)))]
mod tests;
