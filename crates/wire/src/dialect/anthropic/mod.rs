//! Anthropic's Messages API, in both directions.
//!
//! One file per thing that is translated: `block`, `tools`, `reasoning` and `usage` serve both directions; the rest
//! reads or writes one kind of body. `carried` says which options this API carries, `unsupported` what it cannot carry of messages.

mod api;
mod block;
mod carried;
mod decode_request;
mod decode_response;
mod decode_stream;
mod encode_request;
mod encode_response;
mod encode_stream;
mod error;
mod gathered;
mod model_listing;
mod open_block;
mod reasoning;
mod response_headers;
mod system;
mod token_counting;
mod tools;
mod turns;
mod unsupported;
mod usage;
mod vertex;

pub(crate) use block::encode_block;
pub(crate) use carried::{refuses_sampling, sampled_temperature, sampled_top_k, sampled_top_p};
pub(crate) use reasoning::has_hour_cache;
pub(crate) use reasoning::{
    Thinking, encode as encode_thinking, max_tokens as max_tokens_above, plan, take as take_reasoning,
    take_nested_thinking,
};
pub(crate) use tools::{NO_ARGUMENTS, decode_choice, decode_tool};
pub(crate) use usage::written;

pub use block::decode_block;
pub use vertex::AnthropicVertex;

pub use api::Anthropic;
pub use reasoning::DEFAULT_MAX_TOKENS;
pub(crate) use reasoning::SIGNER;
