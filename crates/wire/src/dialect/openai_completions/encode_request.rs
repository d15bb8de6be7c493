//! Encoding of Completions requests.

use super::carried::{CARRIED, NAME};
use crate::dialect::shared::prompt::Prompt;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::ObjectWriter;
use crate::model::Request;
use crate::quirks::Feature;
use alloc::vec::Vec;

/// Writes the HTTP request that asks `request`.
pub(super) fn encode(
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let mut refusals = Refusals::new(NAME, options);
    let request = &*CARRIED.fit(request, options.quirks, &mut refusals)?;
    let prompt = Prompt::from_messages(&request.messages, &mut refusals)?.to_be_continued();
    let mut out = Vec::with_capacity(prompt.len() + 256);
    let mut body = ObjectWriter::begin_with(&mut out, &request.extra);
    let model = options.quirks.model(&request.model);
    body.field("model", &*model).field("prompt", prompt);
    body.optional("max_tokens", request.max_tokens).optional("temperature", request.temperature);
    body.optional("top_p", request.top_p).optional("n", request.n);
    body.optional("frequency_penalty", request.frequency_penalty);
    body.optional("presence_penalty", request.presence_penalty);
    match request.stop.as_slice() {
        [] => {}
        [only] => _ = body.field("stop", only),
        several => _ = body.field("stop", several),
    }
    body.optional("seed", request.seed);
    // Here the number of alternatives asks for the probabilities as well.
    let logprobs = request.top_logprobs.or((request.logprobs == Some(true)).then_some(0));
    body.optional("logprobs", logprobs.filter(|_| request.logprobs != Some(false)));
    body.optional("user", request.user.as_ref());
    if request.stream {
        body.field("stream", true);
        // Without being asked, OpenAI does not say what a stream used.
        if options.quirks.supports(Feature::StreamOptions) {
            body.object("stream_options", |options| _ = options.field("include_usage", true));
        }
    }
    body.finish();
    Ok(EncodedRequest {
        path: options.quirks.path("/completions", &model),
        body: out,
        headers: Vec::new(),
        dropped: refusals.dropped,
    })
}
