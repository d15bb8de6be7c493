//! Extension module `ferrule._native`: the Python binding.
//!
//! The only crate that knows Python. A call crosses once (`client`, `request`), then once per *batch* of stream events
//! (`produce`, `channel`, `flight`, `events`), and an event loop is woken once for everything that is ready (`bridge`).
//! The tokio side never attaches to the interpreter. `python/ferrule` is its only caller.

mod arguments;
mod attempt;
mod bridge;
mod caller;
mod catalog;
mod channel;
mod characters;
mod choice;
mod citation;
mod client;
mod configuration;
mod cost;
mod delivery;
mod errors;
mod events;
mod flight;
mod forms;
mod from_python;
mod function;
mod groups;
mod guard;
mod http;
mod ledger;
mod limits;
mod logging;
mod message;
mod model_info;
mod observed_events;
mod observers;
mod operations;
mod policies;
mod produce;
mod program;
mod progress;
mod providers;
mod pydantic;
mod reply;
mod request;
mod routing;
mod runtime;
mod sdk_objects;
mod secrets;
mod settings;
mod simulator;
mod state;
mod status;
mod to_python;
mod token;
mod tokens;
mod usage;
mod wire_call;

use pyo3::prelude::*;

/// The compiled part of Ferrule.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::attempt::{Attempt, Stats};
    #[pymodule_export]
    use super::bridge::LoopBridge;
    #[pymodule_export]
    use super::catalog::{CatalogModel, NativeCatalog};
    #[pymodule_export]
    use super::characters::{header, key};
    #[pymodule_export]
    use super::citation::Citation;
    #[pymodule_export]
    use super::client::NativeClient;
    #[pymodule_export]
    use super::configuration::parse_configuration;
    #[pymodule_export]
    use super::cost::Cost;
    #[pymodule_export]
    use super::events::{
        CitationDelta, Continued, Finish, ReasoningDelta, RefusalDelta, TextDelta, ToolCallDelta,
        ToolCallEnd, ToolCallStart, Unknown, UsageUpdate,
    };
    #[pymodule_export]
    use super::flight::Flight;
    #[pymodule_export]
    use super::function::FunctionCall;
    #[pymodule_export]
    use super::guard::{guard_group, release_group};
    #[pymodule_export]
    use super::http::{HttpExchange, HttpHeaders, HttpInterceptor, HttpTransport};
    #[pymodule_export]
    use super::limits::{check_scope, check_window};
    #[pymodule_export]
    use super::logging::set_log_level;
    #[pymodule_export]
    use super::message::{Message, ToolCall};
    #[pymodule_export]
    use super::program::{find_program, needs_variable};
    #[pymodule_export]
    use super::providers::{carried_options, dialects, find_provider, provider_table, split_model};
    #[pymodule_export]
    use super::routing::check_routing;
    #[pymodule_export]
    use super::sdk_objects::{SdkBuilder, SdkModels};
    #[pymodule_export]
    use super::secrets::{is_secret_name, masked};
    #[pymodule_export]
    use super::settings::check_names;
    #[pymodule_export]
    use super::simulator::NativeSimulator;
    #[pymodule_export]
    use super::state::{check_state, ledger_calls, ledger_totals};
    #[pymodule_export]
    use super::tokens::{count_text_tokens_locally, count_tokens_locally};
    #[pymodule_export]
    use super::usage::Usage;
    #[pymodule_export]
    use super::{choice::Choice, model_info::ModelInfo, reply::Reply};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("build", super::build_description())?;
        module.add("HttpTransportError", module.py().get_type::<super::http::HttpTransportError>())?;
        super::pydantic::add_attributes(module.py())?;
        super::runtime::watch_forks(module)?;
        super::events::start_clock(module.py())
    }
}

/// The build's profile, platform and ABI, for `ferrule doctor`.
fn build_description() -> String {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    format!("{profile}, {}-{}", std::env::consts::OS, std::env::consts::ARCH)
}
