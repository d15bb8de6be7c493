//! Finish reasons, in the words of the many providers of this format.

use crate::model::FinishReason;
use alloc::string::String;

/// Reads the reason. `stop_sequence` is vLLM's `stop_reason`, which says that a stop text ended the answer.
pub(crate) fn decode(word: String, stop_sequence: Option<&str>) -> FinishReason {
    match word.as_str() {
        "stop" if stop_sequence.is_some() => FinishReason::StopSequence,
        // The words of other formats come through gateways.
        "stop" | "eos" | "eos_token" | "end_turn" | "STOP" | "COMPLETE" => FinishReason::Stop,
        "stop_sequence" => FinishReason::StopSequence,
        "length" | "max_tokens" | "MAX_TOKENS" => FinishReason::Length,
        "model_length" => FinishReason::ContextWindow,
        "tool_calls" | "function_call" | "tool_call" | "tool_use" | "TOOL_CALL" => FinishReason::ToolCalls,
        "content_filter" | "sensitive" => FinishReason::ContentFilter,
        "error" => FinishReason::Error,
        _ => FinishReason::Other(word),
    }
}

/// The word that OpenAI's own clients know; where it has none, ours.
pub(crate) fn encode(reason: &FinishReason) -> &str {
    match reason {
        FinishReason::StopSequence | FinishReason::Pause => "stop",
        FinishReason::Refusal => "content_filter",
        FinishReason::ContextWindow => "length",
        FinishReason::Stop
        | FinishReason::Length
        | FinishReason::ToolCalls
        | FinishReason::ContentFilter
        | FinishReason::Error
        | FinishReason::Other(_) => reason.as_str(),
    }
}
