//! Aliases, followed to where they lead when they are set: circles and dead ends are found then, not by a call.

use super::{
    candidate::Candidate,
    names::{Named, Names},
    routing::RoutingProblem,
};
use std::collections::HashMap;

/// How many aliases may follow each other.
const MAX_WAY: usize = 64;

/// Aliases made ready.
#[derive(Default)]
pub(crate) struct Aliases {
    exact: HashMap<String, End>,
    /// The most particular first.
    wildcards: Vec<Wildcard>,
}

/// Where an alias leads.
pub(super) enum End {
    Route(Candidate),
    /// A bare name, which the catalog and the keys decide when it is called.
    Bare(String),
}

/// `before*after`.
struct Wildcard {
    before: String,
    after: String,
    target: String,
}

/// What an alias stands for in the end, or why it stands for nothing.
type Followed = Result<String, String>;

impl Aliases {
    /// What is wrong comes with it, all at once.
    pub(super) fn new(given: Vec<(String, String)>, names: &Names) -> (Self, Vec<RoutingProblem>) {
        let mut problems = Vec::new();
        let mut refuse = |alias: &str, message: String| {
            problems.push(RoutingProblem { alias: Some(alias.to_owned()), message });
        };
        let mut targets = HashMap::new();
        let mut wildcards = Vec::new();
        for (alias, target) in given {
            if alias.trim().is_empty() || target.trim().is_empty() {
                refuse(&alias, "expected a name, and what it stands for".into());
            } else if alias.matches('*').count() > 1 || target.matches('*').count() > 1 {
                refuse(&alias, "expected at most one `*` on each side".into());
            } else if let Some((before, after)) = alias.split_once('*') {
                let (before, after) = (before.to_owned(), after.to_owned());
                wildcards.push(Wildcard { before, after, target });
            } else if target.contains('*') {
                refuse(&alias, "a `*` in what it stands for needs one in its name".into());
            } else {
                targets.insert(alias, target);
            }
        }
        // Longer texts around the star say more; the name decides between equals, so that it is always the same one.
        wildcards.sort_by(|one, other| {
            let rank = |wildcard: &Wildcard| (wildcard.before.len(), wildcard.after.len());
            rank(other)
                .cmp(&rank(one))
                .then_with(|| (&one.before, &one.after).cmp(&(&other.before, &other.after)))
        });
        let mut aliases = Self { exact: HashMap::new(), wildcards };
        let mut sorted: Vec<&String> = targets.keys().collect();
        sorted.sort_unstable();
        for alias in sorted {
            match aliases.follow(alias, &targets, names).and_then(|end| end_of(end, names)) {
                Ok(end) => drop(aliases.exact.insert(alias.clone(), end)),
                Err(message) => refuse(alias, message),
            }
        }
        for wildcard in &aliases.wildcards {
            // Only what stands before the star is sure to be there in every name.
            let sample = wildcard.target.replacen('*', "x", 1);
            let led = match targets.get(&sample) {
                Some(_) => Ok(()),
                None if wildcard.target.contains('*') => match names.read(&sample) {
                    Named::Bare if names.look_up.is_some() => Ok(()),
                    named => names.direct(&sample, named).map(drop),
                },
                None => end_of(sample, names).map(drop),
            };
            if let Err(message) = led {
                refuse(&wildcard.name(), message);
            }
        }
        problems.sort_by(|one, other| one.alias.cmp(&other.alias));
        (aliases, problems)
    }

    /// Where the alias `name` leads.
    pub(super) fn exact(&self, name: &str) -> Option<&End> {
        // Most clients have none, and then there is nothing to hash.
        if self.exact.is_empty() { None } else { self.exact.get(name) }
    }

    /// What the most particular wildcard that fits `name` makes of it.
    pub(super) fn wildcard(&self, name: &str, has_provider: bool) -> Option<String> {
        let mut wildcards = self.wildcards.iter();
        wildcards.find_map(|wildcard| {
            if has_provider && !wildcard.before.contains(['/', ':']) {
                return None;
            }
            let rest = name.strip_prefix(wildcard.before.as_str())?.strip_suffix(wildcard.after.as_str())?;
            Some(wildcard.target.replacen('*', rest, 1))
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.exact.keys().map(String::as_str)
    }

    /// Follows `alias` to the last name. A wildcard is used once at most: one can make names longer for ever.
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
                    let has_provider = matches!(names.read(&name), Named::Route(..) | Named::NoModel);
                    match self.wildcard(&name, has_provider) {
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
        format!("{}*{}", self.before, self.after)
    }
}

fn end_of(name: String, names: &Names) -> Result<End, String> {
    match names.read(&name) {
        Named::Bare | Named::UnknownProvider(_) if !names.offered(&name).is_empty() => Ok(End::Bare(name)),
        named => names.direct(&name, named).map(End::Route),
    }
}
