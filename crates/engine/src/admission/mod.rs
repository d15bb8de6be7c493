//! Admission of attempts: limits and budgets are checked before anything is sent, and settled afterwards.
//!
//! The counters and the queue are in `ferrule_admission`. These modules use them: they decide which rules apply to an
//! attempt (`rules.rs`, `scope.rs`), how much it may use (`measured.rs`, `estimate.rs`), how it waits (`admit.rs`), and
//! how it is settled (`admitted.rs`). Without rules none of this runs.

mod admit;
mod admitted;
mod clock;
mod degrade;
mod estimate;
mod measured;
mod refusal;
mod rules;
mod scope;
mod settings;
mod status;

pub(crate) use admit::{AdmissionRequest, NotAdmitted, key_name};
pub(crate) use admitted::Admitted;
pub use clock::admission_clock;
pub(crate) use clock::{counters, counters_in};
pub use measured::Measured;
pub(crate) use measured::OWN_LIMITS;
pub use refusal::{BudgetExceeded, LimitReached};
pub(crate) use rules::{AdmissionRules, Holding};
pub(crate) use scope::Facts;
pub use scope::{Missing, Scope};
pub use settings::{BudgetMode, BudgetSettings, LimitSettings, RuleScope};
pub use status::{BudgetChange, BudgetStatus, LimitStatus};
