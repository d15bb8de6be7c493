//! Conversations that a provider refuses, in its words: tool calls without a result, results without a call, and roles
//! that it does not know.
//!
//! The rules are the same for all that have them: each call is answered before the conversation goes on, and each result
//! answers a call of the turn before. The words are those of public reports (`docs/wire/errors.md`, section 5). Who
//! renders whatever it is sent says so in its row (`any_conversation`); Cohere's and Ollama's words nobody reported.

use crate::model::{ErrorKind, Message, PartKind, ProviderError, Request, Role};
use crate::prefill::Prefill;
use crate::quirks::Quirks;
use alloc::{format, string::String, vec::Vec};

/// Whose words a refusal is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    OpenAiChat,
    OpenAiResponses,
    DeepSeek,
    Mistral,
    Anthropic,
    Google,
    Aws,
}

/// The words of a provider that speaks `format`; `None` where it refuses no conversation.
fn words(format: &str, quirks: &Quirks) -> Option<Words> {
    match format {
        _ if quirks.any_conversation => None,
        "openai-chat" => Some(match &*quirks.provider {
            "deepseek" => Words::DeepSeek,
            "mistral" | "codestral" => Words::Mistral,
            _ => Words::OpenAiChat,
        }),
        "openai-responses" => Some(Words::OpenAiResponses),
        "anthropic" => Some(Words::Anthropic),
        "gemini" => Some(Words::Google),
        "bedrock" => Some(Words::Aws),
        _ => None,
    }
}

/// What is wrong with a conversation. Positions are those of the wire format's own list.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    /// A message of a role that nobody knows.
    Role { position: usize, role: String },
    /// Calls that the turn after `position` does not answer.
    Unanswered { position: usize, ids: Vec<String> },
    /// The result at `position`, which answers no call of the turn before.
    Unexpected { position: usize, part: usize, id: String },
}

/// Why the provider refuses the conversation; `None` where it takes it.
pub(super) fn refusal(format: &str, quirks: &Quirks, request: &Request) -> Option<ProviderError> {
    let words = words(format, quirks)?;
    // What the server remembers may have the calls: a response or conversation of OpenAI's, a thread of Anthropic's.
    let remembered = ["previous_response_id", "conversation", "thread"];
    if matches!(words, Words::OpenAiResponses | Words::Anthropic)
        && remembered.iter().any(|name| request.extra.get(name).is_some())
    {
        return None;
    }
    problem(words, &request.messages).map(|problem| error(words, &problem))
}

/// Why a model refuses to continue the answer that the last message begins; `None` where it does not, or there is none.
pub(super) fn refusal_of_prefill(prefill: Prefill, request: &Request) -> Option<ProviderError> {
    let last = request.messages.last().filter(|last| last.role == Role::Assistant)?;
    if prefill != Prefill::Refused || calls(last).next().is_some() {
        return None;
    }
    let message = "This model does not support assistant message prefill. The conversation must end with a user \
                   message.";
    let mut error = ProviderError::new(ErrorKind::InvalidRequest, message);
    error.status = Some(400);
    error.error_type = Some("invalid_request_error".into());
    Some(error)
}

fn problem(words: Words, messages: &[Message]) -> Option<Problem> {
    let mut position = 0;
    // The calls of the last turn that are not answered yet, and where they were made.
    let mut open: Vec<&str> = Vec::new();
    let mut asked_at = 0;
    let mut after_results = false;
    for message in messages {
        match &message.role {
            Role::Other(role) => return Some(Problem::Role { position, role: role.clone() }),
            Role::Tool => {
                for (part, result) in results(message).enumerate() {
                    let place =
                        if words.has_a_message_for_each_result() { position + part } else { position };
                    // Gemini's are told apart by their order.
                    let answered = match words {
                        Words::Google => (!open.is_empty()).then_some(0),
                        _ => open.iter().position(|id| *id == result),
                    };
                    match answered {
                        Some(found) => _ = open.remove(found),
                        None => {
                            return Some(Problem::Unexpected { position: place, part, id: result.into() });
                        }
                    }
                }
            }
            _ if !open.is_empty() && !words.takes_late_results() => break,
            _ => {}
        }
        if message.role == Role::Assistant {
            asked_at = position;
            open.extend(calls(message));
        }
        position += words.length(message, after_results);
        after_results = message.role == Role::Tool;
    }
    let ids: Vec<String> = open.into_iter().map(Into::into).collect();
    (!ids.is_empty()).then_some(Problem::Unanswered { position: asked_at, ids })
}

fn calls(message: &Message) -> impl Iterator<Item = &str> {
    message.content.iter().filter_map(|part| match &part.kind {
        PartKind::ToolCall(call) => Some(call.id.as_str()),
        _ => None,
    })
}

fn results(message: &Message) -> impl Iterator<Item = &str> {
    message.content.iter().filter_map(|part| match &part.kind {
        PartKind::ToolResult(result) => Some(result.tool_call_id.as_str()),
        _ => None,
    })
}

impl Words {
    /// Whether each result of a tool is a message of its own.
    const fn has_a_message_for_each_result(self) -> bool {
        matches!(self, Self::OpenAiChat | Self::DeepSeek | Self::Mistral)
    }

    /// Whether a result may come at any time after its call.
    const fn takes_late_results(self) -> bool {
        matches!(self, Self::OpenAiResponses)
    }

    /// How many entries of the wire format's list `message` is.
    fn length(self, message: &Message, after_results: bool) -> usize {
        match self {
            Self::OpenAiResponses => message.content.len().max(1),
            _ if self.has_a_message_for_each_result() && message.role == Role::Tool => {
                results(message).count()
            }
            Self::OpenAiChat | Self::DeepSeek | Self::Mistral => 1,
            // Instructions have a place of their own, and results are in the turn of the user.
            _ => match message.role {
                Role::System | Role::Developer => 0,
                Role::User if after_results => 0,
                _ => 1,
            },
        }
    }
}

fn error(words: Words, problem: &Problem) -> ProviderError {
    let mut error = ProviderError::new(ErrorKind::InvalidRequest, message(words, problem));
    error.status = Some(400);
    error.error_type = match words {
        Words::Google => None,
        Words::Aws => Some("ValidationException".into()),
        _ => Some("invalid_request_error".into()),
    };
    match (words, problem) {
        (Words::OpenAiChat, Problem::Role { position, .. }) => {
            error.param = Some(format!("messages[{position}].role"));
            error.code = Some("invalid_value".into());
        }
        (Words::OpenAiChat, Problem::Unanswered { position, .. }) => {
            error.param = Some(format!("messages[{position}].tool_calls"));
        }
        (Words::OpenAiChat, Problem::Unexpected { position, .. }) => {
            error.param = Some(format!("messages[{position}].role"));
        }
        (Words::OpenAiResponses, Problem::Role { position, .. }) => {
            error.param = Some(format!("input[{position}].role"));
            error.code = Some("invalid_value".into());
        }
        (Words::OpenAiResponses, _) => error.param = Some("input".into()),
        (Words::DeepSeek, _) => error.code = Some("invalid_request_error".into()),
        (Words::Mistral, Problem::Unanswered { .. }) => error.code = Some("3230".into()),
        _ => {}
    }
    error
}

fn message(words: Words, problem: &Problem) -> String {
    match problem {
        Problem::Role { position, role } => unknown_role(words, *position, role),
        Problem::Unanswered { position, ids } => unanswered(words, *position, &ids.join(", ")),
        Problem::Unexpected { position, part, id } => unexpected(words, *position, *part, id),
    }
}

fn unknown_role(words: Words, position: usize, role: &str) -> String {
    match words {
        Words::OpenAiChat => format!(
            "Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and \
             'developer'."
        ),
        Words::OpenAiResponses => format!(
            "Invalid value: '{role}'. Supported values are: 'assistant', 'system', 'developer', and 'user'."
        ),
        Words::DeepSeek => format!(
            "Failed to deserialize the JSON body into the target type: messages[{position}].role: unknown variant \
             `{role}`, expected one of `system`, `user`, `assistant`, `tool`"
        ),
        Words::Mistral => format!(
            "Input tag '{role}' found using 'role' does not match any of the expected tags: 'assistant', 'system', \
             'tool', 'user'"
        ),
        Words::Anthropic => format!("messages.{position}.role: Input should be 'user' or 'assistant'"),
        Words::Google => String::from("Please use a valid role: user, model."),
        Words::Aws => format!(
            "1 validation error detected: Value '{role}' at 'messages.{}.member.role' failed to satisfy constraint: \
             Member must satisfy enum value set: [user, assistant]",
            position + 1
        ),
    }
}

fn unanswered(words: Words, position: usize, ids: &str) -> String {
    match words {
        Words::OpenAiChat => format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
             'tool_call_id'. The following tool_call_ids did not have response messages: {ids}"
        ),
        Words::DeepSeek => String::from(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
             'tool_call_id'. (insufficient tool messages following tool_calls message)",
        ),
        Words::OpenAiResponses => {
            format!("No tool output found for function call {}.", ids.split(',').next().unwrap_or(ids))
        }
        Words::Mistral => String::from("Not the same number of function calls and responses"),
        Words::Anthropic => format!(
            "messages.{position}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. \
             Each `tool_use` block must have a corresponding `tool_result` block in the next message."
        ),
        Words::Google => String::from(
            "Please ensure that the number of function response parts is equal to the number of function call parts \
             of the function call turn.",
        ),
        Words::Aws => format!(
            "Expected toolResult blocks at messages.{}.content for the following Ids: {ids}",
            position + 1
        ),
    }
}

fn unexpected(words: Words, position: usize, part: usize, id: &str) -> String {
    match words {
        Words::OpenAiChat => String::from(
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with \
             'tool_calls'.",
        ),
        Words::DeepSeek => String::from(
            "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'",
        ),
        Words::OpenAiResponses => format!("No tool call found for function call output with call_id {id}."),
        Words::Mistral => format!("Unexpected tool call id {id} in tool results"),
        Words::Anthropic => format!(
            "messages.{position}.content.{part}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each \
             `tool_result` block must have a corresponding `tool_use` block in the previous message."
        ),
        Words::Google => String::from(
            "Please ensure that function response turn comes immediately after a function call turn.",
        ),
        Words::Aws => format!(
            "The number of toolResult blocks at messages.{position}.content exceeds the number of toolUse blocks of \
             previous turn."
        ),
    }
}
