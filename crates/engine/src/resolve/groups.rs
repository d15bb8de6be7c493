//! Resolved groups: their targets are followed to providers when they are set, so cycles and dead ends are found then,
//! not by a call.

use super::{
    aliases::{Aliases, End, Pattern},
    candidate::{Candidate, Group},
    group::{GroupSettings, TargetSettings},
    names::{Names, quoted},
    routing::{Place, RoutingProblem},
};
use crate::{
    group_state::{GroupState, GroupStates},
    option_defaults::OptionDefaults,
    same_model,
};
use ferrule_catalog::Catalog;
use std::{collections::HashMap, sync::Arc};

/// The maximum depth of nested groups.
const MAX_DEPTH: usize = 16;

/// The maximum number of targets: more than anyone needs, and few enough to iterate over in each call.
const MAX_TARGETS: usize = 256;

/// Resolved groups.
#[derive(Default)]
pub(super) struct Groups {
    exact: HashMap<String, Arc<Group>>,
    given: Given,
    states: GroupStates,
}

/// Groups as configured.
#[derive(Default)]
pub(super) struct Given {
    /// By name, wildcards included.
    settings: HashMap<String, GroupSettings>,
    /// Wildcards with their names, the most specific first.
    wildcards: Vec<(Pattern, String)>,
}

/// What the targets of groups are resolved with.
struct Ways<'a> {
    aliases: &'a Aliases,
    names: &'a Names,
    given: &'a Given,
}

impl Given {
    /// Also returns the problems with the names.
    pub(super) fn new(groups: Vec<GroupSettings>) -> (Self, Vec<RoutingProblem>) {
        let (mut given, mut problems) = (Self::default(), Vec::new());
        for group in groups {
            let name = group.name.clone();
            let pattern = match Pattern::read(&name) {
                _ if name.trim().is_empty() => Err("expected a name".into()),
                read => read,
            };
            match pattern {
                Ok(pattern) => {
                    given.wildcards.extend(pattern.map(|pattern| (pattern, name.clone())));
                    given.settings.insert(name, group);
                }
                Err(message) => problems.push(RoutingProblem { place: Place::Group(name), message }),
            }
        }
        given.wildcards.sort_by(|(one, _), (other, _)| one.cmp_rank(other));
        (given, problems)
    }

    /// Whether `name` is that of a group, or fits a wildcard.
    pub(super) fn has(&self, name: &str, has_provider: bool) -> bool {
        self.settings.contains_key(name) || self.wildcard(name, has_provider, &[]).is_some()
    }

    /// The most specific wildcard that matches `name` and is not in `before`, and what its star stands for.
    fn wildcard<'a>(
        &self,
        name: &'a str,
        has_provider: bool,
        before: &[String],
    ) -> Option<(&GroupSettings, &'a str)> {
        let mut fitting = self.wildcards.iter().filter(|(_, group)| !before.contains(group));
        fitting
            .find_map(|(pattern, group)| Some((self.settings.get(group)?, pattern.rest(name, has_provider)?)))
    }
}

impl Groups {
    /// Also returns every problem.
    pub(super) fn new(
        given: Given,
        aliases: &Aliases,
        names: &Names,
        catalog: Option<&Catalog>,
        states: GroupStates,
    ) -> (Self, Vec<RoutingProblem>) {
        let (mut problems, mut exact) = (Vec::new(), HashMap::new());
        let ways = Ways { aliases, names, given: &given };
        for (name, group) in &given.settings {
            let refuse = |message: String| RoutingProblem { place: Place::Group(name.clone()), message };
            if aliases.exact(name).is_some() {
                problems.push(refuse("is also the name of an alias; rename one of them".into()));
                continue;
            }
            let is_wildcard = name.contains('*');
            // A sample instance of a wildcard shows whether its targets resolve.
            match ways.group(group, is_wildcard.then_some("x"), states.group(name)) {
                Ok(_) if is_wildcard => {}
                Ok(ready) => match same_model::check_group(&ready, catalog) {
                    Ok(()) => drop(exact.insert(name.clone(), Arc::new(ready))),
                    Err(message) => problems.push(refuse(message)),
                },
                Err(message) => problems.push(refuse(message)),
            }
        }
        problems.sort_by(|one, other| one.place.cmp(&other.place));
        (Self { exact, given, states }, problems)
    }

    /// The group `name`.
    pub(super) fn exact(&self, name: &str) -> Option<&Arc<Group>> {
        // Most clients have none, so there is nothing to hash.
        if self.exact.is_empty() { None } else { self.exact.get(name) }
    }

    /// The group that the most specific wildcard matching `name` makes of it.
    pub(super) fn wildcard(
        &self,
        name: &str,
        has_provider: bool,
        aliases: &Aliases,
        names: &Names,
    ) -> Option<Result<Arc<Group>, String>> {
        let (group, rest) = self.given.wildcard(name, has_provider, &[])?;
        let ways = Ways { aliases, names, given: &self.given };
        Some(ways.group(group, Some(rest), self.states.group(&group.name)).map(Arc::new))
    }

    /// The state of the ad-hoc group of these models.
    pub(super) fn state_of(&self, models: &[String]) -> Arc<GroupState> {
        self.states.for_models(models)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.exact.keys().map(String::as_str)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.exact.values()
    }
}

impl Ways<'_> {
    fn group(
        &self,
        settings: &GroupSettings,
        star: Option<&str>,
        state: Arc<GroupState>,
    ) -> Result<Group, String> {
        let GroupSettings { name, targets: _, rules, context_fallback, content_filter_fallback } = settings;
        let mut way = vec![name.clone()];
        let targets = self.targets(settings, star, &mut way)?;
        if targets.is_empty() {
            return Err("expected at least one target".into());
        }
        if targets.len() > MAX_TARGETS {
            return Err(format!("has more than {MAX_TARGETS} targets"));
        }
        let mut others = |key: &str, models: &[String]| {
            let mut all = Vec::new();
            for (place, model) in models.iter().enumerate() {
                let found = self.expand(&with_star(model, star), &mut way);
                all.extend(found.map_err(|why| format!("{key}[{place}]: {why}"))?);
            }
            Ok::<_, String>(all)
        };
        Ok(Group {
            name: name.clone(),
            targets,
            context_fallback: others("context_fallback", context_fallback)?,
            content_filter_fallback: others("content_filter_fallback", content_filter_fallback)?,
            rules: rules.clone(),
            state,
        })
    }

    fn targets(
        &self,
        group: &GroupSettings,
        star: Option<&str>,
        way: &mut Vec<String>,
    ) -> Result<Vec<Candidate>, String> {
        let mut all = Vec::new();
        for (place, target) in group.targets.iter().enumerate() {
            let model = with_star(&target.model, star);
            let mut found = self.expand(&model, way).map_err(|why| format!("targets[{place}]: {why}"))?;
            let sum: f64 = found.iter().map(|one| one.settings.as_ref().map_or(1.0, |own| own.weight)).sum();
            let is_one = found.len() == 1;
            for candidate in &mut found {
                let settings = match candidate.settings.take() {
                    None => target.settings.clone(),
                    Some(inner) => inner.within(&target.settings, if is_one { 1.0 } else { sum }),
                };
                candidate.settings = Some(Arc::new(settings));
            }
            all.extend(found);
        }
        Ok(all)
    }

    /// The candidates that a target's name stands for.
    fn expand(&self, name: &str, way: &mut Vec<String>) -> Result<Vec<Candidate>, String> {
        if let Some(found) = self.exactly(name, way) {
            return found;
        }
        let named = self.names.read(name);
        match self.aliases.wildcard(name, named.has_provider()) {
            None => self.wildcard_or_direct(name, way),
            Some(replaced) => match self.exactly(&replaced, way) {
                Some(found) => found,
                None => self.wildcard_or_direct(&replaced, way),
            },
        }
    }

    /// A target that names its provider resolves to that one. Otherwise a wildcard may match, each used at most once.
    fn wildcard_or_direct(&self, name: &str, way: &mut Vec<String>) -> Result<Vec<Candidate>, String> {
        let named = self.names.read(name);
        match self.given.wildcard(name, false, way).filter(|_| !named.has_provider()) {
            Some((group, rest)) => self.inner(&group.name, group, Some(rest), way),
            None => self.names.direct(name, named).map(|only| vec![only]),
        }
    }

    fn exactly(&self, name: &str, way: &mut Vec<String>) -> Option<Result<Vec<Candidate>, String>> {
        let name = match self.aliases.exact(name) {
            Some(End::Route(only)) => return Some(Ok(vec![only.clone()])),
            Some(End::Bare(bare)) => return Some(self.names.bare(bare).map(|only| vec![only])),
            Some(End::Group(group)) if self.given.settings.contains_key(group) => group,
            Some(End::Group(fits)) => return Some(self.wildcard_or_direct(fits, way)),
            None => name,
        };
        let group = self.given.settings.get(name)?;
        if way.iter().any(|before| before == name) {
            return Some(Err(format!("goes round in a circle: {} -> {name}", way.join(" -> "))));
        }
        Some(self.inner(name, group, None, way))
    }

    /// The targets of a nested group.
    fn inner(
        &self,
        name: &str,
        group: &GroupSettings,
        star: Option<&str>,
        way: &mut Vec<String>,
    ) -> Result<Vec<Candidate>, String> {
        if way.len() >= MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} groups are in each other"));
        }
        way.push(name.to_owned());
        let found = self.targets(group, star, way);
        way.pop();
        found.map_err(|why| format!("group {}: {why}", quoted(name)))
    }
}

impl TargetSettings {
    /// The settings of a nested group's target within a target whose settings are `outer`. `sum` is the sum of the
    /// weights in the nested group.
    fn within(&self, outer: &Self, sum: f64) -> Self {
        let options = match (&self.options, &outer.options) {
            (Some(own), Some(others)) => Some(Arc::new(OptionDefaults::clone(own).or(others))),
            (own, others) => own.clone().or_else(|| others.clone()),
        };
        Self {
            weight: if sum > 0.0 { outer.weight * self.weight / sum } else { 0.0 },
            tags: self
                .tags
                .iter()
                .chain(outer.tags.iter().filter(|tag| !self.tags.contains(tag)))
                .cloned()
                .collect(),
            concurrency: [self.concurrency, outer.concurrency].into_iter().flatten().min(),
            options,
            provider: self.provider.clone().or_else(|| outer.provider.clone()),
            same_as: self.same_as.clone().or_else(|| outer.same_as.clone()),
            catalog: self.catalog.clone().or_else(|| outer.catalog.clone()),
        }
    }
}

fn with_star(model: &str, star: Option<&str>) -> String {
    match star {
        Some(rest) => model.replacen('*', rest, 1),
        None => model.to_owned(),
    }
}

/// The ad-hoc group of one call's models, tried in order.
pub(super) fn of_the_moment(targets: Vec<Candidate>, state: Arc<GroupState>) -> Group {
    Group { targets, state, ..Group::default() }
}
