//! Embedding compatibility: whether the targets of a group use the same embedding model. Vectors of two models do not
//! mix.

use crate::resolve::{Candidate, Group};
use ferrule_catalog::{Catalog, Category, Found, Modality};
use ferrule_wire::providers::split_name;

/// Checks a group when it is read. Only groups of embedding models must use a single model.
pub(crate) fn check_group(group: &Group, catalog: Option<&Catalog>) -> Result<(), String> {
    let catalog = || catalog.unwrap_or_else(|| Catalog::builtin());
    let says_so = |target: &Candidate| target.settings.as_ref().is_some_and(|own| own.same_as.is_some());
    if group.all().nth(1).is_none() {
        return Ok(());
    }
    let is_of_embeddings = group.targets.iter().any(|target| {
        says_so(target)
            || catalog().find(&target.provider, &target.model).is_some_and(embeds)
            || is_named_so(&target.model)
    });
    if is_of_embeddings { check(group, catalog()) } else { Ok(()) }
}

/// Whether all candidates of `group` give the same embeddings; the error names the first for which that is uncertain.
pub(crate) fn check(group: &Group, catalog: &Catalog) -> Result<(), String> {
    let Some(first) = group.targets.first() else { return Ok(()) };
    let others = || group.all().skip(1);
    let expected = canonical(first, catalog);
    if let Some(other) = others().find(|other| dimensions(other) != dimensions(first)) {
        return Err(format!(
            "{first} and {other} have different `dimensions` among their options, and vectors of two lengths do not mix"
        ));
    }
    match others().find(|other| canonical(other, catalog) != expected) {
        None => Ok(()),
        Some(other) => Err(format!(
            "{other} is not known to embed as {first} does, and vectors of two models do not mix; \
             if it is the same model, say so: same_as = \"{first}\""
        )),
    }
}

/// The length of its vectors, if its options set one.
fn dimensions(target: &Candidate) -> Option<u64> {
    target.settings.as_ref()?.options.as_ref()?.operations.embedding.dimensions
}

/// The model's provider-independent name; its own name if the catalog does not know it.
fn canonical(target: &Candidate, catalog: &Catalog) -> String {
    let said = target.settings.as_ref().and_then(|own| own.same_as.as_deref());
    let (provider, model) =
        said.and_then(split_name).unwrap_or((target.provider.as_str(), target.model.as_str()));
    match catalog.find(provider, model) {
        Some(found) => {
            let id = found.id.to_lowercase();
            id.rsplit('/').next().unwrap_or_default().to_owned()
        }
        None => format!("{}/{}", provider.to_lowercase(), model.to_lowercase()),
    }
}

fn embeds(found: Found<'_>) -> bool {
    let facts = &found.model().facts;
    facts.category == Some(Category::Embedding)
        || facts.output_modalities.as_ref().is_some_and(|kinds| kinds.contains(&Modality::Embedding))
}

/// Of models that the catalog does not know, the name usually shows it.
fn is_named_so(model: &str) -> bool {
    model.to_ascii_lowercase().contains("embed")
}
