//! Script document: rules, tried in order, and defaults, as read from JSON.

use super::{error::ScriptError, fault::Fault, reply::Reply};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A whole script.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Script {
    /// Tried in order; the first match is used.
    pub(crate) rules: Vec<Rule>,
    /// The defaults for fields missing from a rule's reply, and for requests that no rule matches.
    pub(crate) defaults: Reply,
    /// Whether the port refuses connections, until the next script.
    pub(crate) refuse: bool,
    /// The number of connections to reset as soon as they are accepted.
    pub(crate) reset_connections: u64,
}

/// A rule: which requests it matches, and how to respond.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rule {
    /// The requests it matches.
    #[serde(rename = "match")]
    pub(crate) matching: Match,
    /// How often the rule may be used; absent for no limit.
    pub(crate) times: Option<u64>,
    /// The share of matching requests for which it is used, 0 to 1, drawn with the simulator's seed.
    pub(crate) rate: Option<f64>,
    /// The delay from when the rule came into effect to its first use.
    pub(crate) after_ms: u64,
    /// The duration of its use from then on; absent for no end.
    pub(crate) for_ms: Option<u64>,
    /// The reply.
    pub(crate) reply: Option<Reply>,
    /// The fault.
    pub(crate) fault: Option<Fault>,
}

/// Which requests a rule matches: those that match every given field. Texts are globs (`*`, `?`).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Match {
    /// The provider's id, as in the simulator's addresses.
    pub(crate) provider: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) dialect: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) stream: Option<bool>,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    /// The last user text.
    pub(crate) text: Option<String>,
    /// Only the nth matching request, counted from 1.
    pub(crate) nth: Option<u64>,
}

/// How connections are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnectionPolicy {
    /// Whether the port refuses them.
    pub(crate) refuse: bool,
    /// The number of connections to reset at once.
    pub(crate) reset: u64,
}

impl Script {
    /// The connection policy of this script.
    pub(crate) const fn connections(&self) -> ConnectionPolicy {
        ConnectionPolicy { refuse: self.refuse, reset: self.reset_connections }
    }

    /// Reads and checks a script: an object, or just its list of rules.
    pub(crate) fn parse(text: &str) -> Result<Self, ScriptError> {
        let script = if text.trim_start().starts_with('[') {
            let rules: Vec<Rule> =
                read(text).map_err(|(path, error)| ScriptError::new(&format!("rules{path}"), error))?;
            Self { rules, ..Self::default() }
        } else {
            read::<Self>(text).map_err(|(path, error)| ScriptError::new(&path, error))?
        };
        script.defaults.check("defaults")?;
        for (position, rule) in script.rules.iter().enumerate() {
            rule.check(&format!("rules[{position}]"))?;
        }
        Ok(script)
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, (String, serde_json::Error)> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| (error.path().to_string(), error.into_inner()))?;
    deserializer.end().map_err(|error| (String::from("."), error))?;
    Ok(value)
}

impl Rule {
    fn check(&self, field: &str) -> Result<(), ScriptError> {
        if self.rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
            return Err(ScriptError::new(&format!("{field}.rate"), "expected a number from 0 to 1"));
        }
        if self.matching.nth == Some(0) {
            return Err(ScriptError::new(&format!("{field}.match.nth"), "expected a number from 1"));
        }
        if let Some(dialect) = &self.matching.dialect
            && ferrule_wire::dialect::registry::find(dialect).is_none()
        {
            let expected = format!("expected a dialect's name, for instance `openai-chat`, not `{dialect}`");
            return Err(ScriptError::new(&format!("{field}.match.dialect"), expected));
        }
        if let Some(name) = self.matching.headers.keys().find(|name| name.to_ascii_lowercase() != **name) {
            return Err(ScriptError::new(
                &format!("{field}.match.headers.{name}"),
                "expected a name in lower case",
            ));
        }
        if let Some(reply) = &self.reply {
            reply.check(&format!("{field}.reply"))?;
        }
        if let Some(fault) = &self.fault {
            fault.check(&format!("{field}.fault"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_field_and_what_was_expected() {
        for (script, field, expected) in [
            (r#"[{"reply":{"usage":{"input_tokens":"x"}}}]"#, "rules[0].reply.usage.input_tokens", "u64"),
            (r#"{"rules":[{},{"rate":2}]}"#, "rules[1].rate", "from 0 to 1"),
            (r#"[{"replay":{}}]"#, "rules[0].replay", "unknown field `replay`"),
            (r#"[{"fault":"stal"}]"#, "rules[0].fault", "unknown variant `stal`"),
            (r#"[{"fault":{"stall":{"at":"nowhere"}}}]"#, "rules[0].fault.stall.at", "before_headers"),
            (r#"[{"reply":{"chunk_tokens":0}}]"#, "rules[0].reply.chunk_tokens", "at least 1"),
            (r#"{"defaults":{"headers":{"a b":"c"}}}"#, "defaults.headers", "header name"),
            (r#"[{"match":{"dialect":"latin"}}]"#, "rules[0].match.dialect", "openai-chat"),
        ] {
            let error = Script::parse(script).unwrap_err().to_string();
            assert!(error.contains(field) && error.contains(expected), "{script}: {error}");
        }
    }

    /// The names in the first column of the table under `heading`.
    fn documented<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
        let section = text.split(heading).nth(1).unwrap().split("\n#").next().unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split(','))
            .map(|name| name.trim().trim_matches('`'))
            .collect()
    }

    #[test]
    fn the_documentation_is_right() {
        let text = include_str!("../../../../docs/simulator.md");
        for block in text.split("```json\n").skip(1) {
            Script::parse(block.split("```").next().unwrap()).unwrap();
        }
        let faults = documented(text, "### Faults");
        assert!(faults.len() > 10);
        for name in faults {
            Script::parse(&format!(r#"[{{"fault": "{name}"}}]"#)).unwrap();
        }
        for name in documented(text, "### Replies") {
            let error = Script::parse(&format!(r#"[{{"reply": {{"{name}": {{}}}}}}]"#)).map(drop);
            assert!(!error.is_err_and(|error| error.to_string().contains("unknown field")), "{name}");
        }
    }

    #[test]
    fn names_and_texts_are_short_forms_of_objects() {
        let script = Script::parse(r#"[{"reply":"hello","fault":"no_terminal"}]"#).unwrap();
        assert_eq!(script.rules[0].reply.as_ref().unwrap().text.as_deref(), Some("hello"));
        assert!(matches!(script.rules[0].fault, Some(Fault::NoTerminal { keep_finish: false })));
    }
}
