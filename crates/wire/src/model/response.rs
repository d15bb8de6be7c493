//! Chat responses.

use super::{FinishReason, Message, Usage};
use crate::json::{Extra, Json};
use alloc::{string::String, vec::Vec};

/// What a model answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// The provider's id of the answer; empty where it gave none.
    pub id: String,
    /// The model that answered, in the provider's words; empty where it did not say.
    pub model: String,
    /// When, in seconds since 1970.
    pub created: Option<u64>,
    /// The answers, by index; one unless more were asked for.
    pub choices: Vec<Choice>,
    /// What it used.
    pub usage: Option<Usage>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its number, from 0.
    pub index: u32,
    /// What was said.
    pub message: Message,
    /// Why it ended; `None` where the provider did not say.
    pub finish_reason: Option<FinishReason>,
    /// The stop text that ended it.
    pub stop_sequence: Option<String>,
    /// Log probabilities, as the provider wrote them.
    pub logprobs: Option<Json>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}
