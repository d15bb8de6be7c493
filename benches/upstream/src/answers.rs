//! Responses as bytes, put together once.
//!
//! They have the size and the keys of the real services' answers, and each stream event is an HTTP chunk of its own,
//! as it is when a provider flushes token by token.

use rustix::time::{ClockId, clock_gettime};

pub(crate) const NO_CONTENT: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
pub(crate) const NOT_FOUND: &[u8] =
    b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 44\r\n\r\n\
      {\"error\":{\"message\":\"no case has this name\"}}";

const PLAIN_RESPONSE: &str = "HTTP/1.1 200 OK\r\n\
    date: Sat, 21 Nov 2026 10:00:00 GMT\r\n\
    content-type: application/json\r\n\
    openai-processing-ms: 312\r\n\
    x-ratelimit-limit-requests: 10000\r\n\
    x-ratelimit-remaining-requests: 9999\r\n\
    x-request-id: req_0123456789abcdef0123456789abcdef\r\n";

const STREAM_RESPONSE: &str = "HTTP/1.1 200 OK\r\n\
    date: Sat, 21 Nov 2026 10:00:00 GMT\r\n\
    content-type: text/event-stream; charset=utf-8\r\n\
    cache-control: no-cache\r\n\
    x-request-id: req_0123456789abcdef0123456789abcdef\r\n\
    transfer-encoding: chunked\r\n\r\n";

/// Stands where a paced chunk's send time goes: `@` and nineteen digits of monotonic nanoseconds.
const STAMP: &str = "@0000000000000000000";

const WORDS: [&str; 8] = [" the", " light", " scatters", " more", " at", " shorter", " wave", "lengths"];

#[derive(Clone, Copy)]
pub(crate) enum Wire {
    OpenAi,
    Anthropic,
}

pub(crate) struct Answers {
    pub(crate) plain: Vec<u8>,
    /// The response's head and the events before the first text.
    pub(crate) stream_head: Vec<u8>,
    /// The events after the last text and the end of the body.
    pub(crate) stream_tail: Vec<u8>,
    words: Vec<Vec<u8>>,
    stamped: Stamped,
}

/// One chunk whose text is the time it is sent.
#[derive(Clone)]
pub(crate) struct Stamped {
    chunk: Vec<u8>,
    digits_at: usize,
}

impl Answers {
    pub(crate) fn new(wire: Wire) -> Self {
        let (plain, first, last): (&str, &[&str], &[&str]) = match wire {
            Wire::OpenAi => (OPENAI_PLAIN, &[OPENAI_FIRST], &OPENAI_LAST),
            Wire::Anthropic => (ANTHROPIC_PLAIN, &ANTHROPIC_FIRST, &ANTHROPIC_LAST),
        };
        let mut stream_head = STREAM_RESPONSE.as_bytes().to_vec();
        first.iter().for_each(|event| stream_head.extend(http_chunk(event)));
        let mut stream_tail: Vec<u8> = last.iter().flat_map(|event| http_chunk(event)).collect();
        stream_tail.extend(b"0\r\n\r\n");
        Self {
            plain: format!("{PLAIN_RESPONSE}content-length: {}\r\n\r\n{plain}", plain.len()).into_bytes(),
            stream_head,
            stream_tail,
            words: WORDS.iter().map(|word| http_chunk(&text_event(wire, word))).collect(),
            stamped: Stamped::new(http_chunk(&text_event(wire, STAMP))),
        }
    }

    /// A whole stream of so many text chunks, to be written at once.
    pub(crate) fn burst(&self, chunks: usize) -> Vec<u8> {
        let mut answer = self.stream_head.clone();
        for (_, word) in (0..chunks).zip(self.words.iter().cycle()) {
            answer.extend_from_slice(word);
        }
        answer.extend_from_slice(&self.stream_tail);
        answer
    }

    pub(crate) fn stamped(&self) -> Stamped {
        self.stamped.clone()
    }
}

impl Stamped {
    fn new(chunk: Vec<u8>) -> Self {
        let digits_at = memchr::memchr(b'@', &chunk).map_or(0, |at| at + 1);
        Self { chunk, digits_at }
    }

    /// The chunk, stamped with the time of the call.
    pub(crate) fn now(&mut self) -> &[u8] {
        let now = clock_gettime(ClockId::Monotonic);
        let digits = format!("{:019}", now.tv_sec * 1_000_000_000 + now.tv_nsec);
        self.chunk[self.digits_at..self.digits_at + digits.len()].copy_from_slice(digits.as_bytes());
        &self.chunk
    }
}

fn text_event(wire: Wire, text: &str) -> String {
    match wire {
        Wire::OpenAi => OPENAI_TEXT.replace("TEXT", text),
        Wire::Anthropic => ANTHROPIC_TEXT.replace("TEXT", text),
    }
}

fn http_chunk(event: &str) -> Vec<u8> {
    format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()
}

const OPENAI_PLAIN: &str = r#"{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion","created":1763719200,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"message":{"role":"assistant","content":"Sunlight meets the molecules of the air, and they scatter its short blue waves far more than its long red ones, so blue reaches the eye from every part of the sky.","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":38,"total_tokens":57,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":null}"#;

const OPENAI_FIRST: &str = concat!(
    r#"data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1763719200,"model":"gpt-5-mini-2025-08-07","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}"#,
    "\n\n"
);

const OPENAI_TEXT: &str = concat!(
    r#"data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1763719200,"model":"gpt-5-mini-2025-08-07","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":"TEXT"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
    "\n\n"
);

const OPENAI_LAST: [&str; 3] = [
    concat!(
        r#"data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1763719200,"model":"gpt-5-mini-2025-08-07","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}"#,
        "\n\n"
    ),
    concat!(
        r#"data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1763719200,"model":"gpt-5-mini-2025-08-07","service_tier":"default","system_fingerprint":null,"choices":[],"usage":{"prompt_tokens":19,"completion_tokens":1000,"total_tokens":1019,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}"#,
        "\n\n"
    ),
    "data: [DONE]\n\n",
];

const ANTHROPIC_PLAIN: &str = r#"{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{"type":"text","text":"Sunlight meets the molecules of the air, and they scatter its short blue waves far more than its long red ones, so blue reaches the eye from every part of the sky."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":19,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":38,"service_tier":"standard"}}"#;

const ANTHROPIC_FIRST: [&str; 3] = [
    concat!(
        "event: message_start\n",
        r#"data: {"type":"message_start","message":{"model":"claude-sonnet-4-5-20250929","id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":19,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,"service_tier":"standard"}}}"#,
        "\n\n"
    ),
    concat!(
        "event: content_block_start\n",
        r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        "\n\n"
    ),
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
];

const ANTHROPIC_TEXT: &str = concat!(
    "event: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"TEXT"}}"#,
    "\n\n"
);

const ANTHROPIC_LAST: [&str; 3] = [
    concat!("event: content_block_stop\n", r#"data: {"type":"content_block_stop","index":0}"#, "\n\n"),
    concat!(
        "event: message_delta\n",
        r#"data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":19,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1000}}"#,
        "\n\n"
    ),
    concat!("event: message_stop\n", r#"data: {"type":"message_stop"}"#, "\n\n"),
];
