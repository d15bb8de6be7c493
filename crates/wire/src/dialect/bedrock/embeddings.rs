//! Embeddings: `POST /model/{model}/invoke`. The body is the model's own, so its id says which it is.

use super::embedding_forms::{self, Form};
use super::{
    address,
    carried::{EMBEDDINGS_CARRIED, NAME},
};
use crate::dialect::shared::nested;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError, ObjectWriter, Value};
use crate::operation::{
    Codec, EmbeddingRequest, EmbeddingResponse, Embeddings, EncodedResponse, HttpRequest,
};
use alloc::{string::String, string::ToString, vec::Vec};

/// What was read, where the body does not say it.
const TOKENS_HEADER: &str = "x-amzn-bedrock-input-token-count";
/// The most texts that Cohere's models take at once.
const MAX_OF_COHERE: usize = 96;

/// `POST /model/{model}/invoke`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invoked;

impl Codec<Embeddings> for Invoked {
    fn max_inputs(&self, model: &str) -> usize {
        match Form::for_model(model) {
            Some(Form::Cohere { .. }) => MAX_OF_COHERE,
            _ => 1,
        }
    }

    fn encode_request(
        &self,
        request: &EmbeddingRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut refusals = Refusals::new(NAME, options);
        let form = Form::for_model(&request.model).ok_or_else(|| {
            refusals.refusal("model", "whose form its embeddings have is not known from its id")
        })?;
        let most = self.max_inputs(&request.model);
        if request.inputs.is_empty() || request.inputs.len() > most {
            return Err(refusals.refusal("inputs", "this model takes another number of texts at once"));
        }
        let request = &*EMBEDDINGS_CARRIED.fit(request, options.quirks, &mut refusals)?;
        let purpose = form.purpose(request.input_type.as_ref());
        Ok(EncodedRequest {
            path: address::path(&request.model, "invoke"),
            body: body(request, form, purpose),
            headers: Vec::new(),
            dropped: refusals.dropped,
        })
    }

    fn decode_response(&self, headers: Headers<'_>, body: &[u8]) -> Result<EmbeddingResponse, StreamError> {
        let fields = Fields::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let counted = headers.get(TOKENS_HEADER).and_then(|tokens| tokens.trim().parse().ok());
        embedding_forms::decode(fields, counted)
    }

    fn decode_request(
        &self,
        HttpRequest { body, .. }: HttpRequest<'_>,
    ) -> Result<EmbeddingRequest, JsonError> {
        let mut body = Fields::parse(body)?;
        let form = Form::of_body(&body)
            .ok_or_else(|| JsonError::new("expected `inputText`, `texts` or `singleEmbeddingParams`"))?;
        match form {
            Form::Titan | Form::TitanImage => decode_titan(body),
            Form::Cohere { .. } => {
                let texts = body.take_array("texts").unwrap_or_default();
                let texts: Option<Vec<String>> = texts.into_iter().map(Value::string).collect();
                Ok(EmbeddingRequest {
                    inputs: texts.ok_or_else(|| JsonError::new("texts: expected a list of strings"))?,
                    dimensions: body.take_u64("output_dimension"),
                    input_type: body.take_string("input_type").map(Form::input_type),
                    extra: body.rest(),
                    ..EmbeddingRequest::default()
                })
            }
            Form::Nova => decode_nova(body),
        }
    }

    fn encode_response(
        &self,
        response: &EmbeddingResponse,
        HttpRequest { body: request, .. }: HttpRequest<'_>,
    ) -> EncodedResponse {
        let request = Fields::parse(request).unwrap_or_default();
        let form = Form::of_body(&request).unwrap_or(Form::Titan);
        let types = request.get("embedding_types").is_some() || request.get("output_dimension").is_some();
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &response.extra);
        form.encode(response, types, &mut body);
        body.finish();
        EncodedResponse::json(out)
    }
}

fn body(request: &EmbeddingRequest, form: Form, purpose: Option<&str>) -> Vec<u8> {
    let mut extra = request.extra.clone();
    let nested_params = nested::take(&mut extra, "singleEmbeddingParams");
    let nested_config = nested::take(&mut extra, "embeddingConfig");
    let text = request.inputs.first().map(String::as_str).unwrap_or_default();
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &extra);
    match form {
        Form::Titan => {
            body.field("inputText", text).optional("dimensions", request.dimensions);
        }
        Form::TitanImage => {
            body.field("inputText", text).object_with("embeddingConfig", &nested_config, |config| {
                config.optional("outputEmbeddingLength", request.dimensions);
            });
        }
        Form::Cohere { .. } => {
            body.field("texts", &request.inputs).field("input_type", purpose.unwrap_or("search_document"));
            body.optional("output_dimension", request.dimensions);
        }
        Form::Nova => {
            body.field("taskType", "SINGLE_EMBEDDING");
            body.object_with("singleEmbeddingParams", &nested_params, |params| {
                params.field("embeddingPurpose", purpose.unwrap_or("GENERIC_INDEX"));
                params.optional("embeddingDimension", request.dimensions);
                params.object("text", |object| {
                    object.field("truncationMode", "NONE").field("value", text);
                });
            });
        }
    }
    body.finish();
    out
}

fn decode_titan(mut body: Fields<'_>) -> Result<EmbeddingRequest, JsonError> {
    let text = body.take_string("inputText").ok_or_else(|| JsonError::new("inputText: expected a string"))?;
    let mut dimensions = body.take_u64("dimensions");
    let mut config = body.take_object("embeddingConfig").unwrap_or_default();
    dimensions = dimensions.or_else(|| config.take_u64("outputEmbeddingLength"));
    let mut request =
        EmbeddingRequest { inputs: alloc::vec![text], dimensions, ..EmbeddingRequest::default() };
    request.extra = body.rest();
    nested::keep(&mut request.extra, "embeddingConfig", config);
    Ok(request)
}

fn decode_nova(mut body: Fields<'_>) -> Result<EmbeddingRequest, JsonError> {
    let mut params = body.take_object("singleEmbeddingParams").unwrap_or_default();
    let text = params.get("text").and_then(Value::object).and_then(|mut text| text.take_string("value"));
    let text = text.ok_or_else(|| JsonError::new("singleEmbeddingParams.text.value: expected a string"))?;
    params.take("text");
    body.take("taskType");
    let mut request = EmbeddingRequest {
        inputs: alloc::vec![text],
        dimensions: params.take_u64("embeddingDimension"),
        input_type: params.take_string("embeddingPurpose").map(Form::input_type),
        ..EmbeddingRequest::default()
    };
    request.extra = body.rest();
    nested::keep(&mut request.extra, "singleEmbeddingParams", params);
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Usage;
    use crate::operation::{InputType, Vectors};
    use alloc::borrow::ToOwned;

    fn ask(model: &str, inputs: &[&str]) -> EmbeddingRequest {
        EmbeddingRequest {
            model: model.into(),
            inputs: inputs.iter().map(|text| (*text).to_owned()).collect(),
            dimensions: Some(256),
            ..EmbeddingRequest::default()
        }
    }

    fn written(request: &EmbeddingRequest) -> String {
        String::from_utf8(Invoked.encode_request(request, EncodeOptions::REFUSE).unwrap().body).unwrap()
    }

    #[test]
    fn each_model_is_asked_in_its_own_form_and_the_server_reads_it() {
        for (model, inputs, expected) in [
            ("amazon.titan-embed-text-v2:0", &["hi"][..], r#"{"inputText":"hi","dimensions":256}"#),
            (
                "amazon.titan-embed-image-v1",
                &["hi"],
                r#"{"inputText":"hi","embeddingConfig":{"outputEmbeddingLength":256}}"#,
            ),
            (
                "us.cohere.embed-v4:0",
                &["a", "b"],
                r#"{"texts":["a","b"],"input_type":"search_document","output_dimension":256}"#,
            ),
            (
                "amazon.nova-2-multimodal-embeddings-v1:0",
                &["hi"],
                r#"{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"GENERIC_INDEX","embeddingDimension":256,"text":{"truncationMode":"NONE","value":"hi"}}}"#,
            ),
        ] {
            let request = ask(model, inputs);
            assert_eq!(written(&request), expected, "{model}");
            let read = Invoked.decode_request(HttpRequest::json(expected.as_bytes())).unwrap();
            assert_eq!((&read.inputs, read.dimensions), (&request.inputs, Some(256)), "{model}");
            let mut vectors = Vectors::default();
            for _ in inputs {
                vectors.push(&[0.1, -2.0, 1e-9]).unwrap();
            }
            let usage = Some(Usage { input_tokens: Some(3), ..Usage::default() });
            let response = EmbeddingResponse { vectors, usage, ..EmbeddingResponse::default() };
            let body = Invoked.encode_response(&response, HttpRequest::json(expected.as_bytes())).body;
            let headers = [(TOKENS_HEADER, "3")];
            let read = Invoked.decode_response(Headers(&headers), &body).unwrap();
            assert_eq!((&read.vectors, &read.usage), (&response.vectors, &response.usage), "{model}");
        }
    }

    #[test]
    fn answers_are_read_in_every_form() {
        let read = |body: &str, header: Option<&str>| {
            let headers = header.map(|tokens| (TOKENS_HEADER, tokens));
            let response = Invoked.decode_response(Headers(headers.as_slice()), body.as_bytes()).unwrap();
            (response.vectors.values().to_vec(), response.usage.and_then(|usage| usage.input_tokens))
        };
        assert_eq!(
            read(r#"{"embedding":[1,2],"inputTextTokenCount":4}"#, Some("9")),
            (alloc::vec![1.0, 2.0], Some(4))
        );
        assert_eq!(read(r#"{"embeddingsByType":{"float":[1,2]}}"#, None), (alloc::vec![1.0, 2.0], None));
        let cohere =
            r#"{"embeddings":[[1,2],[3,4]],"id":"i","texts":["a","b"],"response_type":"embeddings_floats"}"#;
        assert_eq!(read(cohere, Some("5")), (alloc::vec![1.0, 2.0, 3.0, 4.0], Some(5)));
        assert_eq!(read(r#"{"embeddings":{"float":[[1,2]]}}"#, None), (alloc::vec![1.0, 2.0], None));
        let nova = r#"{"embeddings":[{"embeddingType":"TEXT","embedding":[1,2]}],"inputTokenCount":2}"#;
        assert_eq!(read(nova, None), (alloc::vec![1.0, 2.0], Some(2)));
        for wrong in [
            "{}",
            "[]",
            r#"{"embeddings":{"int8":[[1]]}}"#,
            r#"{"embedding":["a"]}"#,
            r#"{"embeddings":[[1],[1,2]]}"#,
        ] {
            assert!(Invoked.decode_response(Headers::default(), wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn purposes_are_told_where_a_model_has_a_word_for_them() {
        let purpose = |model: &str, input_type: InputType| {
            let request =
                EmbeddingRequest { input_type: Some(input_type), dimensions: None, ..ask(model, &["hi"]) };
            Invoked.encode_request(&request, EncodeOptions::REFUSE).map(|encoded| {
                Invoked.decode_request(HttpRequest::json(&encoded.body)).unwrap().input_type.unwrap()
            })
        };
        for model in ["cohere.embed-english-v3", "amazon.nova-2-multimodal-embeddings-v1:0"] {
            for input_type in
                [InputType::Query, InputType::Document, InputType::Clustering, InputType::Other("x".into())]
            {
                assert_eq!(purpose(model, input_type.clone()), Ok(input_type));
            }
            assert_eq!(purpose(model, InputType::Similarity).unwrap_err().field, "input_type");
        }
        assert_eq!(
            purpose("amazon.titan-embed-text-v2:0", InputType::Query).unwrap_err().field,
            "input_type"
        );
    }

    #[test]
    fn what_a_model_does_not_take_is_refused() {
        let field = |request: &EmbeddingRequest| {
            Invoked.encode_request(request, EncodeOptions::REFUSE).unwrap_err().field
        };
        assert_eq!(field(&ask("cohere.embed-english-v3", &["a"])), "dimensions");
        assert_eq!(field(&ask("amazon.titan-embed-text-v2:0", &["a", "b"])), "inputs");
        assert_eq!(field(&ask("amazon.titan-embed-text-v2:0", &[])), "inputs");
        assert_eq!(field(&ask("some.model", &["a"])), "model");
        let user = EmbeddingRequest { user: Some("u".into()), ..ask("cohere.embed-v4:0", &["a"]) };
        assert_eq!(field(&user), "user");
        let dropped = Invoked.encode_request(&user, EncodeOptions::DROP).unwrap().dropped;
        assert_eq!(dropped.len(), 1);
        assert_eq!(Invoked.max_inputs("cohere.embed-v4:0"), 96);
        assert_eq!(Invoked.max_inputs("amazon.titan-embed-text-v2:0"), 1);
    }
}
