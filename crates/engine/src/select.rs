//! Selection of a call's targets: filters them by the call's options, the needs of its request, and the models' context
//! windows.

use crate::{
    candidates::{Candidates, Contender},
    demands::Demands,
    error::CallError,
    failure::Failure,
    plan::Pool,
    resolve::Routes,
    routing_options::RoutingOptions,
    strategy::{Capabilities, Exclusion, TargetFacts, TargetFilter},
    trail,
};
use ferrule_catalog::{Catalog, Facts, Modality};
use std::{collections::BTreeSet, mem};

/// The maximum number of targets that an error lists.
const MAX_NAMED: usize = 8;

/// Removes the targets that the call may not use. An error says which were excluded, and why.
#[expect(clippy::result_large_err, reason = "it is the error of the call itself")]
pub(crate) fn select(
    candidates: &mut Candidates,
    demands: &Demands<'_>,
    routing: &RoutingOptions,
    routes: &Routes,
    catalog: Option<&Catalog>,
) -> Result<(), CallError> {
    let several = candidates.list.len() > 1;
    let spelled = |names: &[String]| names.iter().map(|name| spelled(name, routes)).collect();
    let mut filter = TargetFilter {
        only: spelled(&routing.only),
        exclude: spelled(&routing.exclude),
        tags: routing.tags.clone(),
        ..TargetFilter::default()
    };
    let says_nothing = filter == TargetFilter::default();
    if !several && says_nothing {
        // A model addressed by name is called, whatever the catalog knows about it.
        return Ok(());
    }
    if several {
        filter.needs = demands.needs();
    }
    let mut kept = Vec::with_capacity(candidates.list.len());
    let mut too_long = Vec::new();
    for mut contender in mem::take(&mut candidates.list) {
        let facts = if several { facts(&contender, catalog) } else { None };
        let window = facts.and_then(|facts| facts.context_window);
        // The size matters only if a window is known.
        filter.tokens = window.and_then(|_| demands.size()).map(|(input, _)| input);
        let settings = contender.settings.as_ref();
        let of = TargetFacts {
            provider: &contender.provider.id,
            variant: contender.provider.settings.variant.as_deref(),
            model: &contender.model,
            tags: settings.map_or(&[], |settings| &settings.tags),
            region: contender.provider.settings.region.as_deref(),
            lacks: facts.map_or(Capabilities::NONE, lacks),
            context_window: window,
        };
        let exclusion = filter.exclusion(&of);
        contender.window = window;
        match exclusion {
            None => kept.push(contender),
            Some(why @ Exclusion::TooLong { .. }) => too_long.push((contender, why)),
            Some(why) => candidates.passed_over.push(contender.passed_over(why.to_string())),
        }
    }
    // That a prompt is too long is an estimate: it decides only if other targets remain.
    if kept.iter().any(|one| one.pool != Pool::Filter) {
        let over = too_long.iter().map(|(contender, why)| contender.passed_over(why.to_string()));
        candidates.passed_over.extend(over);
    } else {
        kept.extend(mem::take(&mut too_long).into_iter().map(|(contender, _)| contender));
        kept.sort_by_key(|one| one.place);
    }
    candidates.list = kept;
    let is_group = |pool: Pool| pool == Pool::Group;
    let any_fits = candidates.list.iter().any(|one| is_group(one.pool));
    // The models for long prompts stand in if that is why no target remains, but not for what a call rules out.
    if any_fits || too_long.iter().any(|(one, _)| is_group(one.pool)) {
        return Ok(());
    }
    let message = none_left(candidates, says_nothing);
    let attempts = mem::take(&mut candidates.passed_over);
    let attempts = attempts.into_iter().map(|one| trail::passed_over(one, None)).collect();
    Err(CallError { attempts, ..CallError::unsent(Failure::Config(message), "", "") })
}

/// The error if every target is excluded.
fn none_left(candidates: &Candidates, says_nothing: bool) -> String {
    let of = candidates.group.as_ref().filter(|group| !group.name.is_empty());
    let mut message = match of {
        Some(group) => format!("no target of the group '{}' can be asked: ", group.name),
        None => "no target can be asked: ".to_owned(),
    };
    let whys: Vec<String> =
        candidates.passed_over.iter().map(|one| format!("{}: {}", one.name(), one.why)).collect();
    let whys: Vec<String> = whys.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    message.push_str(&whys.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join("; "));
    if whys.len() > MAX_NAMED {
        message.push_str(&format!("; and {} more", whys.len() - MAX_NAMED));
    }
    if !says_nothing {
        message.push_str(" (`routing` of the call)");
    }
    message
}

/// `name` with a provider's alias replaced by its id.
fn spelled(name: &str, routes: &Routes) -> String {
    let end = name.find(['/', '@']).unwrap_or(name.len());
    let (provider, rest) = name.split_at(end);
    format!("{}{rest}", routes.provider(provider).unwrap_or(provider))
}

fn facts<'a>(contender: &'a Contender, catalog: Option<&'a Catalog>) -> Option<&'a Facts> {
    let catalog = contender.catalog().map(AsRef::as_ref).or(catalog).unwrap_or_else(|| Catalog::builtin());
    Some(&catalog.find(&contender.provider.id, &contender.model)?.model().facts)
}

/// What a model is known to lack.
fn lacks(facts: &Facts) -> Capabilities {
    let mut lacks = Capabilities::NONE;
    let mut note = |what: Capabilities, lacking: bool| {
        if lacking {
            lacks = lacks.union(what);
        }
    };
    note(Capabilities::TOOLS, facts.tools == Some(false));
    note(Capabilities::SCHEMA, facts.structured_output == Some(false));
    if let Some(accepted) = &facts.input_modalities {
        note(Capabilities::IMAGES, !accepted.contains(&Modality::Image));
        note(Capabilities::AUDIO, !accepted.contains(&Modality::Audio));
    }
    lacks
}
