//! Finish reasons, in both directions.

use crate::model::FinishReason;
use alloc::borrow::ToOwned;

/// Reasons of filters; the first is the one that is written.
const FILTERED: &[&str] = &[
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "MODEL_ARMOR",
    "JAILBREAK",
];

/// Reasons of failures; the first is the one that is written.
const FAILED: &[&str] = &[
    "MALFORMED_RESPONSE",
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
];

/// The reason that `finishReason` names. The API has no word for an answer that calls tools (section 3).
pub(super) fn decode(word: &str, calls_tools: bool) -> FinishReason {
    match word {
        "STOP" if calls_tools => FinishReason::ToolCalls,
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        word if FILTERED.contains(&word) => FinishReason::ContentFilter,
        word if FAILED.contains(&word) => FinishReason::Error,
        word => FinishReason::Other(word.to_owned()),
    }
}

/// The API's word for a reason.
pub(super) fn encode(reason: &FinishReason) -> &str {
    match reason {
        FinishReason::Stop | FinishReason::StopSequence | FinishReason::ToolCalls | FinishReason::Pause => {
            "STOP"
        }
        FinishReason::Length | FinishReason::ContextWindow => "MAX_TOKENS",
        FinishReason::ContentFilter | FinishReason::Refusal => "SAFETY",
        FinishReason::Error => "MALFORMED_RESPONSE",
        FinishReason::Other(word) => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_the_api() {
        use FinishReason::{ContentFilter, Error, Length, Stop, ToolCalls};
        for word in FILTERED {
            assert_eq!(decode(word, true), ContentFilter, "{word}");
        }
        for word in FAILED {
            assert_eq!(decode(word, true), Error, "{word}");
        }
        for word in [
            "FINISH_REASON_UNSPECIFIED",
            "LANGUAGE",
            "OTHER",
            "IMAGE_OTHER",
            "NO_IMAGE",
            "ESCALATION",
            "PUP_LIMITED_DISABLED",
            "CONTINUATION",
        ] {
            assert_eq!(decode(word, false), FinishReason::Other(word.to_owned()));
            assert_eq!(encode(&decode(word, false)), word);
        }
        assert_eq!(decode("STOP", false), Stop);
        assert_eq!(decode("STOP", true), ToolCalls);
        assert_eq!(decode("MAX_TOKENS", false), Length);
        for reason in [ContentFilter, Error, Length, Stop] {
            assert_eq!(decode(encode(&reason), false), reason);
        }
        assert_eq!(decode(encode(&ToolCalls), true), ToolCalls);
    }
}
