//! Ollama's `options` object: how to sample, and how to run the model.

use crate::dialect::shared::nested;
use crate::json::{Extra, Fields, ObjectWriter};
use crate::model::Request;
use alloc::{string::String, vec::Vec};

const NAME: &str = "options";

/// Names that Ollama knows inside `options` only, and ignores without a word elsewhere: a caller's extra field of such a
/// name is put where it is read.
const INSIDE: [&str; 12] = [
    "num_keep",
    "num_ctx",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "use_mmap",
    "num_thread",
    "draft_num_predict",
    "min_p",
    "typical_p",
    "repeat_last_n",
    "repeat_penalty",
];

/// The extra fields of a body and those of its `options`.
pub(super) fn split(extra: &Extra) -> (Extra, Extra) {
    let (outer, mut inner) = nested::split(extra, NAME);
    let mut outer = outer.into_owned();
    for name in INSIDE {
        if let Some(value) = outer.remove(name) {
            inner.insert(name, value);
        }
    }
    (outer, inner)
}

/// Writes `options`, where there are any.
pub(super) fn write(request: &Request, inner: &Extra, body: &mut ObjectWriter<'_>) {
    let mut out = Vec::new();
    let mut options = ObjectWriter::begin_with(&mut out, inner);
    options.optional("num_predict", request.max_tokens).optional("temperature", request.temperature);
    options.optional("top_p", request.top_p).optional("top_k", request.top_k);
    options.optional("seed", request.seed);
    options.optional("frequency_penalty", request.frequency_penalty);
    options.optional("presence_penalty", request.presence_penalty);
    if !request.stop.is_empty() {
        options.field("stop", &request.stop);
    }
    options.finish();
    if out.len() > "{}".len() {
        body.with(NAME, |body| body.extend_from_slice(&out));
    }
}

/// Takes `options` out into the fields of `request`; what has no name there is kept among its extra fields.
pub(super) fn take(fields: &mut Fields<'_>, request: &mut Request, extra: &mut Extra) {
    let Some(mut options) = fields.take_object(NAME) else { return };
    // A negative number means without end, and stays.
    request.max_tokens = options.take_u64("num_predict");
    request.temperature = options.take_f64("temperature");
    request.top_p = options.take_f64("top_p");
    request.top_k = options.take_u64("top_k");
    request.seed = options.take_i64("seed");
    request.frequency_penalty = options.take_f64("frequency_penalty");
    request.presence_penalty = options.take_f64("presence_penalty");
    let stop = options.get("stop").and_then(|stop| stop.array());
    let stop: Option<Vec<String>> =
        stop.and_then(|stop| stop.into_iter().map(|text| text.string()).collect());
    if let Some(stop) = stop {
        options.take("stop");
        request.stop = stop;
    }
    nested::keep(extra, NAME, options);
}
