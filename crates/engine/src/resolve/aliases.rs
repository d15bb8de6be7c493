//! Aliases, resolved when they are set: cycles and dead ends are found then, not by a call.

use super::{
    candidate::Candidate,
    names::{Named, Names},
    routing::{Place, RoutingProblem},
};
use std::{cmp::Ordering, collections::HashMap};

/// The maximum length of a chain of aliases.
const MAX_WAY: usize = 64;

/// Resolved aliases.
#[derive(Default)]
pub(crate) struct Aliases {
    exact: HashMap<String, End>,
    /// The most specific first.
    wildcards: Vec<Wildcard>,
}

/// The end of a chain of aliases.
pub(super) enum End {
    Route(Candidate),
    /// A bare name, resolved by the catalog and the configured keys at call time.
    Bare(String),
    /// The name of a group.
    Group(String),
}

/// `before*after`.
pub(super) struct Pattern {
    before: String,
    after: String,
}

struct Wildcard {
    pattern: Pattern,
    target: String,
}

impl Pattern {
    /// `name` as a pattern; `None` if it has no star.
    pub(super) fn read(name: &str) -> Result<Option<Self>, String> {
        if name.matches('*').count() > 1 {
            return Err("expected at most one `*` in the name".into());
        }
        let parts = name.split_once('*');
        Ok(parts.map(|(before, after)| Self { before: before.to_owned(), after: after.to_owned() }))
    }

    /// What the star stands for in `name`, if it matches. A pattern without a provider matches bare names only.
    pub(super) fn rest<'a>(&self, name: &'a str, has_provider: bool) -> Option<&'a str> {
        if has_provider && !self.before.contains(['/', ':']) {
            return None;
        }
        name.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())
    }

    /// Longer text around the star is more specific; ties are broken by name, so that the result is stable.
    pub(super) fn cmp_rank(&self, other: &Self) -> Ordering {
        let rank = |pattern: &Self| (pattern.before.len(), pattern.after.len());
        rank(other)
            .cmp(&rank(self))
            .then_with(|| (&self.before, &self.after).cmp(&(&other.before, &other.after)))
    }
}

/// The final name of an alias, or why it has none.
type Followed = Result<String, String>;

impl Aliases {
    /// Also returns every problem. `is_group` says whether a name is that of a group.
    pub(super) fn new(
        given: Vec<(String, String)>,
        names: &Names,
        is_group: &dyn Fn(&str) -> bool,
    ) -> (Self, Vec<RoutingProblem>) {
        let mut problems = Vec::new();
        let mut refuse = |alias: &str, message: String| {
            problems.push(RoutingProblem { place: Place::Alias(alias.to_owned()), message });
        };
        let mut targets = HashMap::new();
        let mut wildcards = Vec::new();
        for (alias, target) in given {
            if alias.trim().is_empty() || target.trim().is_empty() {
                refuse(&alias, "expected a name, and what it stands for".into());
            } else if alias.matches('*').count() > 1 || target.matches('*').count() > 1 {
                refuse(&alias, "expected at most one `*` on each side".into());
            } else if let Some((before, after)) = alias.split_once('*') {
                let pattern = Pattern { before: before.to_owned(), after: after.to_owned() };
                wildcards.push(Wildcard { pattern, target });
            } else if target.contains('*') {
                refuse(&alias, "a `*` in what it stands for needs one in its name".into());
            } else {
                targets.insert(alias, target);
            }
        }
        wildcards.sort_by(|one, other| one.pattern.cmp_rank(&other.pattern));
        let mut aliases = Self { exact: HashMap::new(), wildcards };
        let mut sorted: Vec<&String> = targets.keys().collect();
        sorted.sort_unstable();
        for alias in sorted {
            match aliases.follow(alias, &targets, names).and_then(|end| end_of(end, names, is_group)) {
                Ok(end) => drop(aliases.exact.insert(alias.clone(), end)),
                Err(message) => refuse(alias, message),
            }
        }
        for wildcard in &aliases.wildcards {
            // Only the text before the star is certain to be in every name.
            let sample = wildcard.target.replacen('*', "x", 1);
            let led = match targets.get(&sample) {
                Some(_) => Ok(()),
                None if is_group(&sample) => Ok(()),
                None if wildcard.target.contains('*') => match names.read(&sample) {
                    Named::Bare if names.look_up.is_some() => Ok(()),
                    named => names.direct(&sample, named).map(drop),
                },
                None => end_of(sample, names, is_group).map(drop),
            };
            if let Err(message) = led {
                refuse(&wildcard.name(), message);
            }
        }
        problems.sort_by(|one, other| one.place.cmp(&other.place));
        (aliases, problems)
    }

    /// The end of the alias `name`.
    pub(super) fn exact(&self, name: &str) -> Option<&End> {
        // Most clients have none, so there is nothing to hash.
        if self.exact.is_empty() { None } else { self.exact.get(name) }
    }

    /// The name that the most specific wildcard matching `name` makes of it.
    pub(super) fn wildcard(&self, name: &str, has_provider: bool) -> Option<String> {
        let mut wildcards = self.wildcards.iter();
        wildcards.find_map(|wildcard| {
            let rest = wildcard.pattern.rest(name, has_provider)?;
            Some(wildcard.target.replacen('*', rest, 1))
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.exact.keys().map(String::as_str)
    }

    /// Follows `alias` to the last name. A wildcard is used at most once: one can make names longer for ever.
    fn follow(&self, alias: &str, targets: &HashMap<String, String>, names: &Names) -> Followed {
        let mut way = vec![alias.to_owned()];
        let mut name = alias.to_owned();
        let mut wildcard_used = false;
        loop {
            let next = match targets.get(&name) {
                Some(target) => target.clone(),
                None if wildcard_used => return Ok(name),
                None => {
                    wildcard_used = true;
                    match self.wildcard(&name, names.read(&name).has_provider()) {
                        Some(replaced) => replaced,
                        None => return Ok(name),
                    }
                }
            };
            let circle = way.contains(&next);
            way.push(next.clone());
            if circle {
                return Err(format!("goes round in a circle: {}", way.join(" -> ")));
            }
            if way.len() > MAX_WAY {
                return Err(format!("goes through more than {MAX_WAY} aliases"));
            }
            name = next;
        }
    }
}

impl Wildcard {
    fn name(&self) -> String {
        format!("{}*{}", self.pattern.before, self.pattern.after)
    }
}

fn end_of(name: String, names: &Names, is_group: &dyn Fn(&str) -> bool) -> Result<End, String> {
    if is_group(&name) {
        return Ok(End::Group(name));
    }
    match names.read(&name) {
        Named::Bare | Named::UnknownProvider(_) if !names.offered(&name).is_empty() => Ok(End::Bare(name)),
        named => names.direct(&name, named).map(End::Route),
    }
}
