//! Figures of usage under other names than the format's, and those that contradict each other.

use ferrule_wire::dialect::registry::find;

#[test]
fn figures_are_found_under_other_names_and_made_whole() {
    let chat = |usage: &str| format!(r#"{{"choices":[{{"message":{{"content":"x"}}}}],"usage":{usage}}}"#);
    let responses = |usage: &str| format!(r#"{{"id":"r","status":"completed","output":[],"usage":{usage}}}"#);
    let anthropic = |usage: &str| format!(r#"{{"type":"message","content":[],"usage":{usage}}}"#);
    let gemini = |usage: &str| format!(r#"{{"candidates":[],"usageMetadata":{usage}}}"#);
    for (dialect, body, expected) in [
        ("openai-chat", chat(r#"{"input_tokens":10,"output_tokens":5}"#), (10, 5, None, None)),
        ("openai-completions", chat(r#"{"input_tokens":10,"output_tokens":5}"#), (10, 5, None, None)),
        ("openai-responses", responses(r#"{"prompt_tokens":10,"completion_tokens":5}"#), (10, 5, None, None)),
        ("anthropic", anthropic(r#"{"prompt_tokens":10,"completion_tokens":5}"#), (10, 5, None, None)),
        // The total says what the answer was.
        ("openai-chat", chat(r#"{"prompt_tokens":10,"total_tokens":15}"#), (10, 5, None, None)),
        // Anthropic's cache behind a gateway.
        (
            "openai-chat",
            chat(
                r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"cache_read_input_tokens":4,"cache_creation_input_tokens":2}"#,
            ),
            (10, 5, Some(4), Some(2)),
        ),
        // Thoughts inside the answer, and beside it.
        (
            "gemini",
            gemini(
                r#"{"promptTokenCount":10,"candidatesTokenCount":35,"thoughtsTokenCount":30,"totalTokenCount":45}"#,
            ),
            (10, 35, None, None),
        ),
        (
            "gemini",
            gemini(
                r#"{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":30,"totalTokenCount":45}"#,
            ),
            (10, 35, None, None),
        ),
    ] {
        let usage = find(dialect).unwrap().decode_response(body.as_bytes()).unwrap().usage.unwrap();
        let figures =
            (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens);
        let (input, output, read, written) = expected;
        assert_eq!(figures, (Some(input), Some(output), read, written), "{dialect} {body}");
    }
}
