//! Usage of an answer, in both directions.

use crate::dialect::shared::{
    lenient::{count, object, take_count},
    nested,
};
use crate::json::{Fields, Json, ObjectWriter, Value};
use crate::model::Usage;
use alloc::vec::Vec;

/// What an API of OpenAI calls the figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    input: &'static str,
    input_details: &'static str,
    output: &'static str,
    output_details: &'static str,
}

/// What was written to the cache, by how long it is kept (`docs/wire/late-2026.md`, section 1.2).
const LIFETIMES: &str = "cache_write_tokens_details";

/// Of Chat Completions.
const CHAT: Names = Names {
    input: "prompt_tokens",
    input_details: "prompt_tokens_details",
    output: "completion_tokens",
    output_details: "completion_tokens_details",
};

/// Of Responses.
pub(crate) const RESPONSES: Names = Names {
    input: "input_tokens",
    input_details: "input_tokens_details",
    output: "output_tokens",
    output_details: "output_tokens_details",
};

/// Of transcriptions.
pub(crate) const TRANSCRIPTIONS: Names = Names {
    input: "input_tokens",
    input_details: "input_token_details",
    output: "output_tokens",
    output_details: "output_token_details",
};

/// Reads a `usage` object; `None` where it is none.
pub(crate) fn decode(value: Value<'_>) -> Option<Usage> {
    decode_named(value, CHAT)
}

/// Reads a `usage` object whose figures have these names.
pub(crate) fn decode_named(value: Value<'_>, names: Names) -> Option<Usage> {
    let mut fields = object(value)?;
    let mut usage = Usage {
        input_tokens: take_figure(&mut fields, names.input, INPUT),
        output_tokens: take_figure(&mut fields, names.output, OUTPUT),
        ..Usage::default()
    };
    let prompt = fields.take_object(names.input_details).map(|mut details| {
        usage.cache_read_tokens = take_count(&mut details, "cached_tokens");
        if let Some(mut lifetimes) = details.get(LIFETIMES).and_then(object) {
            usage.cache_write_30m_tokens = take_count(&mut lifetimes, "ttl_30m_tokens");
            usage.cache_write_12h_tokens = take_count(&mut lifetimes, "ttl_12h_tokens");
            // It stays where it has more to say.
            if lifetimes.is_empty() {
                details.take(LIFETIMES);
            }
        }
        usage.cache_write_tokens =
            take_count(&mut details, "cache_write_tokens").or_else(|| usage.sum_of_cache_writes());
        usage.input_audio_tokens = take_count(&mut details, "audio_tokens");
        details
    });
    let completion = fields.take_object(names.output_details).map(|mut details| {
        usage.reasoning_tokens = take_count(&mut details, "reasoning_tokens");
        usage.output_audio_tokens = take_count(&mut details, "audio_tokens");
        details
    });
    // The same figures in other places, left there: DeepSeek's and Moonshot's cache, Anthropic's behind gateways,
    // Azure-hosted DeepSeek's reasoning.
    let top_level = |name: &str| fields.get(name).and_then(count);
    usage.cache_read_tokens = usage
        .cache_read_tokens
        .or_else(|| top_level("prompt_cache_hit_tokens"))
        .or_else(|| top_level("cached_tokens"))
        .or_else(|| top_level("cache_read_input_tokens"));
    usage.cache_write_tokens = usage.cache_write_tokens.or_else(|| top_level("cache_creation_input_tokens"));
    usage.reasoning_tokens = usage.reasoning_tokens.or_else(|| top_level("reasoning_tokens"));
    let total = top_level("total_tokens");
    if usage.output_tokens.is_none() {
        let rest = total.zip(usage.input_tokens).and_then(|(total, input)| total.checked_sub(input));
        usage.output_tokens = rest.filter(|rest| *rest > 0);
    }
    add_reasoning_of_its_own(&mut usage, total);
    add_what_only_the_total_has(&mut usage, total, &fields);
    let is_ours = |usage: &Usage| total.is_some() && total == sum(usage);
    let was_ours = is_ours(&usage);
    usage.include_cached();
    if was_ours || is_ours(&usage) {
        fields.take("total_tokens");
    }
    usage.extra = fields.rest();
    for (name, details) in [(names.input_details, prompt), (names.output_details, completion)] {
        if let Some(details) = details {
            nested::keep(&mut usage.extra, name, details);
        }
    }
    Some(usage)
}

/// The names of the prompt and of the answer in OpenAI's formats, which some servers mistake for each other.
const INPUT: [&str; 2] = ["prompt_tokens", "input_tokens"];
const OUTPUT: [&str; 2] = ["completion_tokens", "output_tokens"];

/// Takes out the figure of this name, or else of one of the others.
fn take_figure(fields: &mut Fields<'_>, name: &str, others: [&str; 2]) -> Option<u64> {
    take_count(fields, name).or_else(|| others.into_iter().find_map(|name| take_count(fields, name)))
}

/// xAI counts reasoning separately from the completion, as its total shows; the neutral model includes it.
fn add_reasoning_of_its_own(usage: &mut Usage, total: Option<u64>) {
    if let (Some(output), Some(reasoning), Some(total), Some(sum)) =
        (usage.output_tokens, usage.reasoning_tokens, total, sum(usage))
        && reasoning > 0
        && sum.checked_add(reasoning) == Some(total)
    {
        usage.output_tokens = Some(output + reasoning);
    }
}

/// Makes figures whole of which a part stands in the total only: the audio of a prompt (Mistral counts its seconds
/// separately), or else reasoning (Google's layer for OpenAI's clients). Where other figures may explain the
/// difference, it stays.
fn add_what_only_the_total_has(usage: &mut Usage, total: Option<u64>, fields: &Fields<'_>) {
    let missing = total.zip(sum(usage)).and_then(|(total, sum)| total.checked_sub(sum)).unwrap_or(0);
    if missing == 0 {
        return;
    }
    if fields.get("prompt_audio_seconds").is_some_and(|seconds| !seconds.is_null()) {
        usage.input_tokens = usage.input_tokens.map(|input| input.saturating_add(missing));
        usage.input_audio_tokens = usage.input_audio_tokens.or(Some(missing));
    } else if usage.input_audio_tokens == Some(missing) {
        usage.input_tokens = usage.input_tokens.map(|input| input.saturating_add(missing));
    } else if usage.reasoning_tokens.is_none()
        && usage.cache_read_tokens.is_none()
        && fields.iter().all(|(name, _)| name == "total_tokens" || !name.ends_with("_tokens"))
    {
        usage.output_tokens = usage.output_tokens.map(|output| output.saturating_add(missing));
        usage.reasoning_tokens = Some(missing);
    }
}

fn sum(usage: &Usage) -> Option<u64> {
    usage.input_tokens?.checked_add(usage.output_tokens?)
}

/// A `usage` object.
pub(crate) fn usage_json(usage: &Usage) -> Json {
    let mut out = Vec::new();
    encode(&mut out, usage);
    Json::from_writer(out)
}

/// Writes a `usage` object. Figures that nobody knows are left out.
pub(crate) fn encode(out: &mut Vec<u8>, usage: &Usage) {
    encode_named(out, usage, CHAT);
}

/// Writes a `usage` object whose figures have these names.
pub(crate) fn encode_named(out: &mut Vec<u8>, usage: &Usage, names: Names) {
    let (outer, prompt) = nested::split(&usage.extra, names.input_details);
    let (outer, completion) = {
        let (outer, completion) = nested::split(&outer, names.output_details);
        (outer.into_owned(), completion)
    };
    let mut object = ObjectWriter::begin_with(out, &outer);
    object.optional(names.input, usage.input_tokens).optional(names.output, usage.output_tokens);
    object.optional("total_tokens", sum(usage));
    let Usage { cache_read_tokens, cache_write_tokens, input_audio_tokens, .. } = *usage;
    let lifetimes =
        [("ttl_30m_tokens", usage.cache_write_30m_tokens), ("ttl_12h_tokens", usage.cache_write_12h_tokens)];
    let cache_write_tokens = cache_write_tokens.or_else(|| usage.sum_of_cache_writes());
    if [cache_read_tokens, cache_write_tokens, input_audio_tokens].iter().any(Option::is_some)
        || !prompt.is_empty()
    {
        object.object_with(names.input_details, &prompt, |details| {
            details.optional("cached_tokens", cache_read_tokens);
            details.optional("cache_write_tokens", cache_write_tokens);
            if lifetimes.iter().any(|(_, tokens)| tokens.is_some()) && prompt.get(LIFETIMES).is_none() {
                details.object(LIFETIMES, |object| {
                    for (name, tokens) in lifetimes {
                        object.optional(name, tokens);
                    }
                });
            }
            details.optional("audio_tokens", input_audio_tokens);
        });
    }
    let Usage { reasoning_tokens, output_audio_tokens, .. } = *usage;
    if [reasoning_tokens, output_audio_tokens].iter().any(Option::is_some) || !completion.is_empty() {
        object.object_with(names.output_details, &completion, |details| {
            details.optional("reasoning_tokens", reasoning_tokens);
            details.optional("audio_tokens", output_audio_tokens);
        });
    }
    object.finish();
}
