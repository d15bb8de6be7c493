//! Model families by model id. Converse is one form for all, but its additional fields are each family's own.

use crate::dialect::shared::calls::{CallRules, Ids};
use crate::quirks::{ToolIdRule, tool_name::ToolNameRule};

/// The families that take more than Converse's own fields, or refuse some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Anthropic's Claude.
    Claude,
    /// OpenAI's models.
    OpenAi,
    /// Amazon's Nova, the first generation.
    Nova1,
    /// Amazon's Nova, which reasons.
    Nova,
    /// Mistral's models.
    Mistral,
    /// Others, and ids that name none, as the ARN of an inference profile of one's own does.
    Other,
}

impl Family {
    /// The family of `model`, which may be an id, a profile's id or an ARN.
    pub(super) fn from_model(model: &str) -> Self {
        let says = |word: &str| model.contains(word);
        if says("claude") {
            Self::Claude
        } else if says("openai.") || says("gpt-oss") {
            Self::OpenAi
        } else if ["nova-micro", "nova-lite", "nova-pro", "nova-premier"].iter().any(|word| says(word)) {
            Self::Nova1
        } else if says("amazon.nova") {
            Self::Nova
        } else if ["mistral", "mixtral", "ministral", "magistral"].iter().any(|word| says(word)) {
            Self::Mistral
        } else {
            Self::Other
        }
    }

    /// Ids and names of calls as Bedrock wants them: few characters, and as the models of a family want them beyond
    /// that (`docs/wire/bedrock.md`, section 2).
    pub(super) fn calls(self) -> CallRules {
        let id = match self {
            Self::Mistral => ToolIdRule::NineAlphanumeric,
            Self::Claude => ToolIdRule::Word,
            _ => ToolIdRule::DottedWord,
        };
        CallRules { id, ids: Ids::Unique, name: ToolNameRule::Word(64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_families() {
        for (model, family) in [
            ("us.anthropic.claude-opus-4-1-20250805-v1:0", Family::Claude),
            ("openai.gpt-oss-20b-1:0", Family::OpenAi),
            ("us.amazon.nova-micro-v1:0", Family::Nova1),
            ("amazon.nova-2-lite-v1:0", Family::Nova),
            ("mistral.mistral-large-2407-v1:0", Family::Mistral),
            ("meta.llama3-70b-instruct-v1:0", Family::Other),
            ("arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc123", Family::Other),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
                Family::Claude,
            ),
        ] {
            assert_eq!(Family::from_model(model), family, "{model}");
        }
    }
}
