//! Settlement of a call: its usage and cost.

use crate::{catalog::Catalog, cost::Cost, usage_record::UsageRecord};
use std::sync::{Arc, OnceLock};

/// The usage and cost of a call, known when it ends.
#[derive(Clone, Debug)]
pub struct Settlement {
    record: UsageRecord,
    /// The catalog for its prices; `None` for the built-in one.
    catalog: Option<Arc<Catalog>>,
    cost: OnceLock<Option<Cost>>,
    elsewhere: Option<Box<Elsewhere>>,
}

/// Usage of a call at targets other than the answering one.
#[derive(Clone, Debug, Default)]
struct Elsewhere {
    /// Targets that began the answer and broke off.
    begun: Vec<Arc<Settlement>>,
    /// Attempts that contributed nothing to the answer.
    unanswered: Vec<Arc<Settlement>>,
    total: OnceLock<Option<Cost>>,
}

impl Settlement {
    /// Settles a call. Its cost is computed now; only while the models of its provider are still being unpacked, which
    /// happens once and on a separate thread, is that left to the first access.
    pub fn new(record: UsageRecord, catalog: Option<Arc<Catalog>>) -> Self {
        let settlement = Self { record, catalog, cost: OnceLock::new(), elsewhere: None };
        if settlement.catalog().is_ready_or_unpacks(&settlement.record.provider) {
            settlement.own_cost();
        }
        settlement
    }

    /// The settlement with usage elsewhere: by `begun`, the targets that began the answer, whose cost is included in
    /// its own, and by attempts that contributed nothing to it (`unanswered`).
    #[must_use]
    pub fn with(mut self, begun: Vec<Arc<Self>>, unanswered: Vec<Arc<Self>>) -> Self {
        let is_alone = begun.is_empty() && unanswered.is_empty();
        self.elsewhere =
            (!is_alone).then(|| Box::new(Elsewhere { begun, unanswered, total: OnceLock::new() }));
        self
    }

    /// Usage at targets other than the answering one, one settlement per attempt.
    pub fn elsewhere(&self) -> impl Iterator<Item = &Arc<Self>> {
        self.elsewhere.iter().flat_map(|elsewhere| elsewhere.begun.iter().chain(&elsewhere.unanswered))
    }

    /// The usage.
    pub fn record(&self) -> &UsageRecord {
        &self.record
    }

    /// The cost of the answer: as the provider reports it, else by the catalog; `None` if neither is known. Includes
    /// the cost of targets that began it.
    pub fn cost(&self) -> Option<&Cost> {
        let Some(elsewhere) = self.elsewhere.as_ref().filter(|elsewhere| !elsewhere.begun.is_empty()) else {
            return self.own_cost();
        };
        let add = |sum: Cost, part: &Arc<Self>| sum.plus(part.cost()?.clone());
        let total = || elsewhere.begun.iter().try_fold(self.own_cost()?.clone(), add);
        elsewhere.total.get_or_init(total).as_ref()
    }

    /// The cost at the answering target.
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
    fn the_cost_is_computed_at_settlement() {
        assert!(Catalog::builtin().find("openai", "gpt-4.1").is_some());
        let settlement = Settlement::new(record(), None);
        assert_eq!(settlement.cost.get().unwrap().as_ref().unwrap().total.to_string(), "2");
        assert_eq!(settlement.cost().unwrap().total.to_string(), "2");
    }

    #[test]
    fn the_cost_includes_targets_that_began_the_answer() {
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
