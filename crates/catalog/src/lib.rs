//! What is known of models, and what their answers cost.
//!
//! Facts and prices come from the data of genai-prices (MIT), which `make catalog` writes into `data/catalog.json`
//! together with what we know ourselves (`tools/catalog.toml`); users add their own entries. Nothing here is fetched,
//! and nothing is guessed: what is not known is `None`, a price no less than a context window. The data is unpacked
//! when it is first asked for.

mod amount;
mod answer;
mod catalog;
mod cost;
mod entry;
mod ledger;
mod model;
mod pattern;
mod prices;
mod quantities;
mod unit;

pub use amount::{Amount, NotAnAmount, Rate};
pub use answer::Answer;
pub use catalog::{Catalog, Found, Source};
pub use cost::{Cost, Part};
pub use entry::{Entry, EntryError};
pub use ledger::{End, Labels, Ledger, Row, Settled, Totals};
pub use model::{Category, Facts, Modality, Model};
pub use prices::{Context, Prices};
pub use quantities::Quantities;
pub use unit::{UNITS, Unit};
