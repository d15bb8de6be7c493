//! Providers to practise on.
#![forbid(unsafe_code)]

mod answer;
mod behaviour;
mod body;
mod deliver;
mod failure;
mod models;
mod random;
mod record;
mod route;
mod schema;
mod script;
mod server;
mod service;
mod simulator;
mod socket;
mod stream;
mod tokens;

pub use script::ScriptError;
pub use simulator::{Settings, Simulator};
