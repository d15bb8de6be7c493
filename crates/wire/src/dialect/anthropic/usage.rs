//! Usage, in both directions.
//!
//! The API counts what was read from and written to the cache separately from `input_tokens`; ours includes both. So
//! the raw figures of a stream are kept as they are, the last one of each counts, and only then are they added up.

use crate::dialect::shared::{lenient::take_count, nested};
use crate::json::{Extra, Fields, ObjectWriter, Value, write_string};
use crate::model::Usage;
use alloc::{string::String, vec::Vec};

/// The figures as the API names them.
#[derive(Clone, Debug, Default)]
pub(super) struct RawUsage {
    uncached_input: Option<u64>,
    output: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_5m: Option<u64>,
    cache_write_1h: Option<u64>,
    thinking: Option<u64>,
    extra: Extra,
}

/// Names the figures that our own writer did not know and wrote as 0, so that our reader does not take them for known.
const UNREPORTED: &str = "unreported";
const INPUT: &str = "input_tokens";
const OUTPUT: &str = "output_tokens";

impl RawUsage {
    /// Reads a `usage` object; `None` where a writer like ours says that there were no figures at all.
    pub(super) fn read(fields: Fields<'_>) -> Option<Self> {
        Self::has_figures(&fields).then(|| {
            let mut usage = Self::default();
            usage.update(fields);
            usage
        })
    }

    /// Whether a `usage` object has figures: a writer like ours says so where it had none.
    pub(super) fn has_figures(fields: &Fields<'_>) -> bool {
        fields.get(UNREPORTED).and_then(Value::bool) != Some(true)
    }

    /// Takes over every figure of `fields` that is not null.
    pub(super) fn update(&mut self, mut fields: Fields<'_>) {
        fn take_over(known: &mut Option<u64>, later: Option<u64>) {
            // Some proxies fill a zero in at the end for what was said at the beginning.
            *known = later.filter(|figure| *figure > 0 || known.is_none()).or(*known);
        }
        let unreported: Vec<String> =
            fields.take_array(UNREPORTED).unwrap_or_default().into_iter().filter_map(Value::string).collect();
        for name in &unreported {
            fields.take(name);
        }
        // Gateways may have OpenAI's names.
        let input = take_count(&mut fields, INPUT).or_else(|| take_count(&mut fields, "prompt_tokens"));
        take_over(&mut self.uncached_input, input);
        // What the stream begins with is a guess.
        let output = take_count(&mut fields, OUTPUT).or_else(|| take_count(&mut fields, "completion_tokens"));
        self.output = output.or(self.output);
        take_over(&mut self.cache_read, take_count(&mut fields, "cache_read_input_tokens"));
        take_over(&mut self.cache_write, take_count(&mut fields, "cache_creation_input_tokens"));
        if let Some(mut creation) = fields.take_object("cache_creation") {
            take_over(&mut self.cache_write_5m, take_count(&mut creation, "ephemeral_5m_input_tokens"));
            take_over(&mut self.cache_write_1h, take_count(&mut creation, "ephemeral_1h_input_tokens"));
            nested::keep(&mut self.extra, "cache_creation", creation);
        }
        if let Some(mut details) = fields.take_object("output_tokens_details") {
            take_over(&mut self.thinking, take_count(&mut details, "thinking_tokens"));
            nested::keep(&mut self.extra, "output_tokens_details", details);
        }
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            self.extra.insert(name, value.to_json());
        }
    }

    /// The figures added up.
    pub(super) fn total(&self) -> Usage {
        let cache_write = written(self.cache_write, self.cache_write_5m, self.cache_write_1h);
        let cached = self.cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
        Usage {
            input_tokens: self.uncached_input.map(|input| input.saturating_add(cached)),
            output_tokens: self.output,
            cache_read_tokens: self.cache_read,
            cache_write_tokens: cache_write,
            cache_write_5m_tokens: self.cache_write_5m,
            cache_write_1h_tokens: self.cache_write_1h,
            reasoning_tokens: self.thinking,
            extra: self.extra.clone(),
            ..Usage::default()
        }
    }
}

/// What was written to the cache: the whole figure where it is known, else its parts added up.
pub(crate) fn written(whole: Option<u64>, short: Option<u64>, long: Option<u64>) -> Option<u64> {
    let parts = match (short, long) {
        (None, None) => None,
        (short, long) => Some(short.unwrap_or(0).saturating_add(long.unwrap_or(0))),
    };
    whole.or(parts)
}

/// Writes `usage`. The API always says how many tokens went in and out, and its clients rely on it: an unknown figure
/// is written as 0, the one place where it is, and named as `unreported`.
pub(super) fn encode(usage: Option<&Usage>, body: &mut ObjectWriter<'_>) {
    let Some(usage) = usage else {
        body.object("usage", |object| {
            object.field(INPUT, 0u64).field(OUTPUT, 0u64).field(UNREPORTED, true);
        });
        return;
    };
    let mut extra = usage.extra.clone();
    let creation = nested::take(&mut extra, "cache_creation");
    let details = nested::take(&mut extra, "output_tokens_details");
    let (short, long) = (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens);
    let cache_write = written(usage.cache_write_tokens, short, long);
    let cached = usage.cache_read_tokens.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
    body.object_with("usage", &extra, |object| {
        object.field(INPUT, usage.input_tokens.unwrap_or(0).saturating_sub(cached));
        object.optional("cache_creation_input_tokens", cache_write);
        object.optional("cache_read_input_tokens", usage.cache_read_tokens);
        if short.is_some() || long.is_some() || !creation.is_empty() {
            object.object_with("cache_creation", &creation, |object| {
                object.optional("ephemeral_5m_input_tokens", short);
                object.optional("ephemeral_1h_input_tokens", long);
            });
        }
        object.field(OUTPUT, usage.output_tokens.unwrap_or(0));
        if usage.reasoning_tokens.is_some() || !details.is_empty() {
            object.object_with("output_tokens_details", &details, |object| {
                object.optional("thinking_tokens", usage.reasoning_tokens);
            });
        }
        let figures = [(INPUT, usage.input_tokens), (OUTPUT, usage.output_tokens)];
        let mut unreported = figures.iter().filter(|(_, figure)| figure.is_none()).peekable();
        if unreported.peek().is_some() {
            object.array(UNREPORTED, unreported, |out, (name, _)| write_string(name, out));
        }
    });
}
