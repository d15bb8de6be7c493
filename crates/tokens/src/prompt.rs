//! Token count of a prompt: its texts, and what the provider adds around them.
//!
//! The numbers are from OpenAI's cookbook ("How to count tokens with tiktoken"), measured on gpt-4o, gpt-4 and
//! gpt-3.5-turbo: 3 for each message, 1 for a name, 3 for the start of the answer, and for each tool 7 (10 before
//! gpt-4o), its `name:description`, 3 if it has parameters, 3 and `name:type:description` for each of them, and for a
//! choice of values -3, plus 3 and the value for each. Everything else in a prompt is counted by its text, and the
//! number is an estimate.

use crate::Vocabulary;
use ferrule_wire::{
    json::{Fields, Json, Value},
    model::{Message, Part, PartKind, Request, ResponseFormat, Role, Tool, ToolKind},
};

/// The count assumed for an image: gpt-4o's price of one of 512 by 512 pixels (OpenAI's "Images and vision").
const IMAGE: u64 = 255;

/// A number of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The number.
    pub tokens: u64,
    /// Whether it is exactly what the provider will count. Otherwise it is an estimate.
    pub exact: bool,
}

/// The number of tokens of `text` for `model`. An estimate if the model's vocabulary is not built in.
pub fn count_text(model: &str, text: &str) -> Count {
    let known = Vocabulary::of_model(model);
    Count { tokens: known.unwrap_or_else(|| Vocabulary::o200k()).count(text), exact: known.is_some() }
}

/// The number of tokens of the prompt of `request`.
pub fn count_prompt(request: &Request) -> Count {
    let model = request.model.as_str();
    let known = Vocabulary::of_model(model);
    let vocabulary = known.unwrap_or_else(|| Vocabulary::o200k());
    let mut counter = Counter { vocabulary, tokens: 3, exact: known.is_some() && is_measured(model) };
    for message in &request.messages {
        counter.message(message);
    }
    counter.tools(&request.tools, if vocabulary.name() == "o200k_base" { 7 } else { 10 });
    match &request.response_format {
        None | Some(ResponseFormat::Text) => {}
        Some(ResponseFormat::Json) => counter.exact = false,
        Some(ResponseFormat::JsonSchema { schema, .. } | ResponseFormat::Other(schema)) => {
            counter.guess(schema.text());
        }
    }
    Count { tokens: counter.tokens, exact: counter.exact }
}

/// Whether the cookbook's numbers apply to this model. Reasoning models add hidden tokens.
fn is_measured(model: &str) -> bool {
    ["gpt-4o", "gpt-4.1", "gpt-4", "gpt-3.5-turbo", "gpt-35-turbo"].iter().any(|name| model.starts_with(name))
        && !["audio", "realtime", "search", "vision"].iter().any(|kind| model.contains(kind))
}

struct Counter {
    vocabulary: &'static Vocabulary,
    tokens: u64,
    exact: bool,
}

impl Counter {
    fn add(&mut self, tokens: u64) {
        self.tokens = self.tokens.saturating_add(tokens);
    }

    fn text(&mut self, text: &str) {
        self.add(self.vocabulary.count(text));
    }

    fn guess(&mut self, text: &str) {
        self.exact = false;
        self.text(text);
    }

    fn message(&mut self, message: &Message) {
        let role = match &message.role {
            Role::System => "system",
            Role::Developer => "developer",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
            Role::Other(role) => role,
        };
        self.add(3);
        self.text(role);
        if let Some(name) = &message.name {
            self.add(1);
            self.text(name);
        }
        // The provider treats one part as plain text; the cookbook does not cover several.
        self.exact &= message.content.len() <= 1 && message.role != Role::Tool;
        self.parts(&message.content);
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match &part.kind {
                PartKind::Text(text) => self.text(text),
                PartKind::Refusal(text) => self.guess(text),
                PartKind::ToolCall(call) => {
                    self.guess(&call.name);
                    self.text(&call.arguments);
                }
                PartKind::ToolResult(result) => {
                    self.exact = false;
                    self.parts(&result.content);
                }
                PartKind::Image(_) => {
                    self.exact = false;
                    self.add(IMAGE);
                }
                PartKind::Reasoning(reasoning) => self.guess(&reasoning.text),
                // The number of tokens of a document or audio depends on its content.
                PartKind::Document(_) | PartKind::Audio(_) | PartKind::RedactedReasoning { .. } => {
                    self.exact = false;
                }
                PartKind::Unknown(json) | PartKind::ProviderItem { item: json, .. } => {
                    self.guess(json.text());
                }
            }
        }
    }

    fn tools(&mut self, tools: &[Tool], each: u64) {
        if tools.is_empty() {
            return;
        }
        for tool in tools {
            match &tool.kind {
                ToolKind::Function { parameters, strict } => {
                    self.exact &= *strict != Some(true);
                    self.add(each);
                    self.line(&[&tool.name, tool.description.as_deref().unwrap_or_default()]);
                    if let Some(parameters) = parameters {
                        self.parameters(parameters);
                    }
                }
                ToolKind::Custom { format } => {
                    self.guess(&tool.name);
                    self.text(tool.description.as_deref().unwrap_or_default());
                    self.text(format.as_ref().map_or("", Json::text));
                }
                ToolKind::Hosted(declaration) => self.guess(declaration.text()),
            }
        }
        self.add(12);
    }

    fn parameters(&mut self, parameters: &Json) {
        let properties = parameters.value().object().and_then(|mut schema| schema.take_object("properties"));
        let Some(properties) = properties.filter(|properties| !properties.is_empty()) else { return };
        self.add(3);
        for (name, property) in properties.iter() {
            self.add(3);
            match property.object() {
                Some(fields) => self.property(name, fields),
                None => self.guess(property.text()),
            }
        }
    }

    fn property(&mut self, name: &str, mut fields: Fields<'_>) {
        let kind = fields.take_string("type");
        let description = fields.take_string("description");
        // The cookbook's parameters have a type, a description and possibly a choice of texts, and no nested fields.
        self.exact &= kind.is_some() && description.is_some();
        if let Some(choices) = fields.take_array("enum") {
            // The list subtracts 3, and each choice adds 3.
            self.add((3 * choices.len() as u64).saturating_sub(3));
            for choice in choices {
                match choice.string() {
                    Some(choice) => self.text(&choice),
                    None => self.guess(choice.text()),
                }
            }
        }
        self.line(&[name, kind.as_deref().unwrap_or_default(), description.as_deref().unwrap_or_default()]);
        for (_, rest) in fields.iter() {
            self.guess(Value::text(rest));
        }
    }

    /// `name:description`, without the final full stop of the description.
    fn line(&mut self, parts: &[&str]) {
        let line = parts.join(":");
        self.text(line.strip_suffix('.').unwrap_or(&line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(model: &str, messages: Vec<Message>) -> Request {
        Request { model: model.into(), messages, ..Request::default() }
    }

    /// The cookbook's example, with the numbers that the API returned.
    fn cookbook(model: &str) -> Request {
        let mut messages = vec![Message::text(
            Role::System,
            "You are a helpful, pattern-following assistant that translates corporate jargon into plain English.",
        )];
        for (name, text) in [
            ("example_user", "New synergies will help drive top-line growth."),
            ("example_assistant", "Things working well together will increase revenue."),
            (
                "example_user",
                "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
            ),
            ("example_assistant", "Let's talk later when we're less busy about how to do better."),
        ] {
            messages.push(Message { name: Some(name.into()), ..Message::text(Role::System, text) });
        }
        messages.push(Message::text(
            Role::User,
            "This late pivot means we don't have time to boil the ocean for the client deliverable.",
        ));
        request(model, messages)
    }

    #[test]
    fn the_cookbooks_messages_have_the_cookbooks_numbers() {
        for (model, tokens) in [
            ("gpt-3.5-turbo", 129),
            ("gpt-4-0613", 129),
            ("gpt-4", 129),
            ("gpt-4o", 124),
            ("gpt-4o-mini", 124),
        ] {
            assert_eq!(count_prompt(&cookbook(model)), Count { tokens, exact: true }, "{model}");
        }
    }

    #[test]
    fn the_cookbooks_tool_has_the_cookbooks_numbers() {
        let parameters = Json::parse(
            r#"{"type": "object", "properties": {"location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"}, "unit": {"type": "string", "description": "The unit of temperature to return", "enum": ["celsius", "fahrenheit"]}}, "required": ["location"]}"#,
        );
        let tool = Tool {
            name: "get_current_weather".into(),
            description: Some("Get the current weather in a given location".into()),
            kind: ToolKind::Function { parameters: parameters.ok(), strict: None },
            cache: None,
            extra: ferrule_wire::json::Extra::new(),
        };
        let messages = vec![
            Message::text(
                Role::System,
                "You are a helpful assistant that can answer to questions about the weather.",
            ),
            Message::text(Role::User, "What's the weather like in San Francisco?"),
        ];
        for (model, tokens) in [("gpt-3.5-turbo", 105), ("gpt-4", 105), ("gpt-4o", 101), ("gpt-4o-mini", 101)]
        {
            let request = Request { tools: vec![tool.clone()], ..request(model, messages.clone()) };
            assert_eq!(count_prompt(&request), Count { tokens, exact: true }, "{model}");
        }
    }

    #[test]
    fn unmeasured_prompts_are_estimates() {
        let text = || vec![Message::text(Role::User, "Hi.")];
        for model in ["claude-3-opus", "o1", "gpt-5", "gpt-4o-audio-preview"] {
            assert!(!count_prompt(&request(model, text())).exact, "{model}");
        }
        let mut request = request("gpt-4o", text());
        assert!(count_prompt(&request).exact);
        let plain = count_prompt(&request).tokens;
        request
            .messages
            .push(Message::new(Role::Assistant, vec![Part::new(PartKind::Refusal("No.".into()))]));
        let refused = count_prompt(&request);
        assert!(!refused.exact && refused.tokens > plain);
        assert!(!count_text("claude-3-opus", "Hi.").exact && count_text("o1", "Hi.").exact);
    }
}
