//! Tests of the call plan: what follows each failed attempt.

use super::*;
use crate::{failure::Expired, policy_options::RetryOptions};
use ferrule_wire::model::{DelaySource, ErrorKind, ProviderError, RetryAfter};
use proptest::prelude::*;

const HOUR: Duration = Duration::from_secs(3600);
const KEYS: Keys = Keys { has_grant: false, has_another: false };

fn provider(kind: ErrorKind, asked: Option<Duration>) -> Failed {
    let mut error = ProviderError::new(kind, "no");
    error.retry_after = asked.map(|delay| RetryAfter { delay, source: DelaySource::RetryAfter });
    Failure::Provider(Box::new(error)).into()
}

fn expired(kind: TimeoutKind) -> Failure {
    Expired { kind, limit: HOUR }.into()
}

fn busy() -> Failed {
    provider(ErrorKind::Server, None)
}

fn rules(max_retries: u32) -> Rules {
    let retry = RetryOptions { max_retries: Some(max_retries), ..RetryOptions::default() };
    Rules { retry: retry.policy(), failover_on: FailoverOn::default(), all_open: None, max_targets: None }
}

fn plan(seats: usize, max_retries: u32) -> Plan {
    let seats = (0..seats).map(|_| Seat::new(Pool::Group, None)).collect();
    Plan::new(seats, rules(max_retries))
}

fn at(now: u64) -> Moment {
    Moment { now: Duration::from_secs(now), remaining: HOUR, may_retry: true }
}

fn attempt(seat: usize) -> Step {
    Step::Attempt { seat, wait: Duration::ZERO, insist: false }
}

/// The candidate of a step that waits.
fn waited(step: Step) -> Option<usize> {
    match step {
        Step::Attempt { seat, wait, insist: false } if !wait.is_zero() => Some(seat),
        _ => None,
    }
}

#[test]
fn a_single_candidate_is_retried_with_delays_up_to_the_limit() {
    let mut one = plan(1, 2);
    assert_eq!(one.first(), attempt(0));
    assert_eq!(waited(one.after(&busy(), KEYS, at(0))), Some(0));
    assert_eq!(waited(one.after(&busy(), KEYS, at(1))), Some(0));
    assert_eq!(one.after(&busy(), KEYS, at(2)), Step::GiveUp);
    for (never, why) in [
        (provider(ErrorKind::Authentication, None), "a key"),
        (expired(TimeoutKind::Total).into(), "time"),
        (Failure::unreadable("").into(), "an answer"),
        (Failed::new(Failure::Connect(String::new()), Again::Never), "a certificate"),
    ] {
        assert_eq!(plan(1, 2).after(&never, KEYS, at(0)), Step::GiveUp, "{why} gets no better");
    }
    for later in [TimeoutKind::Connect, TimeoutKind::FirstByte, TimeoutKind::Idle] {
        assert_eq!(waited(plan(1, 2).after(&expired(later).into(), KEYS, at(0))), Some(0));
    }
}

#[test]
fn duplicate_targets_count_as_one() {
    let seats = |targets: &[usize]| {
        let seats = targets.iter().map(|target| Seat::new(Pool::Group, None).of(Some(*target))).collect();
        Plan::new(seats, rules(1))
    };
    let mut twice = seats(&[7, 7, 8, 7]);
    assert_eq!(twice.first(), attempt(0));
    assert_eq!(twice.others().collect::<Vec<_>>(), [2], "nobody is asked beside itself");
    let limited = provider(ErrorKind::RateLimited, Some(Duration::from_secs(5)));
    assert_eq!(twice.after(&limited, KEYS, at(0)), attempt(2), "its time is not over");
    let Step::Attempt { seat: 0, wait, .. } =
        twice.after(&provider(ErrorKind::RateLimited, Some(Duration::from_secs(9))), KEYS, at(1))
    else {
        panic!("the round begins anew");
    };
    assert_eq!(wait, Duration::from_secs(4));
    // Alone, it is retried like one that is listed once.
    let mut alone = seats(&[7, 7]);
    alone.first();
    assert_eq!(waited(alone.after(&expired(TimeoutKind::FirstByte).into(), KEYS, at(0))), Some(0));
    let mut open = seats(&[7, 7]);
    open.first();
    let reopens = Refusal::Open { reopens: HOUR };
    assert_eq!(open.skip(reopens, at(0)), attempt(1));
    assert!(matches!(open.skip(reopens, at(0)), Step::Attempt { insist: true, .. }));
    // A prompt that was too long may fit with other options.
    let mut long = seats(&[7, 7]);
    long.first();
    assert_eq!(long.after(&provider(ErrorKind::ContextLength, None), KEYS, at(0)), attempt(1));
}

#[test]
fn a_failure_moves_on_at_once_and_a_new_round_begins_after_the_backoff() {
    let mut three = plan(3, 1);
    assert_eq!(three.first(), attempt(0));
    assert_eq!(three.after(&busy(), KEYS, at(0)), attempt(1));
    assert_eq!(three.after(&busy(), KEYS, at(0)), attempt(2));
    let asked = provider(ErrorKind::RateLimited, Some(Duration::from_millis(100)));
    match three.after(&asked, KEYS, at(0)) {
        Step::Attempt { seat, wait, .. } => {
            assert_eq!((seat, wait), (2, Duration::from_millis(100)), "it is ready first");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(three.after(&busy(), KEYS, at(1)), Step::GiveUp, "one retry beyond one each");
}

#[test]
fn a_target_with_too_long_a_retry_after_is_dropped() {
    let mut two = plan(2, 2);
    let long = provider(ErrorKind::RateLimited, Some(Duration::from_secs(121)));
    assert_eq!(two.after(&long, KEYS, at(0)), attempt(1));
    assert_eq!(waited(two.after(&busy(), KEYS, at(0))), Some(1));
    assert_eq!(plan(1, 2).after(&long, KEYS, at(0)), Step::GiveUp);
    let patient = provider(ErrorKind::RateLimited, Some(Duration::from_secs(20)));
    let short = Moment { remaining: Duration::from_secs(20), ..at(0) };
    assert_eq!(plan(1, 2).after(&patient, KEYS, short), Step::GiveUp, "never past the deadline");
}

#[test]
fn a_wrong_request_a_filter_and_the_deadline_stop() {
    for stops in [
        provider(ErrorKind::InvalidRequest, None),
        provider(ErrorKind::ContentFiltered, None),
        provider(ErrorKind::Cancelled, None),
        expired(TimeoutKind::Total).into(),
    ] {
        assert_eq!(plan(2, 2).after(&stops, KEYS, at(0)), Step::GiveUp, "{stops:?}");
    }
    for moves in [
        provider(ErrorKind::Authentication, None),
        provider(ErrorKind::PermissionDenied, None),
        provider(ErrorKind::NotFound, None),
        provider(ErrorKind::QuotaExceeded, None),
        provider(ErrorKind::Overloaded, None),
        Failure::unreadable("").into(),
        Failure::Interrupted(String::new()).into(),
        Failed::new(Failure::Connect(String::new()), Again::Never),
        expired(TimeoutKind::FirstByte).into(),
    ] {
        assert_eq!(plan(2, 2).after(&moves, KEYS, at(0)), attempt(1), "{moves:?}");
    }
}

#[test]
fn failover_on_decides_what_moves() {
    let only = FailoverOn::named(["timeout"]).unwrap();
    let mut two = Plan::new(vec![Seat::default(); 2], Rules { failover_on: only, ..rules(2) });
    assert_eq!(waited(two.after(&busy(), KEYS, at(0))), Some(0), "it is retried in its place");
    assert_eq!(two.after(&expired(TimeoutKind::FirstByte).into(), KEYS, at(0)), attempt(1));
    let filter = FailoverOn::named(["content_filter"]).unwrap();
    let mut two = Plan::new(vec![Seat::default(); 2], Rules { failover_on: filter, ..rules(2) });
    assert_eq!(two.after(&provider(ErrorKind::ContentFiltered, None), KEYS, at(0)), attempt(1));
}

#[test]
fn the_number_of_candidates_is_limited() {
    let of = |most| Rules { max_targets: Some(most), ..rules(1) };
    let mut three = Plan::new(vec![Seat::default(); 3], of(2));
    assert_eq!(three.first(), attempt(0));
    assert_eq!(three.others().count(), 2);
    assert_eq!(three.after(&busy(), KEYS, at(0)), attempt(1));
    assert_eq!(three.others().count(), 0, "the second is the last that may be asked");
    let again = waited(three.after(&busy(), KEYS, at(0)));
    assert!(matches!(again, Some(0 | 1)), "the round begins anew without the third: {again:?}");
    assert_eq!(three.after(&busy(), KEYS, at(1)), Step::GiveUp);
    let mut three = Plan::new(vec![Seat::default(); 3], of(1));
    assert_eq!(
        three.skip(Refusal::Open { reopens: HOUR }, at(0)),
        attempt(1),
        "who was passed over was not asked"
    );
    assert_eq!(three.skip(Refusal::Unusable, at(0)), attempt(2));
}

#[test]
fn a_prompt_known_to_be_too_long_starts_with_the_context_fallback() {
    let seats = vec![Seat::new(Pool::Context, None), Seat::new(Pool::Filter, None)];
    assert_eq!(Plan::new(seats, rules(0)).first(), attempt(0));
    assert_eq!(Plan::new(vec![Seat::new(Pool::Filter, None)], rules(0)).first(), Step::GiveUp);
}

#[test]
fn a_silent_candidate_is_not_retried() {
    let mut two = plan(2, 5);
    assert_eq!(two.after(&expired(TimeoutKind::FirstByte).into(), KEYS, at(0)), attempt(1));
    assert_eq!(waited(two.after(&busy(), KEYS, at(0))), Some(1));
    assert_eq!(two.after(&expired(TimeoutKind::Idle).into(), KEYS, at(1)), Step::GiveUp);
}

#[test]
fn a_long_prompt_moves_to_larger_windows_and_then_to_the_context_fallback() {
    let long = provider(ErrorKind::ContextLength, None);
    let seats = || {
        [(Pool::Group, Some(8)), (Pool::Group, Some(8)), (Pool::Group, Some(32)), (Pool::Context, Some(1000))]
            .map(|(pool, window)| Seat::new(pool, window))
            .to_vec()
    };
    let mut all = Plan::new(seats(), rules(2));
    assert_eq!(all.after(&long, KEYS, at(0)), attempt(2), "the second reads no more");
    assert_eq!(all.after(&long, KEYS, at(0)), attempt(3));
    assert_eq!(all.after(&long, KEYS, at(0)), Step::GiveUp);
    let mut without = Plan::new(seats().into_iter().take(2).collect(), rules(2));
    assert_eq!(without.after(&long, KEYS, at(0)), Step::GiveUp);
    // The models for long prompts serve nothing else.
    let mut other = Plan::new(vec![Seat::default(), Seat::new(Pool::Context, None)], rules(0));
    assert_eq!(other.after(&busy(), KEYS, at(0)), Step::GiveUp);
}

#[test]
fn a_content_filter_is_routed_around_if_the_group_says_so() {
    let refused = provider(ErrorKind::ContentFiltered, None);
    let mut seats = vec![Seat::default(); 2];
    seats.push(Seat::new(Pool::Filter, None));
    let mut all = Plan::new(seats, rules(2));
    assert_eq!(all.after(&refused, KEYS, at(0)), attempt(2));
    assert_eq!(all.after(&refused, KEYS, at(0)), Step::GiveUp);
}

#[test]
fn an_unprocessed_request_is_repeated_once_without_counting() {
    let stale = Failed::new(Failure::Connect(String::new()), Again::AtOnce);
    let mut one = plan(1, 0);
    assert_eq!(one.after(&stale, KEYS, at(0)), Step::Repeat);
    assert_eq!(one.after(&stale, KEYS, at(0)), Step::GiveUp);
    let mut two = plan(2, 1);
    assert_eq!(two.after(&stale, KEYS, at(0)), Step::Repeat, "before anybody else is asked");
    assert_eq!(two.after(&stale, KEYS, at(0)), attempt(1));
    assert_eq!(two.after(&stale, KEYS, at(0)), Step::Repeat);
    assert!(waited(two.after(&stale, KEYS, at(0))).is_some());
    let over = Moment { remaining: Duration::ZERO, ..at(0) };
    assert_eq!(plan(1, 2).after(&stale, KEYS, over), Step::GiveUp);
}

#[test]
fn credentials_are_renewed_once_and_another_key_is_used_before_another_target() {
    let grant = Keys { has_grant: true, has_another: false };
    let mut error = ProviderError::new(ErrorKind::Authentication, "no");
    error.status = Some(401);
    let refused: Failed = Failure::Provider(Box::new(error)).into();
    let mut one = plan(1, 2);
    assert_eq!(one.after(&refused, grant, at(0)), Step::RenewCredentials);
    one.uncounted();
    assert_eq!(one.after(&refused, grant, at(0)), Step::GiveUp);
    let mut one = plan(1, 2);
    assert_eq!(one.after(&refused, grant, at(0)), Step::RenewCredentials);
    assert_eq!(one.instead(&refused, at(0)), Step::GiveUp, "where they cannot be renewed");
    assert!(waited(plan(1, 2).after(&busy(), grant, at(0))).is_some());

    let several = Keys { has_grant: false, has_another: true };
    let mut two = plan(2, 0);
    assert_eq!(two.after(&refused, several, at(0)), Step::NextKey);
    assert_eq!(two.after(&provider(ErrorKind::RateLimited, None), several, at(0)), Step::NextKey);
    assert_eq!(two.after(&refused, KEYS, at(0)), attempt(1));
    assert_eq!(two.after(&busy(), several, at(0)), Step::GiveUp, "no fault of the key");

    // A model that one key may not use may be allowed to another.
    let mut error = ProviderError::new(ErrorKind::PermissionDenied, "no access to model x");
    error.status = Some(403);
    let forbidden: Failed = Failure::Provider(Box::new(error)).into();
    let mut two = plan(2, 0);
    assert_eq!(two.after(&forbidden, several, at(0)), Step::NextKey);
    assert_eq!(two.after(&forbidden, KEYS, at(0)), attempt(1));

    let both = Keys { has_grant: true, has_another: true };
    let mut two = plan(2, 0);
    assert_eq!(
        two.after(&refused, both, at(0)),
        Step::RenewCredentials,
        "the same key may be another by now"
    );
    assert_eq!(two.with_another_key(&refused, both, at(0)), Step::NextKey, "where it is not");
}

#[test]
fn a_candidate_without_a_key_is_skipped_or_briefly_waited_for() {
    let no_key = |seconds: Option<u64>| Refusal::NoKey { usable_in: seconds.map(Duration::from_secs) };
    let mut two = plan(2, 2);
    assert_eq!(two.first(), attempt(0));
    assert_eq!(two.skip(no_key(Some(3)), at(0)), attempt(1));
    let wait = Duration::from_secs(3);
    let soonest = Step::Attempt { seat: 0, wait, insist: false };
    assert_eq!(two.skip(no_key(Some(5)), at(0)), soonest, "the first that has one again");
    assert_eq!(plan(1, 2).skip(no_key(None), at(0)), Step::GiveUp, "all are refused");
    assert_eq!(plan(1, 2).skip(no_key(Some(121)), at(0)), Step::GiveUp, "nobody waits for so long");
    assert_eq!(plan(1, 0).skip(no_key(Some(1)), at(0)), Step::GiveUp, "waiting is a retry");
}

#[test]
fn unusable_candidates_are_skipped() {
    let open = |seconds| Refusal::Open { reopens: Duration::from_secs(seconds) };
    let mut two = plan(2, 2);
    assert_eq!(two.first(), attempt(0));
    assert_eq!(two.skip(open(9), at(0)), attempt(1));
    assert_eq!(two.skip(open(5), at(0)), Step::GiveUp, "where all are open, several fail at once");
    assert_eq!(plan(1, 2).skip(Refusal::Unusable, at(0)), Step::GiveUp);

    let insist = |seat| Step::Attempt { seat, wait: Duration::ZERO, insist: true };
    assert_eq!(plan(1, 2).skip(open(9), at(0)), insist(0), "one alone is asked");
    let none_left = Moment { may_retry: false, ..at(0) };
    assert_eq!(plan(1, 2).skip(open(9), none_left), Step::GiveUp);
    let mut two = Plan::new(vec![Seat::default(); 2], Rules { all_open: Some(AllOpen::Ask), ..rules(0) });
    assert_eq!(two.skip(open(9), at(0)), Step::Attempt { seat: 1, wait: Duration::ZERO, insist: false });
    assert_eq!(two.skip(open(5), at(0)), insist(1), "the one that is to be tried next");

    let mut full = plan(2, 0);
    assert_eq!(full.skip(Refusal::Busy, at(0)), attempt(1));
    assert_eq!(waited(full.skip(Refusal::Busy, at(0))), Some(0), "until there is a place");
    let over = Moment { remaining: BUSY_PAUSE, ..at(0) };
    assert_eq!(plan(1, 0).skip(Refusal::Busy, over), Step::GiveUp);
}

#[test]
fn the_failure_is_reported_if_no_other_candidate_is_usable() {
    let mut two = plan(2, 1);
    assert_eq!(two.after(&busy(), KEYS, at(0)), attempt(1));
    assert_eq!(waited(two.skip(Refusal::Unusable, at(0))), Some(0), "the first one's retries go on");
    assert_eq!(two.after(&busy(), KEYS, at(0)), Step::GiveUp);
}

/// One attempt, of seconds `lasting`, that failed in some way.
fn failures() -> impl Strategy<Value = (Failed, u64)> {
    let asked = proptest::option::of(0_u64..200);
    let kinds = prop_oneof![
        Just(ErrorKind::Server),
        Just(ErrorKind::Overloaded),
        Just(ErrorKind::RateLimited),
        Just(ErrorKind::Authentication),
        Just(ErrorKind::NotFound),
        Just(ErrorKind::ContextLength),
        Just(ErrorKind::ContentFiltered),
        Just(ErrorKind::InvalidRequest),
    ];
    let reported = (kinds, asked, proptest::option::of(prop_oneof![Just(401_u16), Just(500)])).prop_map(
        |(kind, asked, status)| {
            let Failed { mut failure, again, began } = provider(kind, asked.map(Duration::from_secs));
            if let Failure::Provider(error) = &mut failure {
                error.status = status;
            }
            Failed { failure, again, began }
        },
    );
    let failed = prop_oneof![
        4 => reported,
        1 => Just(Failure::Connect(String::new()).into()),
        1 => Just(Failed::new(Failure::Connect(String::new()), Again::AtOnce)),
        1 => Just(Failed::new(Failure::Connect(String::new()), Again::Never)),
        1 => Just(expired(TimeoutKind::Connect).into()),
        1 => Just(expired(TimeoutKind::FirstByte).into()),
        1 => Just(Failure::Interrupted(String::new()).into()),
        1 => Just(Failure::unreadable("").into()),
    ];
    (failed, 0_u64..30)
}

fn refusals() -> impl Strategy<Value = Option<Refusal>> {
    prop_oneof![
        6 => Just(None),
        1 => (0_u64..30).prop_map(|seconds| Some(Refusal::Open { reopens: Duration::from_secs(seconds) })),
        1 => Just(Some(Refusal::Unusable)),
    ]
}

fn pools() -> impl Strategy<Value = (Pool, Option<u64>)> {
    let pool = prop_oneof![4 => Just(Pool::Group), 1 => Just(Pool::Context), 1 => Just(Pool::Filter)];
    (pool, proptest::option::of(1_u64..4))
}

#[test]
fn one_of_two_raced_candidates_counts() {
    let mut three = plan(3, 2);
    assert_eq!(three.first(), attempt(0));
    assert_eq!(three.others().next(), Some(1));
    // The second answers first; if its stream breaks off, the untried one is next.
    three.given_up(0);
    three.turn_to(1);
    assert!(three.was_asked(0) && !three.was_asked(2));
    let broken: Failed = Failure::Interrupted("cut".to_owned()).into();
    assert_eq!(three.after(&broken, KEYS, at(0)), attempt(2));
    // The cancelled one may be retried, before those that failed.
    assert_eq!(three.after(&broken, KEYS, at(0)), attempt(0));

    let mut both = plan(2, 0);
    both.first();
    both.lost(1, &busy(), Duration::ZERO);
    assert_eq!(both.after(&busy(), KEYS, at(0)), Step::GiveUp, "both were asked");
}

#[test]
fn a_target_that_refuses_a_prefix_is_retried_without_it() {
    let mut two = plan(2, 0);
    two.first();
    assert_eq!(two.after(&provider(ErrorKind::InvalidRequest, None), KEYS, at(0)), Step::GiveUp);
    assert_eq!(two.once_more(), attempt(0));
    assert_eq!(two.after(&busy(), KEYS, at(0)), attempt(1));
}

#[test]
fn an_answer_is_declined_only_for_an_untried_candidate() {
    let mut two = plan(2, 2);
    two.first();
    assert!(two.has_another_for(Reason::Unreadable));
    assert!(!two.has_another_for(Reason::ContentFilter), "unless told");
    two.after(&busy(), KEYS, at(0));
    assert!(!two.has_another_for(Reason::Unreadable), "the first failed");
    let seats = vec![Seat::new(Pool::Group, None), Seat::new(Pool::Filter, None)];
    let mut filtered = Plan::new(seats, rules(0));
    filtered.first();
    assert!(filtered.has_another_for(Reason::ContentFilter));
    assert_eq!(filtered.after(&provider(ErrorKind::ContentFiltered, None), KEYS, at(0)), attempt(1));
    assert!(!filtered.has_another_for(Reason::ContentFilter), "nobody is left");
    let failover_on = FailoverOn::named(["content_filter"]).unwrap();
    let seats = vec![Seat::new(Pool::Group, None), Seat::new(Pool::Group, None)];
    let mut told = Plan::new(seats, Rules { failover_on, ..rules(0) });
    told.first();
    assert!(told.has_another_for(Reason::ContentFilter) && !told.has_another_for(Reason::Unreadable));
}

proptest! {
    /// Whatever fails, and however often: the call ends, within its time, its attempts and its pools.
    #[test]
    fn every_call_ends_within_its_bounds(
        others in proptest::collection::vec(pools(), 0..5),
        max_retries in 0_u32..5,
        time in 1_u64..300,
        happens in proptest::collection::vec(
            (failures(), refusals(), any::<bool>(), any::<bool>(), any::<bool>()), 96),
    ) {
        let mut seats = vec![Seat::new(Pool::Group, Some(2))];
        seats.extend(others.into_iter().map(|(pool, window)| Seat::new(pool, window)));
        let count = seats.len();
        let mut plan = Plan::new(seats, rules(max_retries));
        let (mut now, mut asked) = (Duration::ZERO, vec![0_u32; count]);
        let total = Duration::from_secs(time);
        let (mut repeats, mut renewals, mut keys_left) = (0, 0, 2);
        let mut step = plan.first();
        let mut ended = false;
        for ((failed, lasting), refusal, has_grant, renews, may_retry) in happens {
            let moment = |now: Duration| Moment { now, remaining: total.saturating_sub(now), may_retry };
            match step {
                Step::GiveUp => {
                    ended = true;
                    break;
                }
                Step::Attempt { seat, wait, insist } => {
                    prop_assert!(wait.is_zero() || wait < total.saturating_sub(now), "never past the deadline");
                    prop_assert!(seat < count);
                    now += wait;
                    if let Some(refusal) = refusal.filter(|_| !insist) {
                        step = plan.skip(refusal, moment(now));
                        continue;
                    }
                    asked[seat] += 1;
                }
                Step::Repeat => repeats += 1,
                Step::RenewCredentials => renewals += 1,
                Step::NextKey => keys_left -= 1,
            }
            now = (now + Duration::from_secs(lasting)).min(total);
            let keys = Keys { has_grant, has_another: keys_left > 0 };
            step = plan.after(&failed, keys, moment(now));
            if step == Step::RenewCredentials {
                prop_assert!(has_grant && failed.is_refusal());
                if renews {
                    plan.uncounted();
                } else {
                    step = plan.instead(&failed, moment(now));
                }
            }
        }
        prop_assert!(ended, "every call ends");
        let beyond: u32 = asked.iter().map(|count| count.saturating_sub(1)).sum();
        prop_assert!(beyond <= max_retries, "{beyond} attempts beyond one for each of {asked:?}");
        prop_assert!(repeats + renewals <= 2 * asked.iter().sum::<u32>());
    }
}
