//! Active script: finds the rule for a request.

use super::{
    document::{Rule, Script},
    fault::Fault,
    glob::matches,
    reply::Reply,
};
use crate::random;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A script in use: its rules with their counters.
#[derive(Debug)]
pub(crate) struct ActiveScript {
    rules: Vec<Arc<ActiveRule>>,
    defaults: Reply,
    seed: u64,
}

/// A rule in use.
#[derive(Debug)]
struct ActiveRule {
    rule: Rule,
    /// Its number, which selects its random sequence.
    number: u64,
    /// When it came into effect.
    since: Instant,
    counters: Mutex<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    /// Requests that match.
    matching: u64,
    /// Requests the rule was used for.
    used: u64,
}

/// The facts about a request that a rule can match.
#[derive(Debug)]
pub(crate) struct RequestFacts<'a> {
    pub(crate) provider: &'a str,
    pub(crate) model: &'a str,
    pub(crate) dialect: &'a str,
    pub(crate) path: &'a str,
    pub(crate) stream: bool,
    pub(crate) headers: &'a http::HeaderMap,
    pub(crate) text: &'a str,
}

impl ActiveScript {
    pub(crate) fn new(script: Script, seed: u64) -> Self {
        Self { rules: active(script.rules, 0).collect(), defaults: script.defaults, seed }
    }

    /// The script with `rules` in front of its own, which keep their state.
    pub(crate) fn with_rules_before(&self, rules: Vec<Rule>) -> Self {
        let number = self.rules.iter().map(|active| active.number + 1).max().unwrap_or_default();
        let rules = active(rules, number).chain(self.rules.iter().cloned()).collect();
        Self { rules, defaults: self.defaults.clone(), seed: self.seed }
    }

    pub(crate) const fn defaults(&self) -> &Reply {
        &self.defaults
    }

    /// Whether a rule matches the last user text.
    pub(crate) fn reads_text(&self) -> bool {
        self.rules.iter().any(|active| active.rule.matching.text.is_some())
    }

    /// The reply and the fault of the first rule that applies to this request.
    pub(crate) fn find(&self, request: &RequestFacts<'_>) -> Option<(Option<&Reply>, Option<&Fault>)> {
        self.rules.iter().find_map(|active| {
            let ActiveRule { rule, number, since, counters } = &**active;
            if !rule.is_in_force(since.elapsed()) || !rule.matches(request) {
                return None;
            }
            let mut counters = counters.lock().unwrap_or_else(PoisonError::into_inner);
            counters.matching += 1;
            if rule.matching.nth.is_some_and(|nth| nth != counters.matching)
                || rule.times.is_some_and(|times| counters.used >= times)
                || rule.rate.is_some_and(|rate| random::share(self.seed, *number, counters.matching) >= rate)
            {
                return None;
            }
            counters.used += 1;
            Some((rule.reply.as_ref(), rule.fault.as_ref()))
        })
    }
}

/// `rules`, which come into effect now.
fn active(rules: Vec<Rule>, first: u64) -> impl Iterator<Item = Arc<ActiveRule>> {
    let since = Instant::now();
    (first..)
        .zip(rules)
        .map(move |(number, rule)| Arc::new(ActiveRule { rule, number, since, counters: Mutex::default() }))
}

impl Rule {
    /// Whether it applies this long after it came into effect.
    fn is_in_force(&self, elapsed: Duration) -> bool {
        let elapsed = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let end = self.for_ms.map_or(u64::MAX, |lasts| self.after_ms.saturating_add(lasts));
        (self.after_ms..end).contains(&elapsed)
    }

    fn matches(&self, request: &RequestFacts<'_>) -> bool {
        let expected = &self.matching;
        let text_matches = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| matches(pattern, text))
        };
        text_matches(&expected.provider, request.provider)
            && text_matches(&expected.model, request.model)
            && text_matches(&expected.dialect, request.dialect)
            && text_matches(&expected.path, request.path)
            && text_matches(&expected.text, request.text)
            && expected.stream.is_none_or(|stream| stream == request.stream)
            && expected.headers.iter().all(|(name, pattern)| {
                request
                    .headers
                    .get_all(name)
                    .iter()
                    .any(|value| value.to_str().is_ok_and(|value| matches(pattern, value)))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &http::HeaderMap) -> RequestFacts<'_> {
        RequestFacts {
            provider: "openai",
            model: "m",
            dialect: "openai-chat",
            path: "/",
            stream: true,
            headers,
            text: "hello",
        }
    }

    fn used(script: &str, seed: u64, requests: usize) -> Vec<bool> {
        let active = ActiveScript::new(Script::parse(script).unwrap(), seed);
        let headers = http::HeaderMap::new();
        let request = request(&headers);
        (0..requests).map(|_| active.find(&request).is_some()).collect()
    }

    #[test]
    fn times_and_nth() {
        assert_eq!(used(r#"[{"times":2}]"#, 0, 3), [true, true, false]);
        assert_eq!(used(r#"[{"match":{"nth":2}}]"#, 0, 3), [false, true, false]);
        assert_eq!(used(r#"[{"match":{"model":"x"}}]"#, 0, 1), [false]);
        assert_eq!(used(r#"[{"match":{"headers":{"x-a":"*"}}}]"#, 0, 1), [false]);
    }

    #[test]
    fn a_provider_and_a_time() {
        assert_eq!(used(r#"[{"match":{"provider":"open*"}}]"#, 0, 1), [true]);
        assert_eq!(used(r#"[{"match":{"provider":"groq"}}]"#, 0, 1), [false]);
        let script = Script::parse(r#"[{"after_ms":200,"for_ms":100},{"after_ms":200}]"#).unwrap();
        let at = |ms: u64| script.rules.iter().map(move |rule| rule.is_in_force(Duration::from_millis(ms)));
        for (ms, expected) in
            [(0, [false, false]), (200, [true, true]), (299, [true, true]), (300, [false, true])]
        {
            assert_eq!(at(ms).collect::<Vec<_>>(), expected, "{ms}");
        }
    }

    #[test]
    fn added_rules_come_first_and_keep_the_others() {
        let headers = http::HeaderMap::new();
        let request = request(&headers);
        let text = |active: &ActiveScript| active.find(&request).and_then(|(reply, _)| reply?.text.clone());
        let active = ActiveScript::new(Script::parse(r#"[{"times":2,"reply":"old"}]"#).unwrap(), 0);
        assert_eq!(text(&active).as_deref(), Some("old"));
        let more = Script::parse(r#"[{"times":1,"reply":"new"}]"#).unwrap().rules;
        let active = active.with_rules_before(more);
        assert_eq!(text(&active).as_deref(), Some("new"));
        assert_eq!(text(&active).as_deref(), Some("old"));
        assert_eq!(text(&active), None);
    }

    #[test]
    fn a_rate_draws_the_same_with_the_same_seed() {
        let script = r#"[{"rate":0.1}]"#;
        let first = used(script, 7, 1000);
        assert_eq!(first, used(script, 7, 1000));
        assert_ne!(first, used(script, 8, 1000));
        let share = first.iter().filter(|used| **used).count();
        assert!((60..150).contains(&share), "{share}");
    }
}
