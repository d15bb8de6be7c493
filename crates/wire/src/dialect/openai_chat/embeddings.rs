//! Embeddings: `POST /embeddings`, as OpenAI and most providers of its chat form have it.
//!
//! Vectors are asked for in base64 (little-endian 32-bit floats, no header), a quarter of the size of decimal digits.
//! Servers may answer either way whatever was asked, so both are read; and in any order, so `index` counts.

use super::{
    carried::{EMBEDDINGS_CARRIED, NAME, purpose},
    usage,
};
use crate::dialect::openai_chat::error;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, Json, JsonError, ObjectWriter, Value, write_string};
use crate::model::Usage;
use crate::operation::{
    Codec, EmbeddingRequest, EmbeddingResponse, Embeddings, EncodedResponse, HttpRequest, VectorFormat,
    Vectors,
};
use alloc::{format, string::String, string::ToString, vec::Vec};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// OpenAI's limit on one request.
const MAX_INPUTS: usize = 2048;

/// Why a model's vectors are refused.
const OF_BYTES: &str = "Perplexity's vectors are base64 of 8-bit integers or bits, which are not read";

/// Whether a model, whoever serves it, answers with bytes or bits in base64 that cannot be distinguished from floats
/// (`docs/wire/compat-providers.md`, section 2).
fn is_of_bytes(model: &str) -> bool {
    model.to_ascii_lowercase().contains("pplx-embed")
}

/// `POST /embeddings`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAiEmbeddings;

impl Codec<Embeddings> for OpenAiEmbeddings {
    fn max_inputs(&self, _model: &str) -> usize {
        MAX_INPUTS
    }

    fn encode_request(
        &self,
        request: &EmbeddingRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut refusals = Refusals::new(NAME, options);
        let quirks = options.quirks;
        let request = &*EMBEDDINGS_CARRIED.fit(request, quirks, &mut refusals)?;
        // Perplexity's bytes and bits would be read as floats.
        let is_read = |format: &Json| matches!(format.text(), "\"float\"" | "\"base64\"");
        if request.extra.get("encoding_format").is_some_and(|format| !is_read(format)) {
            refusals.add("encoding_format", "vectors are read as numbers, or as base64 of 32-bit floats")?;
        }
        let model = quirks.model(&request.model);
        if is_of_bytes(&model) {
            return Err(UnsupportedField { field: "model".into(), dialect: NAME, reason: OF_BYTES.into() });
        }
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &request.extra);
        body.field("model", &*model).field("input", &request.inputs);
        let name =
            if quirks.dimensions_parameter.is_empty() { "dimensions" } else { &quirks.dimensions_parameter };
        body.optional(name, request.dimensions).optional("input_type", purpose(request, quirks));
        body.optional("user", request.user.as_ref());
        // Voyage's and Mistral's other types of numbers do not go together with base64 of floats.
        let format = match request.format {
            _ if request.extra.get("output_dtype").is_some() => None,
            VectorFormat::Base64 => Some("base64"),
            VectorFormat::Numbers => Some("float"),
            VectorFormat::Usual => None,
        };
        body.optional("encoding_format", format);
        body.finish();
        Ok(EncodedRequest {
            path: quirks.path("/embeddings", &model),
            body: out,
            headers: Vec::new(),
            dropped: refusals.dropped,
        })
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<EmbeddingResponse, StreamError> {
        let value = Value::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let Some(mut fields) = value.object() else {
            let unknown = || StreamError::Malformed("expected a JSON object".into());
            return Err(error::in_list(value).unwrap_or_else(unknown));
        };
        let data = if error::is_in(&fields) { None } else { fields.take_array("data") };
        let Some(data) = data else {
            return Err(error::without(value, "vectors"));
        };
        // It says only that this is a list.
        fields.take("object");
        let model = fields.take_string("model").unwrap_or_default();
        // Behind a gateway's own name for it.
        let is_packed = |entry: &Value<'_>| {
            entry.object().is_some_and(|entry| entry.get("embedding").is_some_and(|it| it.string().is_some()))
        };
        if is_of_bytes(&model) && data.iter().any(is_packed) {
            return Err(StreamError::Malformed(format!("model {model}: {OF_BYTES}")));
        }
        Ok(EmbeddingResponse {
            vectors: read_vectors(data)?,
            model,
            usage: take_usage(&mut fields),
            extra: fields.rest(),
        })
    }

    fn decode_request(
        &self,
        HttpRequest { body, .. }: HttpRequest<'_>,
    ) -> Result<EmbeddingRequest, JsonError> {
        let mut fields = Fields::parse(body)?;
        let model = fields.take_string("model").ok_or_else(|| JsonError::new("model: expected a string"))?;
        let inputs = take_texts(&mut fields, "input")
            .ok_or_else(|| JsonError::new("input: expected a string or an array of strings"))?;
        // The encoding of the answer is not part of the neutral request; `encode_response` looks for it in the body.
        fields.take_string("encoding_format");
        // As Voyage and Mistral call it.
        let dimensions =
            ["dimensions", "output_dimension"].into_iter().find_map(|name| fields.take_u64(name));
        Ok(EmbeddingRequest {
            model,
            inputs,
            dimensions,
            input_type: None,
            user: fields.take_string("user"),
            extra: fields.rest(),
            ..EmbeddingRequest::default()
        })
    }

    fn encode_response(
        &self,
        response: &EmbeddingResponse,
        HttpRequest { body: request, .. }: HttpRequest<'_>,
    ) -> EncodedResponse {
        let asked = Fields::parse(request).ok().and_then(|mut fields| fields.take_string("encoding_format"));
        let as_base64 = asked.as_deref() == Some("base64");
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
        body.field("object", "list");
        body.array("data", response.vectors.iter().enumerate(), |out, (index, vector)| {
            let mut entry = ObjectWriter::begin(out);
            entry.field("object", "embedding").field("index", index);
            entry.with("embedding", |out| match as_base64 {
                true => write_string(&to_base64(vector), out),
                false => crate::json::write_array(out, vector, |out, number| {
                    crate::json::WriteJson::write_json(number, out);
                }),
            });
            entry.finish();
        });
        body.field("model", &response.model);
        if let Some(used) = &response.usage {
            body.object_with("usage", &used.extra, |usage| {
                usage.optional("prompt_tokens", used.input_tokens);
                usage.optional("total_tokens", used.input_tokens);
            });
        }
        body.finish();
        EncodedResponse::json(out)
    }
}

/// Takes one text or a list of texts out.
pub(crate) fn take_texts(fields: &mut Fields<'_>, name: &str) -> Option<Vec<String>> {
    if let Some(only) = fields.take_string(name) {
        return Some(alloc::vec![only]);
    }
    let texts = fields.get(name)?.array()?.into_iter().map(Value::string).collect::<Option<Vec<_>>>()?;
    fields.take(name);
    Some(texts)
}

/// The entries' vectors, in the order of their indices. Entries without any stay in the order they came.
fn read_vectors(data: Vec<Value<'_>>) -> Result<Vectors, StreamError> {
    let mut entries = Vec::with_capacity(data.len());
    for (position, entry) in data.into_iter().enumerate() {
        let mut fields = entry
            .object()
            .ok_or_else(|| StreamError::Malformed(format!("data[{position}] is not an object")))?;
        let vector = fields
            .take("embedding")
            .ok_or_else(|| StreamError::Malformed(format!("data[{position}] has no vector")))?;
        entries.push((fields.take_u64("index"), vector));
    }
    if entries.iter().any(|(index, _)| index.is_some()) {
        entries.sort_by_key(|(index, _)| *index);
        if (0u64..).zip(&entries).any(|(position, (index, _))| *index != Some(position)) {
            return Err(StreamError::Malformed("the vectors are not numbered from 0 without gaps".into()));
        }
    }
    decode_vectors(entries.into_iter().map(|(_, vector)| vector))
}

/// Reads vectors, each a list of numbers or base64, in the order they come.
pub(crate) fn decode_vectors<'a>(
    values: impl IntoIterator<Item = Value<'a>>,
) -> Result<Vectors, StreamError> {
    let mut vectors = Vectors::default();
    let mut scratch = Scratch::default();
    for (position, value) in values.into_iter().enumerate() {
        let malformed = || StreamError::Malformed(format!("vector {position} is neither numbers nor base64"));
        vectors.push(scratch.read(value).ok_or_else(malformed)?)?;
    }
    Ok(vectors)
}

/// Reads vectors one after the other in the same memory.
#[derive(Debug, Default)]
struct Scratch {
    bytes: Vec<u8>,
    numbers: Vec<f32>,
}

impl Scratch {
    /// A vector of numbers, or of base64 of little-endian 32-bit floats; `None` for anything else.
    fn read(&mut self, vector: Value<'_>) -> Option<&[f32]> {
        self.numbers.clear();
        if vector.is_array() {
            vector.append_numbers(&mut self.numbers)?;
            return Some(&self.numbers);
        }
        self.bytes.clear();
        append_base64(vector, &mut self.bytes)?;
        let (floats, rest) = self.bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return None;
        }
        self.numbers.extend(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        self.numbers.iter().all(|number| number.is_finite()).then_some(&self.numbers)
    }
}

/// Appends the bytes that a string holds in base64; `None` where it holds none.
pub(crate) fn append_base64(value: Value<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    // Without its quotes, where nothing is escaped; some writers escape every slash.
    let text = value.text().strip_prefix('"')?.strip_suffix('"')?;
    match memchr::memchr(b'\\', text.as_bytes()) {
        None => STANDARD.decode_vec(text, bytes).ok(),
        Some(_) => STANDARD.decode_vec(value.string()?, bytes).ok(),
    }
}

fn to_base64(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    to_base64_bytes(&bytes)
}

/// Bytes in base64.
pub(super) fn to_base64_bytes(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The figures. Vectors and orders have no output, so a total alone (Voyage) is the input.
pub(crate) fn take_usage(fields: &mut Fields<'_>) -> Option<Usage> {
    let mut used = fields.get("usage").and_then(usage::decode)?;
    fields.take("usage");
    let total = used.extra.get("total_tokens").and_then(|total| total.value().u64());
    used.input_tokens = used.input_tokens.or(total);
    if used.input_tokens == total {
        used.extra.remove("total_tokens");
    }
    Some(used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Extra;
    use crate::operation::InputType;
    use crate::quirks::Quirks;
    use proptest::prelude::*;
    use std::vec;

    fn decode(body: &str) -> Result<EmbeddingResponse, StreamError> {
        OpenAiEmbeddings.decode_response(Headers::default(), body.as_bytes())
    }

    fn written(bytes: &[u8]) -> &str {
        core::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_provider_may_have_its_own_names_and_words() {
        let body = |quirks: &str, input_type: &str| {
            let quirks: Quirks = serde_json::from_str(quirks).unwrap();
            let request = EmbeddingRequest {
                model: "m".into(),
                inputs: vec!["a".into()],
                dimensions: Some(256),
                input_type: Some(InputType::from(input_type)),
                ..EmbeddingRequest::default()
            };
            let options = EncodeOptions { drop_unsupported: false, quirks: &quirks };
            let encoded = OpenAiEmbeddings.encode_request(&request, options)?;
            Ok::<_, UnsupportedField>(String::from_utf8(encoded.body).unwrap())
        };
        let voyage = r#"{"dimensions_parameter":"output_dimension","embedding_purposes":"document"}"#;
        let written = body(voyage, "document").unwrap();
        assert!(written.contains(r#""output_dimension":256,"input_type":"document""#), "{written}");
        let nvidia = r#"{"embedding_purposes":"passage"}"#;
        assert!(body(nvidia, "document").unwrap().contains(r#""dimensions":256,"input_type":"passage""#));
        assert!(body(nvidia, "query").unwrap().contains(r#""input_type":"query""#));
        assert!(body(nvidia, "their own").unwrap().contains(r#""input_type":"their own""#));
        assert_eq!(body(nvidia, "clustering").unwrap_err().field, "input_type");
        assert_eq!(body("{}", "query").unwrap_err().field, "input_type");
        let read = OpenAiEmbeddings.decode_request(HttpRequest::json(written.as_bytes())).unwrap();
        assert_eq!(read.dimensions, Some(256));
    }

    #[test]
    fn forms_that_cannot_be_read_are_refused() {
        for (format, is_read) in
            [("float", true), ("base64", true), ("base64_int8", false), ("ubinary", false)]
        {
            let extra = [("encoding_format".to_string(), Json::string(format))].into_iter().collect();
            let request = EmbeddingRequest {
                model: "m".into(),
                inputs: vec!["a".into()],
                extra,
                ..EmbeddingRequest::default()
            };
            let encoded = OpenAiEmbeddings.encode_request(&request, EncodeOptions::REFUSE);
            assert_eq!(encoded.is_ok(), is_read, "{format}");
        }
    }

    #[test]
    fn a_model_of_bytes_is_refused_whoever_serves_it() {
        for quirks in crate::providers::all().iter().map(|row| &row.quirks) {
            for model in ["pplx-embed-v1-0.6b", "perplexity/pplx-embed-context-v1-4b", "a/b/PPLX-embed"] {
                let request = EmbeddingRequest {
                    model: model.into(),
                    inputs: vec!["a".into()],
                    ..EmbeddingRequest::default()
                };
                for drop_unsupported in [false, true] {
                    let options = EncodeOptions { drop_unsupported, quirks };
                    assert_eq!(
                        OpenAiEmbeddings.encode_request(&request, options).unwrap_err().field,
                        "model"
                    );
                }
            }
        }
        let answer = |vector: &str| {
            decode(&format!(
                r#"{{"data":[{{"index":0,"embedding":{vector}}}],"model":"perplexity/pplx-embed-v1-4b"}}"#
            ))
        };
        assert!(format!("{:?}", answer("\"AQIDBA==\"")).contains("8-bit integers"));
        // Numbers are numbers.
        assert_eq!(answer("[1,-2]").unwrap().vectors.iter().next().unwrap(), [1.0, -2.0]);
    }

    #[test]
    fn numbers_and_base64_are_both_read_in_the_order_of_their_indices() {
        // The base64 is the test vector of docs/wire/openai-embeddings-models.md, section 1; the other one escapes its
        // slash.
        let body = r#"{"object":"list","data":[
            {"object":"embedding","index":1,"embedding":[0.25, 1e-3,-7]},
            {"object":"embedding","index":2,"embedding":"AACAPwAAAMAAAAA\/"},
            {"object":"embedding","index":0,"embedding":"AACAPwAAAMAAAAA/"}],
            "model":"m","usage":{"prompt_tokens":5,"total_tokens":5},"id":"e1"}"#;
        let response = decode(body).unwrap();
        let vectors: Vec<&[f32]> = response.vectors.iter().collect();
        assert_eq!(vectors, [[1.0, -2.0, 0.5], [0.25, 0.001, -7.0], [1.0, -2.0, 0.5]]);
        assert_eq!(response.model, "m");
        assert_eq!(response.usage, Some(Usage { input_tokens: Some(5), ..Usage::default() }));
        assert_eq!(response.extra.get("id").unwrap().text(), "\"e1\"");
    }

    #[test]
    fn entries_without_numbers_of_their_own_stay_in_order() {
        let response = decode(r#"{"data":[{"embedding":[2]},{"embedding":[1]}]}"#).unwrap();
        assert_eq!(response.vectors.values(), [2.0, 1.0]);
        assert_eq!((response.model.as_str(), response.usage), ("", None));
    }

    #[test]
    fn a_total_alone_is_the_input() {
        let response =
            decode(r#"{"data":[{"index":0,"embedding":[1]}],"usage":{"total_tokens":9}}"#).unwrap();
        assert_eq!(response.usage, Some(Usage { input_tokens: Some(9), ..Usage::default() }));
    }

    #[test]
    fn what_is_no_vector_is_an_error() {
        for data in [
            r#"[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]"#,
            r#"[{"index":1,"embedding":[1]}]"#,
            r#"[{"index":0,"embedding":[1]},{"embedding":[1]}]"#,
            r#"[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]"#,
            r#"[{"index":0,"embedding":[]}]"#,
            r#"[{"index":0,"embedding":[null]}]"#,
            r#"[{"index":0,"embedding":"AAAA"}]"#,
            r#"[{"index":0,"embedding":"AACAf/=="}]"#,
            r#"[{"index":0,"embedding":"AACAfw=="}]"#,
            r#"[{"index":0,"embedding":7}]"#,
            r#"[{"index":0}]"#,
            "[7]",
        ] {
            let outcome = decode(&format!("{{\"data\":{data}}}"));
            assert!(matches!(outcome, Err(StreamError::Malformed(_))), "{data}: {outcome:?}");
        }
    }

    #[test]
    fn an_error_with_status_200_is_one() {
        for body in [
            r#"{"error":{"message":"no","type":"invalid_request_error"}}"#,
            r#"[{"error":{"message":"no","code":400}}]"#,
            r#"{"detail":"no"}"#,
        ] {
            let Err(StreamError::Provider(error)) = decode(body) else { panic!("{body}") };
            assert_eq!(error.message, "no", "{body}");
        }
        assert!(matches!(decode("{}"), Err(StreamError::Malformed(_))));
        assert!(matches!(decode("<html>"), Err(StreamError::Malformed(_))));
    }

    #[test]
    fn base64_is_asked_for_unless_the_caller_asks_otherwise() {
        let request = EmbeddingRequest {
            model: "m".into(),
            inputs: vec!["a".into(), "b".into()],
            dimensions: Some(64),
            user: Some("u".into()),
            ..EmbeddingRequest::default()
        };
        let encode = |request: &EmbeddingRequest| {
            OpenAiEmbeddings.encode_request(request, EncodeOptions::REFUSE).unwrap()
        };
        let encoded = encode(&request);
        assert_eq!(encoded.path, "/embeddings");
        assert_eq!(
            written(&encoded.body),
            r#"{"model":"m","input":["a","b"],"dimensions":64,"user":"u","encoding_format":"base64"}"#
        );
        assert_eq!(OpenAiEmbeddings.decode_request(HttpRequest::json(&encoded.body)).unwrap(), request);
        for (name, value, expected) in [
            ("encoding_format", "\"float\"", r#"{"model":"m","input":[],"encoding_format":"float"}"#),
            ("output_dtype", "\"int8\"", r#"{"model":"m","input":[],"output_dtype":"int8"}"#),
        ] {
            let extra: Extra = [(name.into(), Json::parse(value).unwrap())].into_iter().collect();
            let request = EmbeddingRequest { model: "m".into(), extra, ..EmbeddingRequest::default() };
            assert_eq!(written(&encode(&request).body), expected);
        }
    }

    #[test]
    fn what_the_vectors_are_for_cannot_be_said() {
        let request = EmbeddingRequest { input_type: Some(InputType::Query), ..EmbeddingRequest::default() };
        let refused = OpenAiEmbeddings.encode_request(&request, EncodeOptions::REFUSE).unwrap_err();
        assert_eq!((refused.field.as_str(), refused.dialect), ("input_type", "openai-chat"));
        let encoded = OpenAiEmbeddings.encode_request(&request, EncodeOptions::DROP).unwrap();
        assert_eq!(encoded.dropped, [refused]);
    }

    #[test]
    fn a_server_reads_one_text_and_refuses_tokens() {
        let read = |body: &str| OpenAiEmbeddings.decode_request(HttpRequest::json(body.as_bytes()));
        assert_eq!(read(r#"{"model":"m","input":"a"}"#).unwrap().inputs, ["a"]);
        for body in [r#"{"model":"m","input":[1,2]}"#, r#"{"model":"m"}"#, r#"{"input":"a"}"#, "[]"] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn vectors_are_read_as_they_were_written(
            vectors in proptest::collection::vec(proptest::array::uniform3(-1e30f32..1e30), 0..5),
            input in proptest::option::of(0u64..1000), asked in "base64|float|",
        ) {
            let mut response = EmbeddingResponse { model: "m".into(), ..EmbeddingResponse::default() };
            vectors.iter().try_for_each(|vector| response.vectors.push(vector)).unwrap();
            response.usage = input.map(|tokens| Usage { input_tokens: Some(tokens), ..Usage::default() });
            let request = format!("{{\"encoding_format\":\"{asked}\"}}");
            let body = OpenAiEmbeddings.encode_response(&response, HttpRequest::json(request.as_bytes())).body;
            prop_assert_eq!(written(&body).contains("\"embedding\":\""), asked == "base64" && !vectors.is_empty());
            prop_assert_eq!(OpenAiEmbeddings.decode_response(Headers::default(), &body).unwrap(), response);
        }
    }
}
