//! Model catalog: capabilities and prices of models, and the cost of their responses.
//!
//! Facts and prices come from the data of genai-prices (MIT), which `make catalog` writes into `data/catalog.json`
//! together with our own additions (`tools/catalog.toml`); users add their own entries. Nothing here is fetched,
//! and nothing is guessed: an unknown price or context window is `None`. A provider's models are unpacked on
//! first use.

mod amount;
mod catalog;
mod cost;
mod entry;
mod iterations;
mod ledger;
mod model;
mod packed;
mod pattern;
mod period;
mod prices;
mod quantities;
mod settlement;
mod source;
mod unit;
mod usage_record;

pub use amount::{Amount, NotAnAmount, Rate};
pub use catalog::{Catalog, Found};
pub use cost::{Cost, Part};
pub use entry::{Entry, EntryError};
pub use ledger::{End, Labels, Ledger, Row, Settled, Totals};
pub use model::{Category, Facts, Modality, Model};
pub use prices::{Context, Prices};
pub use quantities::Quantities;
pub use settlement::Settlement;
pub use source::Source;
pub use unit::{UNITS, Unit};
pub use usage_record::UsageRecord;
