//! Scopes of limits and budgets: the dimension that is counted, and the counter of an attempt.

use std::{borrow::Cow, fmt, str::FromStr};

/// The scope of a limit or a budget: each value has a separate counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All calls together.
    All,
    /// Each provider.
    Provider,
    /// Each key of each provider.
    Key,
    /// Each target: a provider's model.
    Target,
    /// Each group.
    Group,
    /// Each value of this label.
    Metadata(String),
}

/// How an attempt without a value for the scope is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// All such attempts share one counter.
    Shared,
    /// The call is refused.
    Refuse,
    /// It is not counted.
    Ignore,
}

/// The shared value of attempts without one.
const SHARED: &str = "(none)";

/// The properties of an attempt that scopes match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// The labels of the call, and those of the target.
    pub(crate) metadata: &'a [(String, String)],
    pub(crate) target_metadata: &'a [(String, String)],
    pub(crate) group: Option<&'a str>,
    pub(crate) provider: &'a str,
    /// `provider/model`.
    pub(crate) target: &'a str,
    /// `provider`, or `provider#2` if it has several keys.
    pub(crate) key: &'a str,
}

/// The counter of a rule for an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// This one.
    Of(Cow<'a, str>),
    /// None.
    Ignored,
    /// None; the attempt is refused because it lacks this label.
    Lacking(&'a str),
}

impl Scope {
    /// Whether the counter depends on the target.
    pub(crate) const fn is_of_target(&self) -> bool {
        matches!(self, Self::Provider | Self::Key | Self::Target)
    }

    fn name(&self) -> &str {
        match self {
            Self::All => "all",
            Self::Provider => "provider",
            Self::Key => "key",
            Self::Target => "target",
            Self::Group => "group",
            Self::Metadata(label) => label,
        }
    }

    fn find<'a>(&self, facts: &Facts<'a>) -> Option<&'a str> {
        match self {
            Self::All => Some("all"),
            Self::Provider => Some(facts.provider),
            Self::Key => Some(facts.key),
            Self::Target => Some(facts.target),
            Self::Group => facts.group,
            Self::Metadata(label) => {
                let of = |labels: &'a [(String, String)]| {
                    labels.iter().find(|(name, _)| name == label).map(|(_, value)| value.as_str())
                };
                of(facts.metadata).or_else(|| of(facts.target_metadata))
            }
        }
    }

    /// The counter for an attempt. `matched` has the values to which the rule is restricted, if it is.
    pub(crate) fn value<'a>(
        &'a self,
        facts: &Facts<'a>,
        matched: Option<&[String]>,
        missing: Missing,
    ) -> Value<'a> {
        match self.find(facts) {
            Some(value) => match matched.is_none_or(|matched| matched.iter().any(|one| one == value)) {
                true => Value::Of(Cow::Borrowed(value)),
                false => Value::Ignored,
            },
            None => match missing {
                Missing::Shared => Value::Of(Cow::Borrowed(SHARED)),
                Missing::Refuse => Value::Lacking(self.name()),
                Missing::Ignore => Value::Ignored,
            },
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "all" => Self::All,
            "provider" => Self::Provider,
            "key" => Self::Key,
            "target" => Self::Target,
            "group" => Self::Group,
            _ => match text.strip_prefix("metadata.").filter(|label| !label.is_empty()) {
                Some(label) => Self::Metadata(label.to_owned()),
                None => {
                    return Err(format!(
                        "there is no scope {text:?}; there are all, provider, key, target, group and metadata.<label>"
                    ));
                }
            },
        })
    }
}

/// As the configuration writes it.
impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metadata(label) => write!(formatter, "metadata.{label}"),
            other => formatter.write_str(other.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_finds_its_value() {
        let labels = [("team".to_owned(), "search".to_owned())];
        let of_target = [("team".to_owned(), "x".to_owned()), ("job".to_owned(), "nightly".to_owned())];
        let facts = Facts {
            metadata: &labels,
            target_metadata: &of_target,
            group: None,
            provider: "openai",
            target: "openai/gpt-5",
            key: "openai#2",
        };
        for (scope, missing, expected) in [
            ("all", Missing::Refuse, Value::Of("all".into())),
            ("provider", Missing::Refuse, Value::Of("openai".into())),
            ("key", Missing::Refuse, Value::Of("openai#2".into())),
            ("target", Missing::Refuse, Value::Of("openai/gpt-5".into())),
            ("group", Missing::Ignore, Value::Ignored),
            ("group", Missing::Shared, Value::Of(SHARED.into())),
            ("metadata.team", Missing::Refuse, Value::Of("search".into())),
            ("metadata.job", Missing::Refuse, Value::Of("nightly".into())),
            ("metadata.user", Missing::Refuse, Value::Lacking("user")),
        ] {
            let read: Scope = scope.parse().unwrap();
            assert_eq!(read.value(&facts, None, missing), expected, "{scope}");
            assert_eq!(read.to_string(), scope);
        }
        let team: Scope = "metadata.team".parse().unwrap();
        assert_eq!(team.value(&facts, Some(&["ads".to_owned()]), Missing::Shared), Value::Ignored);
        for wrong in ["", "metadata.", "team", "model"] {
            assert!(wrong.parse::<Scope>().unwrap_err().contains("metadata.<label>"), "{wrong}");
        }
    }
}
