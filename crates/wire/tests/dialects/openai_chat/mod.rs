//! OpenAI's chat completions: examples, and that what is written is read back the same.

mod examples;
mod properties;
