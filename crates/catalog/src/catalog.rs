//! Model catalog: finds a model by the name that a provider or a user gives it.
//!
//! A provider's models are tried in the order of the data, first match first, as in genai-prices. Results are cached,
//! so that looking a name up again costs one hash table access; the cache is bounded.

use crate::{
    cost::{Cost, cost},
    entry::Entry,
    model::Model,
    packed::{Index, PackedModels},
    pattern::Pattern,
    prices::Context,
    quantities::Quantities,
    source::Source,
};
use std::{
    borrow::Cow,
    collections::HashMap,
    ops::Deref,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    thread,
};

static BUILTIN: OnceLock<Arc<Catalog>> = OnceLock::new();

/// Names longer than this match no model.
const LONGEST_NAME: usize = 512;

/// The maximum number of names cached per provider.
const MAX_NAMES: usize = 1024;

/// Models, their capabilities and prices.
#[derive(Clone, Debug)]
pub struct Catalog {
    data: Arc<Data>,
    /// Users' own entries, by provider and model.
    own: HashMap<Arc<str>, HashMap<Box<str>, Arc<Model>>>,
}

#[derive(Debug, Default)]
struct Data {
    source: Arc<Source>,
    /// Indices of providers by our ids and the data's own.
    places: HashMap<String, usize>,
    providers: Vec<Provider>,
}

/// The index of a provider, and of a model among its models.
type Place = (usize, usize);

#[derive(Debug)]
struct Provider {
    id: Arc<str>,
    name: String,
    /// Bare names that stand for a model of this provider.
    names: Option<Pattern>,
    /// Providers whose models it offers in addition to its own.
    also: Vec<usize>,
    models: PackedModels,
    /// Cached results: the model that each name resolved to.
    remembered: RwLock<HashMap<Box<str>, Option<Place>>>,
}

/// A model that was found.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The model.
    model: &'a Arc<Model>,
    /// Whether it belongs to another provider, whose price list applies here as well.
    is_borrowed: bool,
}

impl Deref for Found<'_> {
    type Target = Model;

    fn deref(&self) -> &Model {
        self.model
    }
}

impl<'a> Found<'a> {
    /// The model, which lives as long as the catalog.
    pub const fn model(self) -> &'a Arc<Model> {
        self.model
    }

    /// The cost of `quantities` at `at` (seconds since 1970) in a request with the conditions `context`; `None` if the
    /// price or a relevant quantity is not known.
    pub fn price(&self, quantities: &Quantities, at: i64, context: &Context<'_>) -> Option<Cost> {
        // Another provider's conditions are not on its price list.
        let context = if self.is_borrowed { &[] } else { context };
        let (rates, source) = self.model.prices.at(at, context)?;
        cost(&rates, quantities, source)
    }
}

impl Data {
    fn read() -> Result<Self, String> {
        let index = Index::read().map_err(|error| error.to_string())?;
        let source = Arc::new(index.source);
        let mut places: HashMap<String, usize> =
            index.providers.iter().enumerate().map(|(place, row)| (row.id.clone(), place)).collect();
        // Each price has its own date, or none.
        let undated = source.dated(None);
        let mut providers = Vec::with_capacity(index.providers.len());
        for row in index.providers {
            let id: Arc<str> = row.id.into();
            providers.push(Provider {
                models: PackedModels::new(Arc::clone(&id), Arc::clone(&undated), row.models),
                id,
                name: row.name,
                names: row.names,
                also: row.also.iter().filter_map(|id| places.get(id).copied()).collect(),
                remembered: RwLock::default(),
            });
        }
        for (ours, theirs) in index.aliases {
            let place = *places.get(&theirs).ok_or_else(|| format!("alias of nothing: {theirs}"))?;
            places.insert(ours, place);
        }
        Ok(Self { source, places, providers })
    }

    /// The provider at `place`, and those whose models it also offers.
    fn with_owners(&self, place: usize) -> impl Iterator<Item = (usize, &Provider)> {
        let also = self.providers.get(place).into_iter().flat_map(|provider| provider.also.iter().copied());
        std::iter::once(place).chain(also).filter_map(|owner| Some((owner, self.providers.get(owner)?)))
    }
}

impl Catalog {
    /// The built-in catalog.
    pub fn builtin() -> &'static Arc<Self> {
        if let Some(builtin) = BUILTIN.get() {
            return builtin;
        }
        // Read before the lock is taken, which a fork in the middle would leave locked in the child. A test reads the
        // built-in data; if that ever failed, an empty catalog is the honest answer.
        let data = Arc::new(Data::read().unwrap_or_default());
        let read = Arc::new(Self { data, own: HashMap::new() });
        BUILTIN.get_or_init(|| read)
    }

    /// Whether the models that `provider` offers are unpacked. If not, starts a thread that unpacks them, once: that
    /// takes milliseconds, which a thread that serves others must not spend.
    pub(crate) fn is_ready_or_unpacks(self: &Arc<Self>, provider: &str) -> bool {
        let Some(place) = self.data.places.get(&*lower(provider)).copied() else { return true };
        let mut packed =
            self.data.with_owners(place).filter(|(_, owner)| !owner.models.is_unpacked()).peekable();
        if packed.peek().is_none() {
            return true;
        }
        // Not `any`, which would stop at the first.
        if packed.fold(false, |is_first, (_, owner)| owner.models.begin() || is_first) {
            let data = Arc::clone(&self.data);
            let unpack = move || data.with_owners(place).for_each(|(_, owner)| _ = owner.models.get());
            // Without a thread, the first look-up unpacks them.
            let _ = thread::Builder::new().name("ferrule-catalog".into()).spawn(unpack);
        }
        false
    }

    /// This catalog with `entries` on top. Fields that an entry leaves out keep their value; its prices replace all of
    /// the model's prices at once.
    #[must_use]
    pub fn with(&self, entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut own = self.own.clone();
        for Entry(mut model) in entries {
            if let Some(before) = self.find(&model.provider, &model.id) {
                model.facts = model.facts.or(&before.facts);
                if model.prices.is_empty() {
                    model.prices = before.prices.clone();
                }
            }
            let id = model.id.to_lowercase().into();
            own.entry(Arc::clone(&model.provider)).or_default().insert(id, Arc::new(model));
        }
        Self { data: Arc::clone(&self.data), own }
    }

    /// The source of the facts and prices.
    pub fn source(&self) -> &Source {
        &self.data.source
    }

    /// The model that `provider` (our id of it) calls `name`.
    pub fn find(&self, provider: &str, name: &str) -> Option<Found<'_>> {
        if name.len() > LONGEST_NAME {
            return None;
        }
        let (provider, name) = (lower(provider), lower(name));
        if let Some(model) = self.own(&provider, &name) {
            return Some(Found { model, is_borrowed: false });
        }
        let place = *self.data.places.get(&*provider)?;
        let (owner, position) = self.data.remembered(place, &name)?;
        let model = self.data.providers.get(owner)?.models.get().get(position)?;
        Some(Found { model, is_borrowed: owner != place })
    }

    /// Whether a user's own entry defines `name` for `provider`.
    pub fn has_own(&self, provider: &str, name: &str) -> bool {
        !self.own.is_empty()
            && name.len() <= LONGEST_NAME
            && self.own(&lower(provider), &lower(name)).is_some()
    }

    fn own(&self, provider: &str, name: &str) -> Option<&Arc<Model>> {
        let models = self.own.get(provider)?;
        let mut called = models.values().filter(|model| model.names.is_some() && model.is_called(name));
        models.get(name).or_else(|| called.next())
    }

    /// The providers that a bare name may stand for: users' own, then those whose naming pattern it matches. Resellers
    /// are included only if no other provider has it.
    pub fn providers_of(&self, name: &str) -> Vec<&str> {
        self.offering(name, Model::is_called)
    }

    /// As [`Self::providers_of`], but only providers that list the name verbatim. A pattern may match unintended names,
    /// so only these decide to which provider a prompt is sent.
    pub fn providers_listing(&self, name: &str) -> Vec<&str> {
        self.offering(name, Model::is_named)
    }

    fn offering(&self, name: &str, is_meant: fn(&Model, &str) -> bool) -> Vec<&str> {
        if name.len() > LONGEST_NAME {
            return Vec::new();
        }
        let name = lower(name);
        let own = self.own.iter().filter(|(_, models)| models.contains_key(&*name)).map(|(id, _)| &**id);
        let mut found: Vec<&str> = own.collect();
        found.sort_unstable();
        let has = |provider: &&Provider| provider.models.get().iter().any(|model| is_meant(model, &name));
        let providers = &self.data.providers;
        let makers = providers
            .iter()
            .filter(|provider| provider.names.as_ref().is_some_and(|names| names.matches(&name)))
            .filter(has);
        let before = found.len();
        found.extend(makers.map(|provider| &*provider.id));
        if found.len() == before {
            found.extend(providers.iter().filter(has).map(|provider| &*provider.id));
        }
        let mut seen = Vec::with_capacity(found.len());
        found.retain(|id| {
            let is_new = !seen.contains(id);
            seen.push(*id);
            is_new
        });
        found
    }

    /// All models: users' own first, then the data's in order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Model>> {
        let own = self.own.values().flat_map(HashMap::values);
        own.chain(self.data.providers.iter().flat_map(|provider| provider.models.get()))
    }

    /// The ids and names of the data's providers.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.data.providers.iter().map(|provider| (&*provider.id, provider.name.as_str()))
    }
}

impl Data {
    fn remembered(&self, place: usize, name: &str) -> Option<Place> {
        let provider = self.providers.get(place)?;
        if let Some(found) = provider.remembered.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return *found;
        }
        let found = self.search(place, name);
        let mut remembered = provider.remembered.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MAX_NAMES {
            remembered.clear();
        }
        remembered.insert(name.into(), found);
        found
    }

    fn search(&self, place: usize, name: &str) -> Option<Place> {
        let find = |name: &str| {
            self.with_owners(place).find_map(|(owner, provider)| {
                Some((owner, provider.models.get().iter().position(|model| model.is_called(name))?))
            })
        };
        find(name).or_else(|| find(&with_dashed_dates(name)?))
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// `name` with each `-20251211`, as gateways write dates, rewritten as `-2025-12-11`; `None` if there is none.
fn with_dashed_dates(name: &str) -> Option<String> {
    let mut dashed = String::with_capacity(name.len() + 2);
    let mut parts = name.split('-');
    dashed.push_str(parts.next()?);
    for part in parts {
        dashed.push('-');
        let date = part.split(':').next().unwrap_or_default();
        let rest = part.strip_prefix(date).unwrap_or_default();
        match is_date(date).then(|| (date.get(..4), date.get(4..6), date.get(6..))) {
            Some((Some(year), Some(month), Some(day))) => {
                dashed.push_str(&format!("{year}-{month}-{day}{rest}"));
            }
            _ => dashed.push_str(part),
        }
    }
    (dashed != name).then_some(dashed)
}

fn is_date(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<i8>().ok());
    let is_digits =
        text.len() == 8 && text.starts_with("20") && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits
        && match (number(2..4), number(4..6), number(6..8)) {
            (Some(year), Some(month), Some(day)) => {
                jiff::civil::Date::new(2000 + i16::from(year), month, day).is_ok()
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_data_can_be_read() {
        let data = Data::read().unwrap();
        assert!(data.providers.len() > 40);
        for provider in &data.providers {
            assert!(!provider.models.unpack().unwrap().is_empty(), "{}", provider.id);
        }
        assert_eq!(data.source.name, "genai-prices");
        assert!(
            data.source.date.is_some()
                && data.source.licence.as_ref().is_some_and(|text| text.contains("MIT"))
        );
    }

    #[test]
    fn dates_are_dashed_where_they_are_dates() {
        for (name, expected) in [
            ("gpt-5.2-20251211", Some("gpt-5.2-2025-12-11")),
            ("gpt-5.2-20251211:free", Some("gpt-5.2-2025-12-11:free")),
            ("gpt-20250230", None),
            ("gpt-19991231", None),
            ("gpt-20251211x", None),
            ("20251211", None),
            ("a-20251211-20251212", Some("a-2025-12-11-2025-12-12")),
        ] {
            assert_eq!(with_dashed_dates(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn the_cache_of_names_is_bounded() {
        let data = Data::read().unwrap();
        let place = data.places["openai"];
        for number in 0..3 * MAX_NAMES {
            data.remembered(place, &format!("no-such-model-{number}"));
        }
        assert!(data.providers[place].remembered.read().unwrap().len() <= MAX_NAMES);
    }
}
