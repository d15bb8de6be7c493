//! Checks of every fuzz target. A target only names the function.
//!
//! Nothing here may panic but for a broken promise: any bytes give a value or an error, in bounded memory, and
//! however a stream is split, it says the same.

use ferrule_wire::dialect::{self, Dialect};
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::framing::{EventStreamReader, Frame, HeaderValue, NdjsonReader, SseReader, StreamError, StreamLimits, write_frame};
use ferrule_wire::error::{self, Headers};
use ferrule_wire::model::{ErrorKind, Response};
use ferrule_wire::operation::HttpRequest;
use ferrule_wire::providers;
use ferrule_wire::server::EmulatedProvider;
use std::sync::LazyLock;

/// Small, so that the fuzzer finds it.
const LIMITS: StreamLimits = StreamLimits { event_bytes: 4096 };

/// The first byte of an input is the size of the reads it is cut into; the rest is the body.
fn reads(data: &[u8]) -> Option<[Vec<&[u8]>; 3]> {
    let (size, body) = data.split_first()?;
    let size = usize::from(*size).max(1);
    Some([vec![body], body.chunks(size).collect(), body.chunks(1).collect()])
}

fn check_equal<T: PartialEq + std::fmt::Debug>(data: &[u8], read: impl Fn(&[&[u8]]) -> T) {
    let Some([whole, cut, bytes]) = reads(data) else { return };
    let expected = read(&whole);
    assert_eq!(read(&cut), expected);
    assert_eq!(read(&bytes), expected);
}

/// Server-sent events: the same frames and the same end at every split.
pub fn sse(data: &[u8]) {
    check_equal(data, |reads| {
        let mut frames = Vec::new();
        let mut reader = SseReader::new(LIMITS);
        let mut keep = |frame: Frame<'_>| {
            frames.push(match frame {
                Frame::Event { event, data, id } => (event.to_owned(), data.to_owned(), id.to_owned()),
                Frame::StrayJson(text) => (String::new(), text.to_owned(), String::new()),
            });
            Ok::<(), StreamError>(())
        };
        let mut outcome = reads.iter().try_for_each(|bytes| reader.push(bytes, &mut keep));
        if outcome.is_ok() {
            outcome = reader.finish(&mut keep);
        }
        (frames, outcome)
    });
}

/// AWS's event streams: the same frames and the same end at every split. No fuzzer finds checksums, so after the bytes
/// as they are, those of frames are put right as far as their lengths make sense.
pub fn event_stream(data: &[u8]) {
    check_event_stream(data);
    let mut repaired = data.to_vec();
    let mut start = 1;
    while let Some(frame) = repaired.get_mut(start..)
        && let Some(lengths) = frame.first_chunk::<8>()
    {
        let total = u32::from_be_bytes([lengths[0], lengths[1], lengths[2], lengths[3]]) as usize;
        let prelude = checksum(lengths);
        let Some(frame) = frame.get_mut(..total).filter(|frame| frame.len() >= 16) else { break };
        frame[8..12].copy_from_slice(&prelude);
        let whole = checksum(&frame[..total - 4]);
        frame[total - 4..].copy_from_slice(&whole);
        start += total;
    }
    check_event_stream(&repaired);
}

fn check_event_stream(data: &[u8]) {
    check_equal(data, |reads| {
        let mut frames = Vec::new();
        let mut reader = EventStreamReader::new(LIMITS);
        let mut keep = |frame: ferrule_wire::framing::EventStreamFrame<'_>| {
            let headers: Vec<String> = frame.headers().map(|header| format!("{header:?}")).collect();
            frames.push((headers, frame.payload.to_vec()));
            Ok::<(), StreamError>(())
        };
        let mut outcome = reads.iter().try_for_each(|bytes| reader.push(bytes, &mut keep));
        if outcome.is_ok() {
            outcome = reader.finish(&mut keep);
        }
        (frames, outcome)
    });
}

/// The checksum of the format, bit by bit: another way than the reader's.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    (!crc).to_be_bytes()
}

/// Frames of AWS's from text: after the size of the reads, lines of an event's name, a space and its payload.
fn framed(data: &[u8]) -> Vec<u8> {
    let Some((size, text)) = data.split_first() else { return Vec::new() };
    let mut body = vec![*size];
    for line in String::from_utf8_lossy(text).lines() {
        let (event, payload) = line.split_once(' ').unwrap_or((line, ""));
        let (kind, event) = event.split_once(':').unwrap_or(("event", event));
        let type_header = format!(":{kind}-type");
        let headers = [(type_header.as_str(), event), (":message-type", kind)];
        write_frame(
            headers.map(|(name, value)| (name, HeaderValue::Text(value))),
            payload.as_bytes(),
            &mut body,
        );
    }
    body
}

/// Newline-delimited JSON: the same lines and the same end at every split.
pub fn ndjson(data: &[u8]) {
    check_equal(data, |reads| {
        let mut lines = Vec::new();
        let mut reader = NdjsonReader::new(LIMITS);
        let mut keep = |line: &str| {
            lines.push(line.to_owned());
            Ok::<(), StreamError>(())
        };
        let mut outcome = reads.iter().try_for_each(|bytes| reader.push(bytes, &mut keep));
        if outcome.is_ok() {
            outcome = reader.finish(&mut keep);
        }
        (lines, outcome)
    });
}

/// Operations other than chat: what was read can be written and reads the same again. The first byte picks the dialect.
pub fn operations(data: &[u8]) {
    let Some((pick, body)) = data.split_first() else { return };
    let names = ["openai-chat", "cohere", "ollama", "anthropic", "watsonx"];
    let dialect = find(names[usize::from(*pick) % names.len()]);
    let operations = dialect.operations();
    let (headers, received) = (Headers::default(), HttpRequest::json(body));
    if let Some(listing) = operations.model_listing
        && let Ok(page) = listing.decode_response(headers, body)
    {
        let written = listing.encode_response(&page, received).body;
        let again = listing.decode_response(headers, &written).unwrap();
        assert!(again.models.iter().map(|model| &model.id).eq(page.models.iter().map(|model| &model.id)));
    }
    if let Some(embeddings) = operations.embeddings {
        if let Ok(response) = embeddings.decode_response(headers, body) {
            let asked = HttpRequest::json(br#"{"encoding_format":"base64"}"#);
            let written = embeddings.encode_response(&response, asked).body;
            let again = embeddings.decode_response(headers, &written).unwrap();
            assert_eq!(again.vectors.values(), response.vectors.values());
        }
        if let Ok(request) = embeddings.decode_request(received) {
            let written = embeddings.encode_request(&request, EncodeOptions::DROP).unwrap();
            assert_eq!(embeddings.decode_request(HttpRequest::json(&written.body)).unwrap().inputs, request.inputs);
        }
    }
    if let Some(images) = operations.images {
        if let Ok(response) = images.decode_response(headers, body) {
            assert!(response.images.iter().all(|image| image.data.is_some() || image.url.is_some()));
            let written = images.encode_response(&response, received).body;
            assert_eq!(images.decode_response(headers, &written).unwrap().images, response.images);
        }
        if let Ok(request) = images.decode_request(received) {
            let written = images.encode_request(&request, EncodeOptions::DROP).unwrap();
            let again = images.decode_request(HttpRequest::json(&written.body)).unwrap();
            assert_eq!(again.prompt, request.prompt);
        }
    }
    if let Some(speech) = operations.speech
        && let Ok(request) = speech.decode_request(received)
    {
        let written = speech.encode_request(&request, EncodeOptions::DROP).unwrap();
        assert_eq!(speech.decode_request(HttpRequest::json(&written.body)).unwrap().text, request.text);
    }
    if let Some(transcription) = operations.transcription {
        let json = Headers(&[("content-type", "application/json")]);
        if let Ok(transcript) = transcription.decode_response(json, body) {
            let written = transcription.encode_response(&transcript, received).body;
            assert_eq!(transcription.decode_response(json, &written).unwrap().text, transcript.text);
        }
        let form = Headers(&[("content-type", "multipart/form-data; boundary=x")]);
        let _ = transcription.decode_request(HttpRequest { headers: form, body });
    }
    if let Some(reranking) = operations.reranking {
        if let Ok(response) = reranking.decode_response(headers, body) {
            let written = reranking.encode_response(&response, received).body;
            let again = reranking.decode_response(headers, &written).unwrap();
            assert_eq!(again.results, response.results);
        }
        if let Ok(request) = reranking.decode_request(received) {
            let written = reranking.encode_request(&request, EncodeOptions::DROP).unwrap();
            assert_eq!(reranking.decode_request(HttpRequest::json(&written.body)).unwrap(), request);
        }
    }
}

/// Error answers: two bytes of status, a header's value up to a NUL, the body.
pub fn error_decode(data: &[u8]) {
    let Some((status, rest)) = data.split_first_chunk::<2>() else { return };
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or_default();
    let value = String::from_utf8_lossy(&rest[..end]);
    let body = &rest[end..];
    let names = ["retry-after", "x-ratelimit-reset-tokens", "ratelimit", "x-amzn-errortype", "x-request-id"];
    let headers = names.map(|name| (name, value.as_ref()));
    let status = u16::from_be_bytes(*status);
    for headers in [&headers[..], &headers[1..], &headers[2..]] {
        let error = error::decode(status, Headers(headers), body, 1_767_225_600_000);
        assert!(!error.message.is_empty());
        assert!(error.body.chars().count() <= 2_000 && error.message.chars().count() <= 2_000);
        assert!(error.kind != ErrorKind::QuotaExceeded || !error.retryable);
    }
    error::decode_in_stream(&String::from_utf8_lossy(body));
}

/// Every wire format with the first byte that chooses it. A letter of its own for each, rather than its place in the
/// registry, so that a new format moves no seed; one byte, rather than its name, so that a mutation reaches another format.
const DIALECTS: [(u8, &str); 14] = [
    (b'a', "anthropic"),
    (b'A', "anthropic-vertex"),
    (b'b', "bedrock"),
    (b'c', "cohere"),
    (b'u', "cursor-cli"),
    (b'g', "gemini"),
    (b'G', "vertex"),
    (b'l', "ollama"),
    (b'o', "openai-chat"),
    (b'O', "openai-responses"),
    (b'p', "openai-completions"),
    (b'r', "replicate"),
    (b'v', "ruvllm"),
    (b'w', "watsonx"),
];

/// The wire format that the first byte chooses, and the rest.
fn choose(data: &[u8]) -> Option<(&'static dyn Dialect, &[u8])> {
    static IS_COMPLETE: LazyLock<()> = LazyLock::new(|| {
        for dialect in dialect::registry::all() {
            let name = dialect.name();
            assert!(DIALECTS.iter().any(|(_, known)| *known == name), "{name} has no letter in DIALECTS");
        }
    });
    LazyLock::force(&IS_COMPLETE);
    let (first, rest) = data.split_first()?;
    let by_letter = DIALECTS.iter().find(|(letter, _)| letter == first);
    let (_, name) = by_letter.unwrap_or(&DIALECTS[usize::from(*first) % DIALECTS.len()]);
    Some((find(name), rest))
}

fn find(name: &str) -> &'static dyn Dialect {
    dialect::registry::find(name).unwrap_or_else(|| panic!("no dialect is called {name}"))
}

/// A streamed answer: the same events and the same end at every split. The second byte is the size of the reads.
pub fn stream(data: &[u8]) {
    let Some((dialect, data)) = choose(data) else { return };
    let body = if dialect.name() == "bedrock" { &framed(data) } else { data };
    check_equal(body, |reads| {
        let mut events = Vec::new();
        let mut decoder = dialect.stream_decoder(LIMITS);
        let mut outcome = reads.iter().try_for_each(|bytes| decoder.push(bytes, &mut events));
        if outcome.is_ok() {
            outcome = decoder.finish(&mut events);
        }
        (events, outcome, decoder.is_done())
    });
}

/// What the dialect reads when it has written `response`.
fn again(dialect: &dyn Dialect, response: &Response) -> Response {
    let written = dialect.encode_response(response);
    let read = dialect.decode_response(&written);
    read.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&written)))
}

/// Wire formats whose plain answers are not written: the writer is a program's stream.
const STREAMED_ONLY: [&str; 1] = ["cursor-cli"];
/// Wire formats whose writer joins what clients want as one (`openai-chat`: the texts of an answer).
const JOINED_ONCE: [&str; 6] =
    ["cohere", "ollama", "openai-chat", "openai-completions", "openai-responses", "watsonx"];

/// A plain answer: what was read can be written and reads the same again. Where the writer joins what clients want as one,
/// it does so once, and from then on nothing changes.
pub fn response(data: &[u8]) {
    let Some((dialect, body)) = choose(data) else { return };
    let Ok(first) = dialect.decode_response(body) else { return };
    if STREAMED_ONLY.contains(&dialect.name()) {
        return;
    }
    let second = again(dialect, &first);
    if JOINED_ONCE.contains(&dialect.name()) {
        assert_eq!(again(dialect, &second), second);
    } else {
        assert_eq!(second, first);
    }
}

/// A request: what was read can be written, and then reads again.
pub fn request(data: &[u8]) {
    let Some((dialect, body)) = choose(data) else { return };
    if let Ok(request) = dialect.decode_request(body)
        && let Ok(written) = dialect.encode_request(&request, EncodeOptions::DROP)
    {
        let again = dialect.decode_request(&written.body);
        assert!(again.is_ok(), "{again:?}: {}", String::from_utf8_lossy(&written.body));
    }
}

/// A provider's quirks: the first byte says which provider's, the second how its stream is cut. Its streams say the same
/// at every split, and so do its plain answers in its own form; what it refuses is looked for in any body.
pub fn quirks(data: &[u8]) {
    let Some((row, rest)) = data.split_first() else { return };
    let dialect = find("openai-chat");
    let rows = providers::all();
    let quirks = &rows[usize::from(*row) % rows.len()].quirks;
    check_equal(rest, |reads| {
        let mut events = Vec::new();
        let mut decoder = quirks.decoder(dialect.stream_decoder(LIMITS));
        let mut outcome = reads.iter().try_for_each(|bytes| decoder.push(bytes, &mut events));
        if outcome.is_ok() {
            outcome = decoder.finish(&mut events);
        }
        (events, outcome, decoder.is_done())
    });
    let body = rest.get(1..).unwrap_or_default();
    let provider = EmulatedProvider::new(dialect, quirks);
    let _ = provider.refusal(body);
    if let Ok(response) = dialect.decode_response(body) {
        let mut adjusted = response.clone();
        quirks.adjust(&mut adjusted);
        let written = provider.encode_response(&response);
        assert!(dialect.decode_response(&written).is_ok(), "{}", String::from_utf8_lossy(&written));
    }
    if let Ok(request) = dialect.decode_request(body)
        && let Ok(written) =
            dialect.encode_request(&request, EncodeOptions { drop_unsupported: true, quirks })
    {
        let again = dialect.decode_request(&written.body);
        assert!(again.is_ok(), "{again:?}: {}", String::from_utf8_lossy(&written.body));
    }
}
