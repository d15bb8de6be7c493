//! Embeddings: `:batchEmbedContents` of the Gemini API, and `:predict` of Vertex (section 6).
//!
//! Each form is written by its own host; both, and `:embedContent`, are read.

use super::{carried::EMBEDDINGS_CARRIED, host::Host, model_name, part};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError, ObjectWriter, Value, write_array};
use crate::model::{PartKind, Usage};
use crate::operation::{
    Codec, EmbeddingRequest, EmbeddingResponse, Embeddings, EncodedResponse, HttpRequest, InputType, Vectors,
};
use alloc::{borrow::ToOwned, format, string::String, string::ToString, vec::Vec};

/// `:batchEmbedContents`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch;

/// `:predict`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Predict;

impl Codec<Embeddings> for Batch {
    fn max_inputs(&self, _model: &str) -> usize {
        100
    }

    fn encode_request(
        &self,
        request: &EmbeddingRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let model = model_name::resource(&request.model);
        encode(Host::GeminiApi, request, "batchEmbedContents", options, |request, body| {
            body.array("requests", &request.inputs, |out, text| {
                let mut one = ObjectWriter::begin_with(out, &request.extra);
                one.field("model", &model).object("content", |content| {
                    content.array("parts", [text], |out, text| {
                        let mut part = ObjectWriter::begin(out);
                        part.field("text", text);
                        part.finish();
                    });
                });
                one.optional("taskType", request.input_type.as_ref().map(task));
                one.optional("outputDimensionality", request.dimensions);
                one.finish();
            });
        })
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<EmbeddingResponse, StreamError> {
        decode_response(body)
    }

    fn decode_request(
        &self,
        HttpRequest { body, .. }: HttpRequest<'_>,
    ) -> Result<EmbeddingRequest, JsonError> {
        decode_request(body)
    }

    fn encode_response(
        &self,
        response: &EmbeddingResponse,
        HttpRequest { body: request, .. }: HttpRequest<'_>,
    ) -> EncodedResponse {
        encode_response(response, request)
    }
}

impl Codec<Embeddings> for Predict {
    fn max_inputs(&self, model: &str) -> usize {
        // These take one text at a time.
        if model.contains("gemini-embedding") { 1 } else { 250 }
    }

    fn encode_request(
        &self,
        request: &EmbeddingRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        encode(Host::Vertex, request, "predict", options, |request, body| {
            body.array("instances", &request.inputs, |out, text| {
                let mut instance = ObjectWriter::begin(out);
                instance.field("content", text);
                instance.optional("task_type", request.input_type.as_ref().map(task));
                instance.finish();
            });
            if request.dimensions.is_some() || !request.extra.is_empty() {
                body.object_with("parameters", &request.extra, |parameters| {
                    parameters.optional("outputDimensionality", request.dimensions);
                });
            }
        })
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<EmbeddingResponse, StreamError> {
        decode_response(body)
    }

    fn decode_request(
        &self,
        HttpRequest { body, .. }: HttpRequest<'_>,
    ) -> Result<EmbeddingRequest, JsonError> {
        decode_request(body)
    }

    fn encode_response(
        &self,
        response: &EmbeddingResponse,
        HttpRequest { body: request, .. }: HttpRequest<'_>,
    ) -> EncodedResponse {
        encode_response(response, request)
    }
}

fn encode(
    host: Host,
    request: &EmbeddingRequest,
    method: &str,
    options: EncodeOptions<'_>,
    write: impl FnOnce(&EmbeddingRequest, &mut ObjectWriter<'_>),
) -> Result<EncodedRequest, UnsupportedField> {
    let mut refusals = Refusals::new(host.name(), options);
    let request = &*EMBEDDINGS_CARRIED.fit(request, options.quirks, &mut refusals)?;
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin(&mut out);
    write(request, &mut body);
    body.finish();
    Ok(EncodedRequest {
        path: model_name::path(&request.model, method),
        body: out,
        headers: Vec::new(),
        dropped: refusals.dropped,
    })
}

fn task(input_type: &InputType) -> &str {
    match input_type {
        InputType::Query => "RETRIEVAL_QUERY",
        InputType::Document => "RETRIEVAL_DOCUMENT",
        InputType::Classification => "CLASSIFICATION",
        InputType::Clustering => "CLUSTERING",
        InputType::Similarity => "SEMANTIC_SIMILARITY",
        InputType::Other(word) => word,
    }
}

fn input_type(task: String) -> InputType {
    match task.as_str() {
        "RETRIEVAL_QUERY" => InputType::Query,
        "RETRIEVAL_DOCUMENT" => InputType::Document,
        "CLASSIFICATION" => InputType::Classification,
        "CLUSTERING" => InputType::Clustering,
        "SEMANTIC_SIMILARITY" => InputType::Similarity,
        _ => InputType::Other(task),
    }
}

fn decode_request(body: &[u8]) -> Result<EmbeddingRequest, JsonError> {
    let mut body = Fields::parse(body)?;
    body.camel_case();
    let mut request = EmbeddingRequest::default();
    if let Some(instances) = body.take_array("instances") {
        for (position, instance) in instances.into_iter().enumerate() {
            let mut fields = object(instance, "instances", position)?;
            let text = fields.take_string("content");
            request.inputs.push(text.ok_or_else(|| {
                JsonError::new(format!("instances[{position}].content: expected a string"))
            })?);
            request.input_type = fields.take_string("taskType").map(input_type).or(request.input_type);
        }
        if let Some(mut parameters) = body.take_object("parameters") {
            request.dimensions = parameters.take_u64("outputDimensionality");
            request.extra = parameters.rest();
        }
        return Ok(request);
    }
    let requests = match body.take_array("requests") {
        Some(requests) => requests,
        None => return decode_one(body, "", &mut request).map(|()| request),
    };
    for (position, one) in requests.into_iter().enumerate() {
        let fields = object(one, "requests", position)?;
        decode_one(fields, &format!("requests[{position}]."), &mut request)?;
    }
    Ok(request)
}

fn object<'a>(value: Value<'a>, list: &str, position: usize) -> Result<Fields<'a>, JsonError> {
    let mut fields =
        value.object().ok_or_else(|| JsonError::new(format!("{list}[{position}]: expected an object")))?;
    fields.camel_case();
    Ok(fields)
}

/// Reads what `:embedContent` takes.
fn decode_one(mut fields: Fields<'_>, place: &str, request: &mut EmbeddingRequest) -> Result<(), JsonError> {
    let content = fields.take_object("content");
    let mut content = content.ok_or_else(|| JsonError::new(format!("{place}content: expected an object")))?;
    let mut text = String::new();
    for part in content.take_array("parts").unwrap_or_default().into_iter().map(part::decode) {
        match part.kind {
            PartKind::Text(more) => text.push_str(&more),
            _ => return Err(JsonError::new(format!("{place}content.parts: only text can be embedded"))),
        }
    }
    request.inputs.push(text);
    if let Some(model) = fields.take_string("model") {
        model_name::plain(&model).clone_into(&mut request.model);
    }
    if let Some(task) = fields.take_string("taskType") {
        request.input_type = Some(input_type(task));
    }
    request.dimensions = fields.take_u64("outputDimensionality").or(request.dimensions);
    for (name, value) in fields.rest().iter() {
        request.extra.insert(name, value.clone());
    }
    Ok(())
}

fn decode_response(body: &[u8]) -> Result<EmbeddingResponse, StreamError> {
    let mut body = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
    let mut response = EmbeddingResponse::default();
    let mut counted = None;
    if let Some(predictions) = body.take_array("predictions") {
        for prediction in predictions {
            let mut embedded = prediction.object().and_then(|mut fields| fields.take_object("embeddings"));
            let statistics = embedded.as_mut().and_then(|embedded| embedded.take_object("statistics"));
            let tokens = statistics.and_then(|statistics| statistics.get("token_count")?.u64());
            counted = tokens.map(|tokens| tokens.saturating_add(counted.unwrap_or(0))).or(counted);
            push_vector(embedded, &mut response.vectors)?;
        }
    } else if let Some(one) = body.take_object("embedding") {
        push_vector(Some(one), &mut response.vectors)?;
    } else {
        let all = body.take_array("embeddings");
        let all = all.ok_or_else(|| StreamError::Malformed("the answer has no embeddings".to_owned()))?;
        for one in all {
            push_vector(one.object(), &mut response.vectors)?;
        }
    }
    let used = body.take_object("usageMetadata").and_then(|mut usage| usage.take_u64("promptTokenCount"));
    response.usage = counted.or(used).map(|tokens| Usage { input_tokens: Some(tokens), ..Usage::default() });
    response.extra = body.rest();
    Ok(response)
}

fn push_vector(embedded: Option<Fields<'_>>, vectors: &mut Vectors) -> Result<(), StreamError> {
    let values = embedded.and_then(|mut embedded| embedded.take_array("values"));
    let values = values.ok_or_else(|| StreamError::Malformed("an embedding without values".to_owned()))?;
    let vector: Option<Vec<f32>> =
        values.into_iter().map(|value| value.f64().map(|number| number as f32)).collect();
    vectors.push(
        &vector.ok_or_else(|| {
            StreamError::Malformed("an embedding has an item that is not a number".to_owned())
        })?,
    )
}

fn encode_response(response: &EmbeddingResponse, request: &[u8]) -> EncodedResponse {
    let request = Fields::parse(request).unwrap_or_default();
    let values = |out: &mut Vec<u8>, vector: &[f32], statistics: Option<u64>| {
        let mut one = ObjectWriter::begin(out);
        one.with("values", |out| write_array(out, vector, |out, number| write_f32(*number, out)));
        if let Some(tokens) = statistics {
            one.object("statistics", |statistics| {
                statistics.field("token_count", tokens).field("truncated", false);
            });
        }
        one.finish();
    };
    let tokens = response.usage.as_ref().and_then(|usage| usage.input_tokens);
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
    if request.get("instances").is_some() {
        // The whole count stands with the first: its only place is with a vector.
        let counts = core::iter::once(tokens).chain(core::iter::repeat(tokens.map(|_| 0)));
        body.array("predictions", response.vectors.iter().zip(counts), |out, (vector, tokens)| {
            let mut prediction = ObjectWriter::begin(out);
            prediction.with("embeddings", |out| values(out, vector, tokens));
            prediction.finish();
        });
    } else {
        if request.get("requests").is_some() {
            body.array("embeddings", response.vectors.iter(), |out, vector| values(out, vector, None));
        } else if let Some(vector) = response.vectors.iter().next() {
            body.with("embedding", |out| values(out, vector, None));
        }
        if let Some(tokens) = tokens {
            body.object("usageMetadata", |usage| {
                usage.field("promptTokenCount", tokens);
            });
        }
    }
    body.finish();
    EncodedResponse::json(out)
}

/// The shortest text that reads as the same number.
fn write_f32(number: f32, out: &mut Vec<u8>) {
    let text = if number.is_finite() { number.to_string() } else { "null".to_owned() };
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests;
