//! Emulated providers: a dialect's server half with the quirks of one provider.
//!
//! Four things differ between a provider and its dialect: what it refuses ([`EmulatedProvider::refusal`]), how it
//! writes responses and streams, their headers, and the form of its errors. All of them work on what OpenAI's chat dialect writes; the
//! bytes of other dialects pass unchanged.

mod error;
mod headers;
mod provider;
mod refusal;
mod response;
mod sdk_requirements;
mod stream;
mod whole_tool_calls;

pub use provider::EmulatedProvider;

#[cfg(test)]
mod tests;
