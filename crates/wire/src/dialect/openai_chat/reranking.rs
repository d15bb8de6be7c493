//! Reranking, in the form that Cohere made common: Jina, Together, LiteLLM and many others have it too.
//!
//! Voyage calls the list `data`, Text Embeddings Inference writes it alone and says `score`: both are read.

use super::{
    carried::{NAME, RERANK_CARRIED},
    embeddings::{take_texts, take_usage},
    usage,
};
use crate::dialect::openai_chat::error;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::error::Headers;
use crate::framing::StreamError;
use crate::json::{Fields, JsonError, ObjectWriter, Value};
use crate::operation::{
    Codec, EncodedResponse, HttpRequest, RankedDocument, RerankRequest, RerankResponse, Reranking,
};
use alloc::{format, string::String, string::ToString, vec::Vec};

/// `POST` to `path`: documents in, their scores out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RankByScore {
    /// What follows the provider's base URL.
    pub(crate) path: &'static str,
}

impl Codec<Reranking> for RankByScore {
    fn encode_request(
        &self,
        request: &RerankRequest,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut refusals = Refusals::new(NAME, options);
        let request = &*RERANK_CARRIED.fit(request, options.quirks, &mut refusals)?;
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &request.extra);
        let model = options.quirks.model(&request.model);
        body.field("model", &*model).field("query", &request.query);
        let top_n = &options.quirks.top_n_parameter;
        let top_n = if top_n.is_empty() { "top_n" } else { top_n };
        body.field("documents", &request.documents).optional(top_n, request.top_n);
        body.finish();
        Ok(EncodedRequest {
            path: options.quirks.path(self.path, &model),
            body: out,
            headers: Vec::new(),
            dropped: refusals.dropped,
        })
    }

    fn decode_response(&self, _headers: Headers<'_>, body: &[u8]) -> Result<RerankResponse, StreamError> {
        let value = Value::parse(body).map_err(|error| StreamError::Malformed(error.to_string()))?;
        let Some(mut fields) = value.object() else {
            if let Some(error) = error::in_list(value) {
                return Err(error);
            }
            let list = value.array().ok_or_else(|| StreamError::Malformed("expected a list".into()))?;
            let (results, _) = read_results(&list)?;
            return Ok(RerankResponse { results, ..RerankResponse::default() });
        };
        let name = ["results", "data"].into_iter().find(|name| fields.get(name).is_some_and(Value::is_array));
        let (Some(name), false) = (name, error::is_in(&fields)) else {
            return Err(error::without(value, "results"));
        };
        let whole = fields.take_json(name);
        let list = whole.as_ref().and_then(|whole| whole.value().array()).unwrap_or_default();
        let (results, has_more) = read_results(&list)?;
        let used = take_usage(&mut fields);
        let search_units = fields.take_object("meta").map(|mut meta| {
            let units =
                meta.take_object("billed_units").and_then(|mut billed| billed.take_u64("search_units"));
            (units, meta)
        });
        let id = fields.take_string("id").unwrap_or_default();
        let mut response = RerankResponse { id, results, usage: used, ..RerankResponse::default() };
        if let Some((units, meta)) = search_units {
            response.search_units = units;
            response.extra = fields.rest();
            crate::dialect::shared::nested::keep(&mut response.extra, "meta", meta);
        } else {
            response.extra = fields.rest();
        }
        // Documents that were asked for with the scores have no place of their own.
        if let Some(whole) = whole.filter(|_| has_more) {
            response.extra.insert(name, whole);
        }
        Ok(response)
    }

    fn decode_request(&self, HttpRequest { body, .. }: HttpRequest<'_>) -> Result<RerankRequest, JsonError> {
        let mut fields = Fields::parse(body)?;
        let mut text = |name: &str| {
            fields.take_string(name).ok_or_else(|| JsonError::new(format!("{name}: expected a string")))
        };
        let (model, query) = (text("model")?, text("query")?);
        let documents = take_texts(&mut fields, "documents")
            .or_else(|| take_documents(&mut fields, "documents"))
            .ok_or_else(|| JsonError::new("documents: expected an array of texts"))?;
        // The second is Voyage's word.
        let top_n = ["top_n", "top_k"].into_iter().find_map(|name| fields.take_u64(name));
        Ok(RerankRequest { model, query, documents, top_n, extra: fields.rest() })
    }

    fn encode_response(&self, response: &RerankResponse, _request: HttpRequest<'_>) -> EncodedResponse {
        let (extra, meta) = crate::dialect::shared::nested::split(&response.extra, "meta");
        let mut out = Vec::new();
        let mut body = ObjectWriter::begin_with(&mut out, &extra);
        if !response.id.is_empty() {
            body.field("id", &response.id);
        }
        body.array("results", &response.results, |out, result| {
            let mut entry = ObjectWriter::begin(out);
            entry.field("index", result.index).field("relevance_score", result.score);
            entry.finish();
        });
        if let Some(used) = &response.usage {
            body.with("usage", |out| usage::encode(out, used));
        }
        if response.search_units.is_some() || !meta.is_empty() {
            body.object_with("meta", &meta, |meta| {
                if let Some(units) = response.search_units {
                    meta.object("billed_units", |billed| _ = billed.field("search_units", units));
                }
            });
        }
        body.finish();
        EncodedResponse::json(out)
    }
}

/// Takes out documents that may be objects with a text, as Jina, older Cohere and watsonx take them.
pub(crate) fn take_documents(fields: &mut Fields<'_>, name: &str) -> Option<Vec<String>> {
    let read = |document: Value<'_>| document.string().or_else(|| document.object()?.take_string("text"));
    let texts = fields.get(name)?.array()?.into_iter().map(read).collect::<Option<Vec<_>>>()?;
    fields.take(name);
    Some(texts)
}

/// The scores, best first, and whether there is more in the list than them.
fn read_results(list: &[Value<'_>]) -> Result<(Vec<RankedDocument>, bool), StreamError> {
    let mut results = Vec::with_capacity(list.len());
    let mut has_more = false;
    for (position, entry) in list.iter().enumerate() {
        let read = entry.object().and_then(|mut fields| {
            let index = usize::try_from(fields.take_u64("index")?).ok()?;
            let score = fields.take_f64("relevance_score").or_else(|| fields.take_f64("score"))?;
            // Some write the documents as null where they were not asked for, or say what each entry is.
            fields.take("object");
            has_more |= fields.iter().any(|(_, value)| !value.is_null());
            Some(RankedDocument { index, score })
        });
        results.push(
            read.ok_or_else(|| StreamError::Malformed(format!("result {position} has no index and score")))?,
        );
    }
    // Stable, so that those of one score keep the provider's order.
    results.sort_by(|one, other| other.score.total_cmp(&one.score));
    Ok((results, has_more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Extra, Json};
    use crate::model::Usage;
    use proptest::prelude::*;

    const RANK: RankByScore = RankByScore { path: "/rerank" };

    fn ranks(response: &RerankResponse) -> Vec<(usize, f64)> {
        response.results.iter().map(|result| (result.index, result.score)).collect()
    }

    #[test]
    fn every_providers_form_is_read_best_first() {
        for body in [
            r#"{"results":[{"index":2,"relevance_score":0.1},{"index":0,"relevance_score":0.9}]}"#,
            r#"{"object":"list","data":[{"index":0,"relevance_score":0.9},{"index":2,"relevance_score":0.1}]}"#,
            r#"[{"index":0,"score":0.9},{"index":2,"score":0.1}]"#,
            r#"{"results":[{"index":0,"relevance_score":0.9,"document":null},{"index":2,"relevance_score":0.1}]}"#,
        ] {
            assert_eq!(
                ranks(&RANK.decode_response(Headers::default(), body.as_bytes()).unwrap()),
                [(0, 0.9), (2, 0.1)],
                "{body}"
            );
        }
    }

    #[test]
    fn figures_and_documents_are_kept() {
        let body = r#"{"id":"r1","results":[{"index":0,"relevance_score":1,"document":{"text":"a"}}],
            "meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1}},
            "usage":{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3}}"#;
        let response = RANK.decode_response(Headers::default(), body.as_bytes()).unwrap();
        assert_eq!((response.id.as_str(), response.search_units), ("r1", Some(1)));
        assert_eq!(response.usage.as_ref().unwrap().input_tokens, Some(3));
        assert_eq!(response.extra.get("meta").unwrap().text(), r#"{"api_version":{"version":"2"}}"#);
        let documents = response.extra.get("results").unwrap().text();
        assert_eq!(documents, r#"[{"index":0,"relevance_score":1,"document":{"text":"a"}}]"#);
        assert_eq!(
            RANK.decode_response(
                Headers::default(),
                &RANK.encode_response(&response, HttpRequest::default()).body
            )
            .unwrap(),
            response
        );
    }

    #[test]
    fn what_is_no_order_is_an_error() {
        let Err(StreamError::Provider(error)) =
            RANK.decode_response(Headers::default(), br#"{"detail":"no"}"#)
        else {
            panic!()
        };
        assert_eq!(error.message, "no");
        for body in [
            "{}",
            "7",
            "[7]",
            r#"{"results":[{"index":-1,"relevance_score":1}]}"#,
            r#"{"results":[{}]}"#,
            "<",
        ] {
            let outcome = RANK.decode_response(Headers::default(), body.as_bytes());
            assert!(matches!(outcome, Err(StreamError::Malformed(_))), "{body}: {outcome:?}");
        }
    }

    #[test]
    fn voyage_has_its_own_word_and_counts_tokens() {
        let quirks = crate::providers::find("voyage").unwrap().quirks.clone();
        let request = RerankRequest { top_n: Some(2), ..RerankRequest::default() };
        let options = EncodeOptions { drop_unsupported: false, quirks: &quirks };
        let encoded = RANK.encode_request(&request, options).unwrap();
        let body = core::str::from_utf8(&encoded.body).unwrap();
        assert!(body.contains(r#""top_k":2"#) && !body.contains("top_n"), "{body}");
        assert_eq!(RANK.decode_request(HttpRequest::json(&encoded.body)).unwrap().top_n, Some(2));
        let answer =
            br#"{"object":"list","data":[{"index":0,"relevance_score":0.5}],"usage":{"total_tokens":26}}"#;
        assert_eq!(
            RANK.decode_response(Headers::default(), answer).unwrap().usage.unwrap().input_tokens,
            Some(26)
        );
    }

    #[test]
    fn documents_may_be_objects() {
        let body =
            br#"{"model":"m","query":"q","documents":["a",{"text":"b"}],"top_n":1,"return_documents":true}"#;
        let request = RANK.decode_request(HttpRequest::json(body)).unwrap();
        assert_eq!((request.documents.as_slice(), request.top_n), (&["a".into(), "b".into()][..], Some(1)));
        assert!(request.extra.get("return_documents").is_some());
        for body in [r#"{"model":"m","query":"q"}"#, r#"{"model":"m","query":"q","documents":[1]}"#, "{}"] {
            assert!(RANK.decode_request(HttpRequest::json(body.as_bytes())).is_err());
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            documents in proptest::collection::vec(any::<String>(), 0..4), top_n in proptest::option::of(0u64..9),
            scores in proptest::collection::vec(-9.0f64..9.0, 0..4), units in proptest::option::of(0u64..9),
            input in proptest::option::of(0u64..9),
        ) {
            let extra: Extra = [("x".into(), Json::null())].into_iter().collect();
            let request = RerankRequest { model: "m".into(), query: "q".into(), documents, top_n, extra };
            let encoded = RANK.encode_request(&request, EncodeOptions::REFUSE).unwrap();
            prop_assert_eq!(RANK.decode_request(HttpRequest::json(&encoded.body)).unwrap(), request);
            let mut results: Vec<_> =
                scores.into_iter().enumerate().map(|(index, score)| RankedDocument { index, score }).collect();
            results.sort_by(|one, other| other.score.total_cmp(&one.score));
            let usage = input.map(|tokens| Usage { input_tokens: Some(tokens), ..Usage::default() });
            let response =
                RerankResponse { id: "r".into(), results, usage, search_units: units, extra: Extra::new() };
            prop_assert_eq!(RANK.decode_response(Headers::default(), &RANK.encode_response(&response, HttpRequest::default()).body).unwrap(), response);
        }
    }
}
