//! Hosted tools: the provider of a declaration that is neither a function nor a free-text tool
//! (`docs/wire/late-2026.md`, section 9).

use crate::json::Json;

/// Anthropic's tools without a date in their types.
const ANTHROPICS: [&str; 3] = ["mcp_toolset", "tool_search_tool_regex", "tool_search_tool_bm25"];

/// Tools of the Responses API, which Anthropic has none of by these names.
const RESPONSES: [&str; 19] = [
    "web_search",
    "web_search_preview",
    "web_search_preview_2025_03_11",
    "web_search_2025_08_26",
    "x_search",
    "file_search",
    "collections_search",
    "code_interpreter",
    "image_generation",
    "computer",
    "computer_use_preview",
    "local_shell",
    "shell",
    "apply_patch",
    "mcp",
    "namespace",
    "programmatic_tool_calling",
    "tool_search",
    "browser_search",
];

/// Why a tool cannot be declared.
pub(crate) const FOREIGN_TOOL: &str =
    "a hosted tool of another provider; declare a function, or this provider's own tool";

/// Whether a declaration is Anthropic's or one without a type, which OpenAI's formats have none of: Anthropic dates its
/// hosted tools (`web_search_20250305`), and Gemini's and Bedrock's have no type.
pub(crate) fn is_foreign_to_openai(whole: &Json) -> bool {
    type_of(whole).is_none_or(|tool_type| {
        let is_dated = tool_type
            .rsplit_once('_')
            .is_some_and(|(_, date)| date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()));
        is_dated || ANTHROPICS.contains(&tool_type.as_str())
    })
}

/// Whether a declaration is known to be another API's than Anthropic's.
pub(crate) fn is_foreign_to_anthropic(whole: &Json) -> bool {
    type_of(whole).is_none_or(|tool_type| {
        RESPONSES.contains(&tool_type.as_str()) || tool_type.starts_with("openrouter:")
    })
}

fn type_of(whole: &Json) -> Option<alloc::string::String> {
    whole.value().object()?.take_string("type")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_declaration_is_known_by_its_type() {
        for (declaration, to_openai, to_anthropic) in [
            (r#"{"type":"web_search_20250305","name":"web_search"}"#, true, false),
            (r#"{"type":"mcp_toolset","mcp_server_name":"s"}"#, true, false),
            (r#"{"type":"computer_toolset_20260801"}"#, true, false),
            (r#"{"type":"tool_from_the_future"}"#, false, false),
            (r#"{"googleSearch":{}}"#, true, true),
            (r#"{"systemTool":{"name":"nova_grounding"}}"#, true, true),
            (r#"{"type":"openrouter:web_search"}"#, false, true),
        ] {
            let whole = Json::parse(declaration).unwrap();
            assert_eq!(is_foreign_to_openai(&whole), to_openai, "{declaration}");
            assert_eq!(is_foreign_to_anthropic(&whole), to_anthropic, "{declaration}");
        }
        for tool_type in RESPONSES {
            let whole = Json::parse(&format!(r#"{{"type":"{tool_type}"}}"#)).unwrap();
            assert_eq!(
                (is_foreign_to_openai(&whole), is_foreign_to_anthropic(&whole)),
                (false, true),
                "{tool_type}"
            );
        }
    }
}
