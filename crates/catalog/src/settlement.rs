//! Settlement of a call: what it used, and what that cost.

use crate::{catalog::Catalog, cost::Cost, usage_record::UsageRecord};
use std::sync::{Arc, OnceLock};

/// What a call used and cost, known when it ends.
#[derive(Clone, Debug)]
pub struct Settlement {
    record: UsageRecord,
    /// Whose prices count; those built in where `None`.
    catalog: Option<Arc<Catalog>>,
    cost: OnceLock<Option<Cost>>,
    elsewhere: Option<Box<Elsewhere>>,
}

/// What a call used elsewhere than at the target that answered.
#[derive(Clone, Debug, Default)]
struct Elsewhere {
    /// Where the answer began, and broke off.
    begun: Vec<Arc<Settlement>>,
    /// Attempts that gave nothing of the answer.
    unanswered: Vec<Arc<Settlement>>,
    total: OnceLock<Option<Cost>>,
}

impl Settlement {
    /// Settles a call. Its cost is found now; only while the models of its provider are still being unpacked, which happens
    /// once and on a thread of its own, is that left to whoever asks first.
    pub fn new(record: UsageRecord, catalog: Option<Arc<Catalog>>) -> Self {
        let settlement = Self { record, catalog, cost: OnceLock::new(), elsewhere: None };
        if settlement.catalog().is_ready_or_unpacks(&settlement.record.provider) {
            settlement.own_cost();
        }
        settlement
    }

    /// The settlement with what was used elsewhere: by `begun`, which the answer began with and whose cost is a part of
    /// its own, and by attempts that gave nothing of it (`unanswered`).
    #[must_use]
    pub fn with(mut self, begun: Vec<Arc<Self>>, unanswered: Vec<Arc<Self>>) -> Self {
        let is_alone = begun.is_empty() && unanswered.is_empty();
        self.elsewhere =
            (!is_alone).then(|| Box::new(Elsewhere { begun, unanswered, total: OnceLock::new() }));
        self
    }

    /// What was used elsewhere than at the target that answered, one for each attempt.
    pub fn elsewhere(&self) -> impl Iterator<Item = &Arc<Self>> {
        self.elsewhere.iter().flat_map(|elsewhere| elsewhere.begun.iter().chain(&elsewhere.unanswered))
    }

    /// What was used.
    pub fn record(&self) -> &UsageRecord {
        &self.record
    }

    /// What the answer cost: as the provider reports it, else by the catalog; `None` where neither says. Of one that
    /// began elsewhere, with what it cost there.
    pub fn cost(&self) -> Option<&Cost> {
        let Some(elsewhere) = self.elsewhere.as_ref().filter(|elsewhere| !elsewhere.begun.is_empty()) else {
            return self.own_cost();
        };
        let add = |sum: Cost, part: &Arc<Self>| sum.plus(part.cost()?.clone());
        let total = || elsewhere.begun.iter().try_fold(self.own_cost()?.clone(), add);
        elsewhere.total.get_or_init(total).as_ref()
    }

    /// What it cost at the target that answered.
    pub fn own_cost(&self) -> Option<&Cost> {
        self.cost.get_or_init(|| self.record.cost(self.catalog())).as_ref()
    }

    fn catalog(&self) -> &Arc<Catalog> {
        self.catalog.as_ref().unwrap_or_else(|| Catalog::builtin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Entry;
    use ferrule_wire::model::Usage;

    fn record() -> UsageRecord {
        let usage = Usage { input_tokens: Some(1_000_000), output_tokens: Some(0), ..Usage::default() };
        UsageRecord { provider: "openai".into(), asked: "gpt-4.1".into(), usage, ..UsageRecord::default() }
    }

    #[test]
    fn the_cost_is_there_before_anybody_asks() {
        assert!(Catalog::builtin().find("openai", "gpt-4.1").is_some());
        let settlement = Settlement::new(record(), None);
        assert_eq!(settlement.cost.get().unwrap().as_ref().unwrap().total.to_string(), "2");
        assert_eq!(settlement.cost().unwrap().total.to_string(), "2");
    }

    #[test]
    fn an_answer_that_began_elsewhere_cost_something_there() {
        let part = || Arc::new(Settlement::new(record(), None));
        let settlement = Settlement::new(record(), None).with(vec![part()], vec![part()]);
        assert_eq!(settlement.cost().unwrap().total.to_string(), "4");
        assert_eq!(settlement.own_cost().unwrap().total.to_string(), "2");
        assert_eq!(settlement.elsewhere().count(), 2);
    }

    #[test]
    fn own_prices_count() {
        let entry = Entry::read("openai/gpt-4.1", r#"{"prices": {"input_mtok": 7}}"#).unwrap();
        let catalog = Arc::new(Catalog::builtin().with([entry]));
        let settlement = Settlement::new(record(), Some(catalog));
        assert_eq!(settlement.cost.get().unwrap().as_ref().unwrap().total.to_string(), "7");
        let unknown = UsageRecord { asked: "nothing-known".into(), ..record() };
        assert_eq!(Settlement::new(unknown, None).cost(), None);
    }
}
