//! Emulated providers: a dialect's server half with the quirks of one provider.
//!
//! Four things differ between a provider and its dialect: what it refuses ([`EmulatedProvider::refusal`],
//! [`EmulatedProvider::refusal_of_content`]), how it writes responses and streams, their headers, and the form of its
//! errors. All but the refusals of content work on what OpenAI's chat dialect writes; the
//! bytes of other dialects pass unchanged.

mod conversation;
mod error;
mod headers;
mod openai_rules;
mod provider;
mod refusal;
mod response;
mod sdk_requirements;
mod stream;
mod strict_schema;
mod whole_tool_calls;

pub use provider::EmulatedProvider;

#[cfg(test)]
mod tests;
