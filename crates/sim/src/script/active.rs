//! Active script: finds the rule that a request falls under.

use super::{
    document::{Rule, Script},
    fault::Fault,
    glob::matches,
    reply::Reply,
};
use crate::random;
use std::sync::{Mutex, PoisonError};

/// A script in use: its rules with their counters.
#[derive(Debug)]
pub(crate) struct ActiveScript {
    rules: Vec<(Rule, Mutex<Counters>)>,
    defaults: Reply,
    seed: u64,
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
    pub(crate) model: &'a str,
    pub(crate) dialect: &'a str,
    pub(crate) path: &'a str,
    pub(crate) stream: bool,
    pub(crate) headers: &'a http::HeaderMap,
    pub(crate) text: &'a str,
}

impl ActiveScript {
    pub(crate) fn new(script: Script, seed: u64) -> Self {
        let rules = script.rules.into_iter().map(|rule| (rule, Mutex::default())).collect();
        Self { rules, defaults: script.defaults, seed }
    }

    pub(crate) const fn defaults(&self) -> &Reply {
        &self.defaults
    }

    /// Whether a rule matches the last user text.
    pub(crate) fn reads_text(&self) -> bool {
        self.rules.iter().any(|(rule, _)| rule.matching.text.is_some())
    }

    /// The reply and the fault of the first rule that is for this request.
    pub(crate) fn find(&self, request: &RequestFacts<'_>) -> Option<(Option<&Reply>, Option<&Fault>)> {
        (0u64..).zip(&self.rules).find_map(|(position, (rule, counters))| {
            if !rule.matches(request) {
                return None;
            }
            let mut counters = counters.lock().unwrap_or_else(PoisonError::into_inner);
            counters.matching += 1;
            if rule.matching.nth.is_some_and(|nth| nth != counters.matching)
                || rule.times.is_some_and(|times| counters.used >= times)
                || rule.rate.is_some_and(|rate| random::share(self.seed, position, counters.matching) >= rate)
            {
                return None;
            }
            counters.used += 1;
            Some((rule.reply.as_ref(), rule.fault.as_ref()))
        })
    }
}

impl Rule {
    fn matches(&self, request: &RequestFacts<'_>) -> bool {
        let expected = &self.matching;
        let text_matches = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| matches(pattern, text))
        };
        text_matches(&expected.model, request.model)
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

    fn used(script: &str, seed: u64, requests: usize) -> Vec<bool> {
        let active = ActiveScript::new(Script::parse(script).unwrap(), seed);
        let headers = http::HeaderMap::new();
        let request = RequestFacts {
            model: "m",
            dialect: "openai-chat",
            path: "/",
            stream: true,
            headers: &headers,
            text: "hello",
        };
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
    fn a_rate_draws_the_same_with_the_same_seed() {
        let script = r#"[{"rate":0.1}]"#;
        let first = used(script, 7, 1000);
        assert_eq!(first, used(script, 7, 1000));
        assert_ne!(first, used(script, 8, 1000));
        let share = first.iter().filter(|used| **used).count();
        assert!((60..150).contains(&share), "{share}");
    }
}
