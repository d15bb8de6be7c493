//! Error of a provider without a usable key. Shows none of the keys.

use crate::failure::Failure;
use ferrule_wire::model::{DelaySource, ErrorKind, ProviderError, RetryAfter};
use std::{fmt, sync::Arc, time::Duration};

/// None of a provider's keys is usable now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoKey {
    pub(super) provider: Arc<str>,
    /// The number of its keys that are rate limited, refused, and unreadable.
    pub(super) limited: usize,
    pub(super) refused: usize,
    pub(super) unreadable: usize,
    /// How they were refused.
    pub(super) kind: ErrorKind,
    /// When the first of them becomes usable.
    pub(super) usable_in: Duration,
}

impl NoKey {
    /// When the first of them becomes usable.
    pub(crate) fn usable_in(&self) -> Duration {
        self.usable_in
    }

    /// Whether it makes sense for this call to wait for that.
    pub(crate) fn is_for_now(&self) -> bool {
        self.limited > 0
    }

    /// The failure of a call without another candidate.
    pub(crate) fn failure(&self) -> Failure {
        let kind = if self.is_for_now() { ErrorKind::RateLimited } else { self.kind };
        let mut error = ProviderError::new(kind, self.to_string());
        if self.is_for_now() {
            error.retry_after = Some(RetryAfter { delay: self.usable_in, source: DelaySource::RetryAfter });
        }
        Failure::Provider(Box::new(error))
    }

    /// Adds the state of all keys to `failure`, which came from the last of them.
    pub(crate) fn add_to(&self, failure: &mut Failure) {
        match failure {
            Failure::Provider(error) => error.message = format!("{self}: {}", error.message),
            Failure::Config(text) => *text = format!("{self}: {text}"),
            _ => {}
        }
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, limited, refused, unreadable, usable_in, .. } = self;
        match limited + refused + unreadable {
            1 => write!(formatter, "the only key of provider `{provider}` is ")?,
            all => write!(formatter, "all {all} keys of provider `{provider}` are ")?,
        }
        match (limited, refused, unreadable) {
            (_, 0, 0) => formatter.write_str("rate limited")?,
            (0, _, 0) => formatter.write_str(match self.kind {
                ErrorKind::QuotaExceeded => "used up",
                _ => "refused",
            })?,
            (0, 0, _) => return formatter.write_str("unreadable"),
            _ => {
                let all = [(refused, "refused"), (limited, "rate limited"), (unreadable, "unreadable")];
                let some = all.iter().filter(|(count, _)| **count > 0);
                let some: Vec<String> = some.map(|(count, what)| format!("{count} {what}")).collect();
                write!(formatter, "out of use: {}", some.join(", "))?;
            }
        }
        let seconds = usable_in.as_secs_f64().ceil();
        write!(formatter, " (the next one is tried again in {seconds:.0} s)")
    }
}
