//! Key ring: the keys of one provider, and the choice among them.

use super::{
    access::{Access, HeaderOfKeys, Place, Ready},
    key::Key,
    no_key::NoKey,
    settings::KeySettings,
    state::{KeyAtModel, KeyStates, RETIRED, Standing, lock},
    status::{self, KeyStatus},
    taken::KeyInUse,
};
use crate::{
    credentials::CredentialsError,
    failure::Failure,
    secrets::{Secret, Secrets},
    steady_clock::now,
};
use ferrule_wire::{
    breaker::{Admission, BreakerSettings},
    model::ErrorKind,
    rate_limits::{RateLimit, RateLimits},
};
use http::HeaderName;
use secrecy::ExposeSecret;
use std::{
    collections::hash_map::RandomState,
    fmt,
    hash::BuildHasher,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The keys of one provider.
pub(crate) struct KeyRing {
    provider: Arc<str>,
    header: HeaderName,
    keys: Vec<Key>,
    /// The credit of each key, in weights: the one with the most is next.
    credits: Mutex<Vec<f64>>,
    hasher: RandomState,
}

impl KeyRing {
    /// The ring of `provider`'s keys in `settings`; their states come from `states`. Their secrets are added to
    /// `secrets`.
    pub(crate) fn new(
        provider: &Arc<str>,
        settings: &[KeySettings],
        how: HeaderOfKeys,
        states: &KeyStates,
        secrets: &mut Secrets,
    ) -> Result<Arc<Self>, String> {
        let how = Arc::new(how);
        // The header's name does not depend on the key.
        let any = how.ready(&Secret::from("any"), &mut Secrets::default());
        let (header, _) = any.map_err(|wrong| format!("api_keys {wrong}"))?.header;
        let mut keys: Vec<Key> = Vec::with_capacity(settings.len());
        for (place, settings) in settings.iter().enumerate() {
            let KeySettings { key, source, reference, weight } = settings;
            let hash = match key {
                Some(key) => states.hash(key.expose_secret().trim()),
                None => states.hash(&format!("from {reference}")),
            };
            let state = states.key(hash);
            if key.is_some()
                && let Some(same) = keys.iter_mut().find(|known| Arc::ptr_eq(&known.state, &state))
            {
                // A duplicate adds its weight.
                same.weight += weight;
                continue;
            }
            let place = match (key, source) {
                (None, Some(source)) => {
                    let what = format!("provider `{provider}`: api_keys[{place}]");
                    Place::elsewhere(source, &how, what)
                }
                (key, _) => {
                    let none = Secret::from("");
                    let ready = how.ready(key.as_ref().unwrap_or(&none), secrets);
                    let ready: Ready = ready.map_err(|wrong| format!("api_keys[{place}] {wrong}"))?;
                    Place::AtHand(Arc::new(ready))
                }
            };
            keys.push(Key { place, weight: *weight, state });
        }
        let credits = Mutex::new(vec![0.0; keys.len()]);
        let (provider, hasher) = (Arc::clone(provider), states.hasher());
        Ok(Arc::new(Self { provider, header, keys, credits, hasher }))
    }

    /// The header that carries a key.
    pub(crate) fn header(&self) -> &HeaderName {
        &self.header
    }

    /// Takes the key whose turn it is at `model`, skipping those in `tried`. If the call `insists`, a suspended key is
    /// better than none.
    pub(crate) fn take(
        self: &Arc<Self>,
        model: &str,
        tried: &[usize],
        breaker: &BreakerSettings,
        insists: bool,
    ) -> Result<KeyInUse, NoKey> {
        let now = now();
        let known = self.known(model);
        let mut passed_over = tried.to_vec();
        loop {
            let standings = self.standings(&known, now, breaker);
            let Some(index) = self.next(&standings, &passed_over) else {
                let index = self.last_resort(&standings, &passed_over, insists);
                let found = index.and_then(|index| Some((index, self.keys.get(index)?, known.get(index)?)));
                let (index, key, at) = found.ok_or_else(|| self.no_key(&standings, now))?;
                let permit = key.state.refusals.admit_anyway(now, &RETIRED);
                return Ok(KeyInUse::new(Arc::clone(&key.state), Arc::clone(at), index, permit, breaker));
            };
            let (Some(key), Some(at)) = (self.keys.get(index), known.get(index)) else {
                return Err(self.no_key(&standings, now));
            };
            match key.state.refusals.admit(now, &RETIRED) {
                Admission::Closed(permit) | Admission::Probe(permit) => {
                    return Ok(KeyInUse::new(
                        Arc::clone(&key.state),
                        Arc::clone(at),
                        index,
                        Some(permit),
                        breaker,
                    ));
                }
                // Another call is probing it right now.
                Admission::Open { .. } => passed_over.push(index),
            }
        }
    }

    /// Whether a key that is not in `tried` is usable for `model`.
    pub(crate) fn has_another(&self, model: &str, tried: &[usize], breaker: &BreakerSettings) -> bool {
        let standings = self.standings(&self.known(model), now(), breaker);
        let is_usable = |(index, standing): (usize, &Standing)| {
            !tried.contains(&index) && matches!(standing, Standing::Usable { .. })
        };
        standings.iter().enumerate().any(is_usable)
    }

    /// Why no key is usable for `model`; `None` if one is.
    pub(crate) fn exhausted(&self, model: &str) -> Option<NoKey> {
        let now = now();
        let standings = self.standings(&self.known(model), now, &BreakerSettings::never());
        let is_usable = |standing: &Standing| matches!(standing, Standing::Usable { .. });
        (!standings.iter().any(is_usable)).then(|| self.no_key(&standings, now))
    }

    /// The key at `index`, fetched if necessary.
    pub(crate) async fn access(&self, index: usize) -> Result<Access, CredentialsError> {
        let Some(key) = self.keys.get(index) else {
            return Err(CredentialsError::missing("the key is gone"));
        };
        let access = key.place.access().await?;
        if access.was_fetched() {
            self.note_text(key, &access);
        }
        Ok(access)
    }

    /// Whether the key at `index` has changed since `access`, which `failure` says was refused.
    pub(crate) async fn renew(&self, index: usize, access: &Access, failure: &Failure) -> bool {
        match self.keys.get(index) {
            Some(key) => key.place.renew(access, failure).await,
            None => false,
        }
    }

    /// The provider's limits of the key at `index` for `model`, combined with those of the other keys.
    pub(crate) fn report(&self, model: &str, index: usize, report: &RateLimits) -> RateLimits {
        let now = now();
        let known = self.known(model);
        if let Some(at) = known.get(index) {
            at.report(now, report);
        }
        let all: Vec<RateLimits> = known.iter().filter_map(|at| at.reported(now)).collect();
        let sum = |limit: fn(&RateLimits) -> RateLimit| {
            let limits = all.iter().map(limit).filter(|limit| *limit != RateLimit::default());
            limits.reduce(|one, other| RateLimit {
                limit: added(one.limit, other.limit),
                remaining: added(one.remaining, other.remaining),
                resets_in: one.resets_in.max(other.resets_in),
                window: one.window.or(other.window),
            })
        };
        RateLimits {
            requests: sum(|report| report.requests).unwrap_or_default(),
            tokens: sum(|report| report.tokens).unwrap_or_default(),
        }
    }

    /// The status of each key.
    pub(crate) fn status(&self, provider: &str) -> Vec<KeyStatus> {
        let now = now();
        self.keys.iter().map(|key| status::key_status(key, provider, now)).collect()
    }

    fn note_text(&self, key: &Key, access: &Access) {
        let hash = self.hasher.hash_one(access.secret().expose_secret());
        key.state.note_text(hash, access.shown());
    }

    fn known(&self, model: &str) -> Vec<Arc<KeyAtModel>> {
        self.keys.iter().map(|key| key.state.at(model)).collect()
    }

    fn standings(&self, known: &[Arc<KeyAtModel>], now: u64, breaker: &BreakerSettings) -> Vec<Standing> {
        self.keys.iter().zip(known).map(|(key, at)| key.state.standing(at, now, breaker)).collect()
    }

    /// The next of the usable keys by smooth weighted round-robin; those with which the model is healthy come first.
    fn next(&self, standings: &[Standing], passed_over: &[usize]) -> Option<usize> {
        let among = |wanted: &dyn Fn(&Standing) -> bool| -> Vec<usize> {
            let all = standings.iter().enumerate();
            all.filter(|(index, one)| wanted(one) && !passed_over.contains(index))
                .map(|(index, _)| index)
                .collect()
        };
        let mut able = among(&|one| *one == Standing::Usable { healthy: true });
        if able.is_empty() {
            able = among(&|one| matches!(one, Standing::Usable { .. }));
        }
        let mut credits = lock(&self.credits);
        let mut total = 0.0;
        let mut next: Option<(usize, f64)> = None;
        for index in able {
            let (Some(key), Some(credit)) = (self.keys.get(index), credits.get_mut(index)) else { continue };
            total += key.weight;
            *credit += key.weight;
            if next.is_none_or(|(_, most)| *credit > most) {
                next = Some((index, *credit));
            }
        }
        let (index, _) = next?;
        if let Some(credit) = credits.get_mut(index) {
            *credit -= total;
        }
        Some(index)
    }

    /// The untried key to take if none is usable: an unreadable one, which may have become readable, if waiting would
    /// not help; any if the caller insists.
    fn last_resort(&self, standings: &[Standing], tried: &[usize], insists: bool) -> Option<usize> {
        let can_wait = standings.iter().any(|one| matches!(one, Standing::Limited { .. }));
        let is_wanted = |one: &Standing| insists || (!can_wait && matches!(one, Standing::Unreadable { .. }));
        let all = standings.iter().enumerate();
        let wanted = all.filter(|(index, one)| is_wanted(one) && !tried.contains(index));
        wanted.min_by_key(|(_, standing)| standing.until()).map(|(index, _)| index)
    }

    fn no_key(&self, standings: &[Standing], now: u64) -> NoKey {
        let count = |wanted: fn(&Standing) -> bool| standings.iter().filter(|one| wanted(one)).count();
        let kinds = standings.iter().filter_map(|one| match one {
            Standing::Refused { kind, .. } => Some(*kind),
            _ => None,
        });
        // If they were refused in different ways, it is an authentication failure.
        let kind = kinds.reduce(|one, other| if one == other { one } else { ErrorKind::Authentication });
        let until = standings.iter().map(|one| one.until()).min().unwrap_or(now);
        NoKey {
            provider: Arc::clone(&self.provider),
            limited: count(|one| matches!(one, Standing::Limited { .. } | Standing::Usable { .. })),
            refused: count(|one| matches!(one, Standing::Refused { .. })),
            unreadable: count(|one| matches!(one, Standing::Unreadable { .. })),
            kind: kind.unwrap_or(ErrorKind::Authentication),
            usable_in: Duration::from_millis(until.saturating_sub(now)),
        }
    }
}

impl Standing {
    /// When it becomes usable.
    fn until(&self) -> u64 {
        match self {
            Self::Usable { .. } => 0,
            Self::Limited { until } | Self::Unreadable { until } | Self::Refused { until, .. } => *until,
        }
    }
}

fn added(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    Some(one?.saturating_add(other?))
}

/// Shows the number of keys.
impl fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyRing").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}
