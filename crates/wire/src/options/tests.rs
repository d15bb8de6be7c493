//! Tests of options: every option is sent to every wire format and provider, and is carried, refused by its name, or
//! dropped.

use super::RequestOption as Of;
use super::{Options, RequestOption, RequestedOption};
use crate::dialect::{Dialect, registry};
use crate::encode::{EncodeOptions, EncodedRequest, UnsupportedField};
use crate::json::{Extra, Json};
use crate::model::{
    CacheBreakpoint, CacheLifetime, Message, ReasoningRequest, Request, ResponseFormat, Role, Tool,
    ToolChoice, ToolKind,
};
use crate::operation::{
    EmbeddingRequest, ImageRequest, InputType, OperationKind, RerankRequest, SpeechRequest,
    TranscriptionRequest,
};
use crate::providers;
use crate::quirks::{Feature, Quirks};
use crate::server::EmulatedProvider;
use core::fmt::Debug;
use std::{borrow::Cow, collections::BTreeMap, format, string::String, vec, vec::Vec};

/// An option, and a request that asks for something with it.
type Samples<R> = Vec<(RequestOption, R)>;

const EVERY_FEATURE: &[Feature] = &[
    Feature::N,
    Feature::Seed,
    Feature::Stop,
    Feature::Logprobs,
    Feature::TopLogprobs,
    Feature::FrequencyPenalty,
    Feature::PresencePenalty,
    Feature::Temperature,
    Feature::TopP,
    Feature::StreamOptions,
    Feature::Tools,
    Feature::CustomTools,
    Feature::ToolChoice,
    Feature::ParallelToolCalls,
    Feature::JsonObject,
    Feature::JsonSchema,
    Feature::Strict,
    Feature::ReasoningEffort,
    Feature::Metadata,
    Feature::User,
    Feature::SafetyIdentifier,
    Feature::ServiceTier,
    Feature::Verbosity,
    Feature::PromptCache,
    Feature::Dimensions,
    Feature::ImageSize,
];

fn tool(kind: ToolKind) -> Tool {
    Tool { name: "f".into(), description: None, kind, cache: None, extra: Extra::new() }
}

fn chat() -> Request {
    Request { messages: vec![Message::text(Role::User, "Hi.")], ..Request::default() }
}

fn with_a_tool() -> Request {
    Request { tools: vec![tool(ToolKind::Function { parameters: None, strict: None })], ..chat() }
}

fn schema(description: Option<&str>, strict: Option<bool>) -> Option<ResponseFormat> {
    let (description, schema) = (description.map(String::from), Json::parse(r#"{"type":"object"}"#).unwrap());
    Some(ResponseFormat::JsonSchema { name: None, description, schema, strict })
}

fn thinking(
    effort: Option<&str>,
    budget_tokens: Option<u64>,
    display: Option<&str>,
) -> Option<ReasoningRequest> {
    let effort = effort.map(Into::into);
    Some(ReasoningRequest { effort, budget_tokens, display: display.map(Into::into) })
}

/// Samples that are sent together with tools, where those are carried.
fn tool_samples(base: &Request) -> Samples<Request> {
    let chosen = |choice| Request { tool_choice: Some(choice), ..base.clone() };
    vec![
        (Of::ToolChoice, chosen(ToolChoice::None)),
        (Of::ToolChoice, chosen(ToolChoice::Required)),
        (Of::ToolChoice, chosen(ToolChoice::Named("f".into()))),
        (Of::ParallelToolCalls, Request { parallel_tool_calls: Some(false), ..base.clone() }),
    ]
}

fn chat_samples() -> Samples<Request> {
    let cache = Some(CacheBreakpoint { lifetime: Some(CacheLifetime::OneHour) });
    vec![
        (Of::Tools, with_a_tool()),
        (Of::Tools, Request { tools: vec![tool(ToolKind::Custom { format: None })], ..chat() }),
        (Of::ToolChoice, Request { tool_choice: Some(ToolChoice::Required), ..chat() }),
        (Of::ResponseFormat, Request { response_format: Some(ResponseFormat::Json), ..chat() }),
        (Of::ResponseFormat, Request { response_format: schema(None, None), ..chat() }),
        (Of::ResponseFormat, Request { response_format: schema(Some("d"), None), ..chat() }),
        (Of::ResponseFormat, Request { response_format: schema(None, Some(false)), ..chat() }),
        (Of::Reasoning, Request { reasoning: thinking(Some("low"), None, None), ..chat() }),
        (Of::Reasoning, Request { reasoning: thinking(None, Some(2048), None), ..chat() }),
        (Of::Reasoning, Request { reasoning: thinking(None, None, Some("summarized")), ..chat() }),
        (Of::MaxTokens, Request { max_tokens: Some(9), ..chat() }),
        (Of::Temperature, Request { temperature: Some(0.5), ..chat() }),
        (Of::Temperature, Request { temperature: Some(1.5), ..chat() }),
        (Of::TopP, Request { top_p: Some(0.5), ..chat() }),
        (Of::TopK, Request { top_k: Some(9), ..chat() }),
        (Of::FrequencyPenalty, Request { frequency_penalty: Some(0.5), ..chat() }),
        (Of::PresencePenalty, Request { presence_penalty: Some(0.5), ..chat() }),
        (Of::Stop, Request { stop: vec!["x".into()], ..chat() }),
        (Of::Stop, Request { stop: vec![",".into()], ..chat() }),
        (Of::Seed, Request { seed: Some(9), ..chat() }),
        (Of::N, Request { n: Some(2), ..chat() }),
        (Of::Logprobs, Request { logprobs: Some(true), ..chat() }),
        (Of::TopLogprobs, Request { top_logprobs: Some(2), ..chat() }),
        (Of::Metadata, Request { metadata: vec![("team".into(), "x".into())], ..chat() }),
        (Of::User, Request { user: Some("u".into()), ..chat() }),
        (Of::SafetyIdentifier, Request { safety_identifier: Some("u".into()), ..chat() }),
        (Of::ServiceTier, Request { service_tier: Some("flex".into()), ..chat() }),
        (Of::Verbosity, Request { verbosity: Some("low".into()), ..chat() }),
        (Of::Betas, Request { betas: vec!["context-1m-2025-08-07".into()], ..chat() }),
        (Of::Cache, Request { cache: cache.clone(), ..chat() }),
        (Of::PromptCache, Request { prompt_cache: cache, ..chat() }),
        (Of::PromptCache, Request { prompt_cache: Some(CacheBreakpoint { lifetime: None }), ..chat() }),
    ]
}

fn embedding() -> EmbeddingRequest {
    EmbeddingRequest { inputs: vec!["a".into()], ..EmbeddingRequest::default() }
}

fn embedding_samples() -> Samples<EmbeddingRequest> {
    let purpose = |input_type| EmbeddingRequest { input_type: Some(input_type), ..embedding() };
    vec![
        (Of::Dimensions, EmbeddingRequest { dimensions: Some(64), ..embedding() }),
        (Of::InputType, purpose(InputType::Query)),
        (Of::InputType, purpose(InputType::Similarity)),
        (Of::User, EmbeddingRequest { user: Some("u".into()), ..embedding() }),
    ]
}

fn rerank_samples() -> Samples<RerankRequest> {
    vec![(Of::TopN, RerankRequest { top_n: Some(2), ..RerankRequest::default() })]
}

fn image_samples() -> Samples<ImageRequest> {
    let blank = ImageRequest::default;
    vec![
        (Of::N, ImageRequest { n: Some(2), ..blank() }),
        (Of::Size, ImageRequest { size: Some("1024x1024".into()), ..blank() }),
        (Of::Quality, ImageRequest { quality: Some("high".into()), ..blank() }),
        (Of::ResponseFormat, ImageRequest { response_format: Some("url".into()), ..blank() }),
    ]
}

fn speech_samples() -> Samples<SpeechRequest> {
    let blank = SpeechRequest::default;
    vec![
        (Of::ResponseFormat, SpeechRequest { response_format: Some("wav".into()), ..blank() }),
        (Of::Speed, SpeechRequest { speed: Some(1.5), ..blank() }),
        (Of::Instructions, SpeechRequest { instructions: Some("softly".into()), ..blank() }),
    ]
}

fn transcription_samples() -> Samples<TranscriptionRequest> {
    let blank = TranscriptionRequest::default;
    vec![
        (Of::Language, TranscriptionRequest { language: Some("en".into()), ..blank() }),
        (Of::Prompt, TranscriptionRequest { prompt: Some("Ferrule".into()), ..blank() }),
        (Of::ResponseFormat, TranscriptionRequest { response_format: Some("srt".into()), ..blank() }),
        (Of::Temperature, TranscriptionRequest { temperature: Some(0.5), ..blank() }),
    ]
}

/// Models of which some options depend, for the dialects that look at their names.
fn models(dialect: &str) -> &'static [&'static str] {
    match dialect {
        "anthropic" | "anthropic-vertex" => &["claude-x", "claude-3-5-haiku-latest", "claude-opus-4-7"],
        "gemini" | "vertex" => &["gemini-3-pro", "gemini-2.5-flash", "gemini-2.0-flash", "gemma-3-27b-it"],
        "bedrock" => &[
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
            "anthropic.claude-opus-4-7-v1:0",
            "openai.gpt-oss-20b-1:0",
            "amazon.nova-2-lite-v1:0",
            "amazon.nova-lite-v1:0",
            "mistral.mistral-large-2407-v1:0",
            "meta.llama3-70b-instruct-v1:0",
        ],
        _ => &["m"],
    }
}

const EMBEDDING_MODELS: &[&str] = &[
    "amazon.titan-embed-text-v2:0",
    "amazon.titan-embed-image-v1",
    "cohere.embed-english-v3",
    "cohere.embed-v4:0",
    "amazon.nova-2-multimodal-embeddings-v1:0",
];

/// Every dialect for a provider without quirks and for one that has nothing it could lack, and every row of the table.
fn everybody() -> impl Iterator<Item = (String, &'static dyn Dialect, Cow<'static, Quirks>)> {
    let lacking = Quirks { unsupported: Cow::Borrowed(EVERY_FEATURE), ..Quirks::NONE };
    let dialects = registry::all().flat_map(move |dialect| {
        let name = dialect.name();
        let plain = (format!("{name}, whole"), dialect, Cow::Owned(Quirks::NONE));
        [plain, (format!("{name}, lacking"), dialect, Cow::Owned(lacking.clone()))]
    });
    let rows = providers::all().iter().map(|row| {
        let dialect = registry::find(row.dialect).unwrap();
        (row.id.into(), dialect, Cow::Borrowed(&row.quirks))
    });
    dialects.chain(rows)
}

type Encoded = Result<EncodedRequest, UnsupportedField>;

/// What is seen of a request from outside.
fn seen(encoded: &EncodedRequest) -> (&str, &[u8], &[(&'static str, String)]) {
    (&encoded.path, &encoded.body, &encoded.headers)
}

/// Whether `field` is the option or a part of it.
fn is_of(option: RequestOption, field: &str) -> bool {
    let rest = field.strip_prefix(option.name());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What is wrong with what becomes of one option. It is carried, and seen in what is sent; or refused by its name, and
/// dropped and listed where that is wanted; or left out and listed in any case.
fn check<R: Options + Debug>(
    place: &str,
    quirks: &Quirks,
    base: &R,
    (option, asking): &(RequestOption, R),
    encode: &dyn Fn(&R, EncodeOptions<'_>) -> Encoded,
) -> Option<String> {
    let refusing = EncodeOptions { drop_unsupported: false, quirks };
    let dropping = EncodeOptions { drop_unsupported: true, quirks };
    let plain = encode(base, refusing).unwrap();
    let is_listed = |encoded: &EncodedRequest| encoded.dropped.iter().any(|one| is_of(*option, &one.field));
    let wrong = match encode(asking, refusing) {
        Ok(encoded) if is_listed(&encoded) || seen(&encoded) != seen(&plain) => return None,
        Ok(_) => "ignored without a word",
        Err(refused) => {
            let encoded = encode(asking, dropping).unwrap();
            if !is_of(*option, &refused.field) {
                "not refused by its name"
            } else if !is_listed(&encoded) {
                "dropped, and not listed"
            } else if refused.field == option.name() && seen(&encoded) != seen(&plain) {
                "sent although dropped"
            } else {
                return None;
            }
        }
    };
    Some(format!("{place}: {} {wrong}: {asking:?}", option.name()))
}

/// The chat samples, each once more with a tool that it may need.
fn every_chat_sample() -> Samples<Request> {
    chat_samples().into_iter().chain(tool_samples(&with_a_tool())).collect()
}

/// The names of the options that a request asks for.
fn asked<R: Options>(request: &R) -> Vec<&'static str> {
    let set = request.options().into_iter().filter(|requested| requested.is_set);
    set.map(|requested| requested.option.name()).collect()
}

/// Options that are not fields of what is sent: headers, and marks in the prompt.
const NOT_FIELDS: [RequestOption; 3] = [Of::Betas, Of::Cache, Of::PromptCache];

#[test]
fn a_server_reads_every_option_that_its_client_writes() {
    let mut wrong = Vec::new();
    for dialect in registry::all() {
        for model in models(dialect.name()) {
            for (option, sample) in every_chat_sample() {
                let asking = Request { model: (*model).into(), ..sample };
                let Ok(encoded) = dialect.encode_request(&asking, EncodeOptions::REFUSE) else { continue };
                // Where no tool may be called, some formats send none.
                let sends_none = asking.tool_choice == Some(ToolChoice::None);
                if !encoded.dropped.is_empty() || sends_none || NOT_FIELDS.contains(&option) {
                    continue;
                }
                let read = dialect.decode_request(&encoded.body).unwrap();
                if !asked(&read).contains(&option.name()) {
                    wrong.push(format!("{}, {model}: {} is not read", dialect.name(), option.name()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_option_that_leaves_for_a_provider_is_refused_by_it() {
    let mut wrong = Vec::new();
    for row in providers::all().iter().filter(|row| row.quirks.has(OperationKind::Chat)) {
        let (dialect, provider) =
            (registry::find(row.dialect).unwrap(), EmulatedProvider::from_row(row).unwrap());
        let options = EncodeOptions { drop_unsupported: false, quirks: &row.quirks };
        for model in models(dialect.name()) {
            for (option, sample) in every_chat_sample() {
                let asking = Request { model: (*model).into(), ..sample };
                let Ok(encoded) = dialect.encode_request(&asking, options) else { continue };
                if let Some(refusal) = provider.refusal(&encoded.body) {
                    wrong.push(format!("{}, {model}: {}: {}", row.id, option.name(), refusal.message));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Fields of OpenAI's form that the simulator takes from anybody: most servers ignore the first, and those that do not
/// cache prompts take the others.
const TAKEN_BY_EVERYBODY: [RequestOption; 2] = [Of::SafetyIdentifier, Of::PromptCache];

#[test]
fn what_a_provider_lacks_its_simulator_refuses() {
    static LACKING: Quirks = Quirks { unsupported: Cow::Borrowed(EVERY_FEATURE), ..Quirks::NONE };
    let dialect = registry::find("openai-chat").unwrap();
    let lacking = EmulatedProvider::new(dialect, &LACKING);
    let mut taken = Vec::new();
    for (option, asking) in every_chat_sample() {
        let lacks = |requested: RequestedOption| requested.option == option && requested.lacking.is_some();
        if TAKEN_BY_EVERYBODY.contains(&option) || !asking.options().into_iter().any(lacks) {
            continue;
        }
        let encoded = dialect.encode_request(&asking, EncodeOptions::REFUSE);
        if encoded.is_ok_and(|encoded| lacking.refusal(&encoded.body).is_none()) {
            taken.push(option.name());
        }
    }
    assert!(taken.is_empty(), "not in server/emulated/refusal.rs: {taken:?}");
}

#[test]
fn every_option_of_a_chat_is_carried_refused_or_dropped_everywhere() {
    let mut wrong = Vec::new();
    for (place, dialect, quirks) in everybody().filter(|(.., quirks)| quirks.has(OperationKind::Chat)) {
        for model in models(dialect.name()) {
            let place = format!("{place}, {model}");
            let encode = |request: &Request, options: EncodeOptions<'_>| {
                dialect.encode_request(&Request { model: (*model).into(), ..request.clone() }, options)
            };
            let samples = chat_samples();
            wrong
                .extend(samples.iter().filter_map(|sample| check(&place, &quirks, &chat(), sample, &encode)));
            let base = with_a_tool();
            if encode(&base, EncodeOptions { drop_unsupported: false, quirks: &quirks }).is_ok() {
                let samples = tool_samples(&base);
                wrong.extend(
                    samples.iter().filter_map(|sample| check(&place, &quirks, &base, sample, &encode)),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What [`check`] finds wrong of one operation, with each of `models`.
fn check_operation<R: Options + Debug + Default>(
    (place, _, quirks): &(String, &'static dyn Dialect, Cow<'static, Quirks>),
    base: &R,
    samples: &Samples<R>,
    models: &[&str],
    encode: &dyn Fn(&str, R, EncodeOptions<'_>) -> Encoded,
) -> Vec<String> {
    let of_model = |model: &&str| {
        let place = format!("{place}, {model}");
        let encode = |request: &R, options: EncodeOptions<'_>| encode(model, request.clone(), options);
        let wrong = |sample| check(&place, quirks, base, sample, &encode);
        samples.iter().filter_map(wrong).collect::<Vec<_>>()
    };
    models.iter().flat_map(of_model).collect()
}

#[test]
fn every_option_of_other_operations_is_carried_refused_or_dropped_everywhere() {
    let mut wrong = Vec::new();
    for who in everybody() {
        let (dialect, operations) = (who.1, who.1.operations());
        if let Some(embeddings) = operations.embeddings {
            let models = if dialect.name() == "bedrock" { EMBEDDING_MODELS } else { &["m"] };
            wrong.extend(check_operation(
                &who,
                &embedding(),
                &embedding_samples(),
                models,
                &|model, mut one, how| {
                    one.model = model.into();
                    // watsonx.ai wants this or the id of a space.
                    one.extra.insert("project_id", Json::string("p"));
                    embeddings.encode_request(&one, how)
                },
            ));
        }
        if let Some(reranking) = operations.reranking {
            let base = RerankRequest::default();
            wrong.extend(check_operation(&who, &base, &rerank_samples(), &["m"], &|model, mut one, how| {
                one.model = model.into();
                one.extra.insert("project_id", Json::string("p"));
                reranking.encode_request(&one, how)
            }));
        }
        if let Some(images) = operations.images {
            let (base, models) = (ImageRequest::default(), ["m", "gpt-image-1"]);
            wrong.extend(check_operation(&who, &base, &image_samples(), &models, &|model, one, how| {
                images.encode_request(&ImageRequest { model: model.into(), ..one }, how)
            }));
        }
        if let Some(speech) = operations.speech {
            let (base, models) = (SpeechRequest::default(), ["m", "tts-1"]);
            wrong.extend(check_operation(&who, &base, &speech_samples(), &models, &|model, one, how| {
                speech.encode_request(&SpeechRequest { model: model.into(), ..one }, how)
            }));
        }
        if let Some(transcription) = operations.transcription {
            let (base, models) = (TranscriptionRequest::default(), ["m", "gpt-4o-transcribe"]);
            let samples = transcription_samples();
            wrong.extend(check_operation(&who, &base, &samples, &models, &|model, one, how| {
                transcription.encode_request(&TranscriptionRequest { model: model.into(), ..one }, how)
            }));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every option has a sample that asks for it, a blank request asks for none, and what is cleared is not asked for.
fn check_table<R: Options + Debug + PartialEq>(blank: &R, samples: &Samples<R>) {
    for (feature, _) in blank.options().into_iter().filter_map(|requested| requested.lacking) {
        assert!(EVERY_FEATURE.contains(&feature), "{feature:?} is not in EVERY_FEATURE");
    }
    assert_eq!(asked(blank), Vec::<&str>::new());
    let mut left: BTreeMap<&str, ()> =
        blank.options().into_iter().map(|requested| (requested.option.name(), ())).collect();
    for (option, sample) in samples {
        assert_eq!(asked(sample), [option.name()], "{sample:?}");
        left.remove(option.name());
        let mut cleared = sample.clone();
        cleared.clear(*option);
        assert_eq!(cleared, *blank);
    }
    assert!(left.is_empty(), "without a sample: {left:?}");
}

#[test]
fn the_tables_know_every_option() {
    let mut samples = chat_samples();
    samples.push((Of::ParallelToolCalls, Request { parallel_tool_calls: Some(false), ..chat() }));
    check_table(&chat(), &samples);
    check_table(&embedding(), &embedding_samples());
    check_table(&RerankRequest::default(), &rerank_samples());
    check_table(&ImageRequest::default(), &image_samples());
    check_table(&SpeechRequest::default(), &speech_samples());
    check_table(&TranscriptionRequest::default(), &transcription_samples());
}
