//! Which rule a request falls under.

use super::{Fault, Reply, Rule, Script, glob::fits};
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
    /// Requests that fit.
    fitting: u64,
    /// Requests the rule was used for.
    used: u64,
}

/// What a rule can look at.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
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

    /// Whether a rule looks at the last user text.
    pub(crate) fn reads_text(&self) -> bool {
        self.rules.iter().any(|(rule, _)| rule.matching.text.is_some())
    }

    /// The reply and the fault of the first rule that is for this request.
    pub(crate) fn find(&self, asked: &Asked<'_>) -> Option<(Option<&Reply>, Option<&Fault>)> {
        (0u64..).zip(&self.rules).find_map(|(position, (rule, counters))| {
            if !rule.fits(asked) {
                return None;
            }
            let mut counters = counters.lock().unwrap_or_else(PoisonError::into_inner);
            counters.fitting += 1;
            if rule.matching.nth.is_some_and(|nth| nth != counters.fitting)
                || rule.times.is_some_and(|times| counters.used >= times)
                || rule.rate.is_some_and(|rate| random::share(self.seed, position, counters.fitting) >= rate)
            {
                return None;
            }
            counters.used += 1;
            Some((rule.reply.as_ref(), rule.fault.as_ref()))
        })
    }
}

impl Rule {
    fn fits(&self, asked: &Asked<'_>) -> bool {
        let wants = &self.matching;
        let text_fits =
            |pattern: &Option<String>, text: &str| pattern.as_ref().is_none_or(|pattern| fits(pattern, text));
        text_fits(&wants.model, asked.model)
            && text_fits(&wants.dialect, asked.dialect)
            && text_fits(&wants.path, asked.path)
            && text_fits(&wants.text, asked.text)
            && wants.stream.is_none_or(|stream| stream == asked.stream)
            && wants.headers.iter().all(|(name, pattern)| {
                asked
                    .headers
                    .get_all(name)
                    .iter()
                    .any(|value| value.to_str().is_ok_and(|value| fits(pattern, value)))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(script: &str, seed: u64, requests: usize) -> Vec<bool> {
        let active = ActiveScript::new(Script::parse(script).unwrap(), seed);
        let headers = http::HeaderMap::new();
        let asked = Asked {
            model: "m",
            dialect: "openai-chat",
            path: "/",
            stream: true,
            headers: &headers,
            text: "hello",
        };
        (0..requests).map(|_| active.find(&asked).is_some()).collect()
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
