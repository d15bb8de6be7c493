//! Messages as programs keep them: dumps of the providers' own clients.

/// Messages as the providers' own clients dump them, whose programs keep conversations so.
pub(crate) fn dumped() -> [(&'static str, &'static str); 34] {
    [
        (
            "openai-python",
            r#"{"content":"Hi","refusal":null,"role":"assistant","annotations":[],"audio":null,"function_call":null,"tool_calls":null}"#,
        ),
        (
            "openai-python, cited and parsed",
            r#"{"content":"{}","refusal":null,"role":"assistant","annotations":[{"type":"url_citation","url_citation":{"url":"u"}}],"parsed":{"a":1},"audio":{"id":"a","data":"AA","expires_at":1,"transcript":"Hi"}}"#,
        ),
        (
            "openai-python, a call",
            r#"{"content":null,"role":"assistant","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{}","parsed_arguments":{}}}]}"#,
        ),
        (
            "openai-python, a refusal",
            r#"{"content":null,"refusal":"I will not.","role":"assistant","annotations":[],"audio":null,"function_call":null,"tool_calls":null}"#,
        ),
        (
            "a refusal behind a text",
            r#"{"role":"assistant","content":[{"type":"text","text":"So far,"},{"type":"refusal","refusal":"and no further."}]}"#,
        ),
        (
            "openai-python, a call of a tool that takes free text",
            r#"{"content":null,"refusal":null,"role":"assistant","tool_calls":[{"id":"call_2","type":"custom","custom":{"name":"shell","input":"ls -l"}}]}"#,
        ),
        (
            "calls of both kinds",
            r#"{"role":"assistant","content":"Both.","tool_calls":[{"id":"call_3","type":"custom","custom":{"name":"shell","input":""}},{"id":"call_4","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]}"#,
        ),
        (
            "OpenRouter, a picture",
            r#"{"role":"assistant","content":"Here.","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"},"index":0}]}"#,
        ),
        (
            "a picture that the assistant shows",
            r#"{"role":"assistant","content":[{"type":"text","text":"Here."},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}"#,
        ),
        (
            "openai-python, Azure and OpenRouter",
            r#"{"content":"Hi","role":"assistant","content_filter_results":{"hate":{"filtered":false}},"native_finish_reason":"STOP","reasoning":null,"reasoning_details":null}"#,
        ),
        (
            "anthropic",
            r#"{"id":"msg_1","type":"message","model":"claude","role":"assistant","stop_reason":"tool_use","stop_sequence":null,"stop_details":null,"container":{"id":"c"},"context_management":null,"usage":{"input_tokens":1},"content":[{"type":"text","text":"Hi","citations":null,"parsed_output":null},{"type":"tool_use","id":"toolu_1","name":"f","input":{},"caller":{"type":"direct"}}]}"#,
        ),
        ("mistralai", r#"{"role":"assistant","content":"Hi","tool_calls":null,"prefix":false}"#),
        (
            "google-genai",
            r#"{"role":"assistant","content":"Hi","groundingMetadata":{"webSearchQueries":["q"]},"safetyRatings":[],"avgLogprobs":-0.1,"finishReason":"STOP","citationMetadata":null,"tokenCount":3}"#,
        ),
        (
            "cohere and perplexity",
            r#"{"role":"assistant","content":"Hi","citations":[{"start":0,"end":2,"text":"Hi"}],"search_results":[],"related_questions":null,"tool_plan":null}"#,
        ),
        (
            "openai-python, the choice and the answer around it",
            r#"{"role":"assistant","content":"Hi","logprobs":{"content":[]},"finish_reason":"stop","index":0,"object":"chat.completion","created":1,"service_tier":"default","system_fingerprint":"fp","_request_id":"req"}"#,
        ),
        (
            "openai-python, an item of Responses",
            r#"{"id":"msg_1","type":"message","status":"completed","phase":"final_answer","role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[],"logprobs":[]}]}"#,
        ),
        (
            "vLLM and SGLang",
            r#"{"role":"assistant","content":"Hi","reasoning_content":"Hm.","matched_stop":128001,"stop_reason":null,"token_ids":[1],"hidden_states":null,"meta_info":{},"kv_transfer_params":null}"#,
        ),
        (
            "llama.cpp and Ollama",
            r#"{"role":"assistant","content":"Hi","timings":{"prompt_n":1},"done":true,"done_reason":"stop","total_duration":1,"eval_count":2,"__verbose":{}}"#,
        ),
        (
            "OpenRouter",
            r#"{"role":"assistant","content":"Hi","refusal":null,"provider":"Google","reasoning":"Hm.","reasoning_details":[{"type":"reasoning.text","text":"Hm.","signature":"s","index":0}]}"#,
        ),
        (
            "Google's layer for OpenAI's clients",
            r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"AA=="}}}]}"#,
        ),
        (
            "LiteLLM",
            r#"{"role":"assistant","content":"Hi","provider_specific_fields":{"citations":[]},"thinking_blocks":[{"type":"thinking","thinking":"Hm.","signature":"s"}]}"#,
        ),
        (
            "Groq and Z.ai and MiniMax",
            r#"{"role":"assistant","content":"Hi","executed_tools":[],"x_groq":{"id":"r"},"usage_breakdown":{},"web_search":[{"link":"u"}],"base_resp":{"status_code":0},"input_sensitive":false,"audio_content":""}"#,
        ),
        (
            "Azure on one's own data",
            r#"{"role":"assistant","content":"Hi [doc1].","context":{"citations":[],"intent":"[]"},"end_turn":true}"#,
        ),
        (
            "botocore",
            r#"{"role":"assistant","content":"Hi","stopReason":"end_turn","metrics":{"latencyMs":1},"trace":{"guardrail":{}},"performanceConfig":{"latency":"standard"},"ResponseMetadata":{},"additionalModelResponseFields":null}"#,
        ),
        (
            "google-genai's Python",
            r#"{"role":"assistant","content":"Hi","grounding_metadata":{},"safety_ratings":null,"avg_logprobs":-0.1,"finish_message":null,"token_count":2,"usage_metadata":{},"model_version":"m","url_context_metadata":null,"sdk_http_response":{}}"#,
        ),
        (
            "cohere and mistralai, their parts",
            r#"{"role":"assistant","tool_plan":"I look.","citations":[{"start":0,"end":2,"type":"TEXT_CONTENT"}],"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}],"closed":true,"signature":null},{"type":"text","text":"Hi"}],"prefix":false}"#,
        ),
        (
            "Mistral, with references",
            r#"{"role":"assistant","content":[{"type":"text","text":"Blue"},{"type":"reference","reference_ids":[0,"b"]},{"type":"text","text":"."}]}"#,
        ),
        (
            "an answer's video, and a kind that nobody knows",
            r#"{"role":"assistant","content":[{"type":"text","text":"Hi"},{"type":"video_url","video_url":{"url":"https://x/y.mp4"}}]}"#,
        ),
        (
            "OpenRouter, pictures",
            r#"{"role":"assistant","content":"Here.","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="},"index":0}]}"#,
        ),
        (
            "fields in another form than the receiver's",
            r#"{"role":"assistant","content":"Hi","model":{"id":"m"},"reasoning_details":"Hm.","annotations":"none","container":"c"}"#,
        ),
        (
            "a call as JSON in a string",
            r#"{"role":"assistant","content":null,"tool_calls":["{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"]}"#,
        ),
        (
            "google-genai, a content",
            r#"{"parts":[{"thought":true,"text":"Hm."},{"text":"Hi","thoughtSignature":"AA=="},{"functionCall":{"name":"f","args":{"a":1}}}],"role":"model"}"#,
        ),
        (
            "google-genai's Python, a content",
            r#"{"parts":[{"media_resolution":null,"code_execution_result":null,"executable_code":null,"file_data":null,"function_call":{"id":null,"args":{"a_b":null},"name":"f","partial_args":null,"will_continue":null},"function_response":null,"inline_data":null,"text":null,"thought":null,"thought_signature":null,"video_metadata":null}],"role":"model"}"#,
        ),
        (
            "google-genai's Python, code that it ran",
            r#"{"parts":[{"executable_code":{"code":"1+1","language":"PYTHON","id":null},"text":null},{"code_execution_result":{"outcome":"OUTCOME_OK","output":"2"}},{"text":"2"}],"role":"model"}"#,
        ),
    ]
}
