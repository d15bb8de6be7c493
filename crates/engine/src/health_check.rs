//! Active health checks: while a target's circuit breaker is open, its provider gets a request now and then, and after
//! a success the next call tries the target.
//!
//! Off unless an interval is set. The request is for the provider's model list, which no provider charges for. Checking
//! ends when the breaker is no longer open, or when the client has dropped the provider.

use crate::{
    call::execute,
    candidates::{Candidates, Contender},
    failover::Reason,
    health::listing_path,
    observe::Events,
    options::{CallOptions, Timeouts},
    patience::Patience,
    plan::Pool,
    policy::CallPolicy,
    policy_options::RetryOptions,
    provider::Provider,
    raw::RawRequest,
    target_state::{self, TargetState},
    timeout::Limits,
};
use bytes::Bytes;
use ferrule_wire::breaker::BreakerSettings;
use http::Method;
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::time::Instant;
use tracing::debug;

/// The minimum interval.
const LEAST: Duration = Duration::from_millis(100);

/// The time limit of a check.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts checking, every `interval`, until the breaker of `state` is no longer open, or the provider answers.
pub(crate) fn begin(interval: Duration, provider: &Arc<Provider>, state: &Arc<TargetState>) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    if !state.begin_check() {
        return;
    }
    let (provider, state) = (Arc::downgrade(provider), Arc::downgrade(state));
    runtime.spawn(async move {
        check(interval, &provider, &state).await;
        if let Some(state) = state.upgrade() {
            state.end_check();
        }
    });
}

async fn check(interval: Duration, provider: &Weak<Provider>, state: &Weak<TargetState>) {
    loop {
        tokio::time::sleep(interval.max(LEAST)).await;
        let (Some(provider), Some(state)) = (provider.upgrade(), state.upgrade()) else { return };
        if !state.is_open() {
            return;
        }
        if is_well(provider).await {
            debug!(target: "ferrule", "health check succeeded: the next call tries the target");
            state.breaker().expect_back(target_state::now());
            return;
        }
    }
}

/// Whether `provider` answers without a server failure.
async fn is_well(provider: Arc<Provider>) -> bool {
    let request = RawRequest {
        method: Method::GET,
        path: listing_path(provider.dialect),
        body: Bytes::new(),
        content_type: None,
    };
    let started = Instant::now();
    let timeouts = Timeouts { total: Some(PATIENCE), ..Timeouts::default() };
    let policy = CallPolicy {
        limits: Limits::new(timeouts, Timeouts::default(), started),
        retry: RetryOptions { max_retries: Some(0), ..RetryOptions::default() },
        started,
        at: 0,
        catalog: None,
        admission: None,
        events: Events::default(),
        patience: Patience::default(),
    };
    // Without state: it is contacted regardless.
    let contender = Contender {
        provider,
        model: String::new(),
        settings: None,
        pool: Pool::Group,
        state: None,
        breaker: BreakerSettings::default(),
        place: 0,
        window: None,
        reason: None,
        opened: None,
    };
    let candidates = Candidates { list: vec![contender], ..Candidates::default() };
    match execute(candidates, request, &CallOptions::default(), policy).await {
        Ok(_) => true,
        Err(error) => !Reason::from_failure(&error.failure).is_of_health(),
    }
}
