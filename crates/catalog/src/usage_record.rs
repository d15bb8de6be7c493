//! Usage record of a call: the figures that determine its cost.

use crate::{amount::Amount, catalog::Catalog, cost::Cost, iterations, quantities::Quantities};
use ferrule_wire::{
    json::{Extra, Json},
    model::{Response, Usage},
};

/// The usage of a call: the figures that determine its cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageRecord {
    /// The provider that answered.
    pub provider: String,
    /// The requested model.
    pub asked: String,
    /// The model that answered, as the provider names it; empty if it did not say.
    pub model: String,
    /// Its usage.
    pub usage: Usage,
    /// Other quantities, by the names of units: `("input_characters", 12)`.
    pub measured: Vec<(&'static str, u64)>,
    /// The charge that the provider reports outside the usage, in dollars.
    pub reported: Option<Amount>,
    /// The provider's service tier, if it has a price.
    pub service_tier: Option<String>,
    /// The time of the request, in seconds since 1970.
    pub at: i64,
}

impl UsageRecord {
    /// The figures of `response` from `provider` to a request for the model `asked` at `at`.
    pub fn new(provider: &str, asked: &str, response: &Response, at: i64) -> Self {
        let mut record =
            Self { provider: provider.to_owned(), asked: asked.to_owned(), at, ..Self::default() };
        record.fill(&response.model, response.usage.as_ref(), &response.extra);
        record
    }

    /// Takes the answering model, the usage and the conditions from a response.
    pub fn fill(&mut self, model: &str, usage: Option<&Usage>, extra: &Extra) {
        model.clone_into(&mut self.model);
        self.usage = usage.cloned().unwrap_or_default();
        self.service_tier = text(extra, "service_tier");
    }

    /// Takes the charge that the provider reports for each request of the call.
    pub fn report<'a>(&mut self, costs: impl IntoIterator<Item = &'a Json>) {
        let add = |sum: Option<Amount>, cost: &Json| {
            let cost = reported(cost)?;
            sum.map_or(Some(cost), |sum| sum.checked_add(cost)).map(Some)
        };
        self.reported = costs.into_iter().try_fold(None, add).flatten();
    }

    /// The cost: as the provider reports it, else by the catalog; `None` if neither is known.
    ///
    /// A user's own entry for the requested model takes precedence. Otherwise the answering model counts: behind the
    /// name of a deployment or an alias there is a model with a price.
    pub fn cost(&self, catalog: &Catalog) -> Option<Cost> {
        let usage = &self.usage;
        if let Some(total) = self.reported.or_else(|| reported(usage.extra.get("cost")?)) {
            return Some(Cost::reported(total, &self.provider));
        }
        let names: [&str; 2] = if catalog.has_own(&self.provider, &self.asked) {
            [&self.asked, &self.model]
        } else {
            [&self.model, &self.asked]
        };
        let mut names = names.into_iter().filter(|name| !name.is_empty());
        let found = names.find_map(|name| catalog.find(&self.provider, name))?;
        let other_units = || units_in_extra(&usage.extra).into_iter().chain(self.measured.iter().copied());
        let counted = |usage: &Usage| {
            let mut quantities = Quantities::from(usage);
            for (name, quantity) in other_units() {
                quantities.set(name, quantity);
            }
            quantities
        };
        let tier = self.service_tier.clone().or_else(|| text(&usage.extra, "service_tier"));
        let speed = text(&usage.extra, "speed");
        let context: Vec<(&str, &str)> = [
            tier.as_deref().map(|tier| ("service_tier", tier)),
            // Anthropic's value for a response of its batch endpoint.
            tier.as_deref().filter(|tier| *tier == "batch").map(|tier| ("processing", tier)),
            speed.as_deref().map(|speed| ("speed", speed)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let Some(turns) = iterations::read(usage) else {
            return found.price(&counted(usage), self.at, &context);
        };
        // If a model was replaced, the requested one ran before it, whichever answered.
        let has_stand_in = turns.iter().any(|turn| turn.stands_in);
        let asked = if has_stand_in { catalog.find(&self.provider, &self.asked) } else { None };
        let mut cost: Option<Cost> = None;
        for turn in turns {
            let ran = match &turn.model {
                Some(model) => catalog.find(&self.provider, model)?,
                None => asked.unwrap_or(found),
            };
            // Units other than tokens are counted once.
            let quantities =
                if cost.is_none() { counted(&turn.usage) } else { Quantities::from(&turn.usage) };
            let more = ran.price(&quantities, self.at, &context)?;
            cost = match cost {
                Some(known) => Some(known.plus(more)?),
                None => Some(more),
            };
        }
        cost
    }
}

fn text(extra: &Extra, name: &str) -> Option<String> {
    extra.get(name)?.value().string()
}

/// The charge that a provider reports, in dollars: OpenRouter's `usage.cost`, and providers that copy it
/// (`docs/wire/openrouter.md`, section 3).
fn reported(cost: &Json) -> Option<Amount> {
    let cost = cost.text();
    if cost.starts_with(|first: char| first.is_ascii_digit()) { cost.parse().ok() } else { None }
}

/// Quantities in the extra fields of a usage.
fn units_in_extra(extra: &Extra) -> Vec<(&'static str, u64)> {
    if extra.is_empty() {
        return Vec::new();
    }
    let inner = |outer: &str, name: &str| extra.get(outer)?.value().object()?.take_u64(name);
    let reported = [
        // Anthropic.
        ("web_searches", inner("server_tool_use", "web_search_requests")),
        // OpenAI, for images.
        ("input_image_tokens", inner("input_tokens_details", "image_tokens")),
        ("output_image_tokens", inner("output_tokens_details", "image_tokens")),
        // OpenAI, for transcripts. Price lists have either.
        ("audio_seconds", seconds(extra)),
        ("input_audio_seconds", seconds(extra)),
    ];
    reported.into_iter().filter_map(|(name, quantity)| Some((name, quantity?))).collect()
}

/// `{"type": "duration", "seconds": 9}`: a started second counts in full.
fn seconds(extra: &Extra) -> Option<u64> {
    let seconds = extra.get("seconds")?.value().f64()?;
    let is_duration = text(extra, "type").is_some_and(|kind| kind == "duration");
    (is_duration && (0.0..1e9).contains(&seconds)).then(|| seconds.ceil() as u64)
}
