//! Encoding of Replicate predictions as requests.

use super::carried::{CARRIED, NAME};
use crate::dialect::openai_chat::data_url;
use crate::dialect::shared::{address::push_segments, nested, prompt::Prompt};
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::ObjectWriter;
use crate::model::{Image, Message, PartKind, Request, Source};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// Writes the HTTP request that makes a prediction.
pub(super) fn encode(
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let mut refusals = Refusals::new(NAME, options);
    let request = &*CARRIED.fit(request, options.quirks, &mut refusals)?;
    let (image, messages) = take_image(&request.messages, &mut refusals)?;
    let prompt = Prompt::from_messages(&messages, &mut refusals)?;
    let (path, version) = address(&request.model);

    let (extra, of_input) = nested::split(&request.extra, "input");
    let mut out = Vec::new();
    let mut body = ObjectWriter::begin_with(&mut out, &extra);
    body.optional("version", version);
    body.object_with("input", &of_input, |input| {
        input.field("prompt", prompt.dialogue().as_str());
        let instructions = prompt.instructions.join("\n\n");
        input.optional("system_prompt", (!instructions.is_empty()).then_some(instructions.as_str()));
        input.optional("image", image.as_deref());
        input.optional("max_tokens", request.max_tokens).optional("temperature", request.temperature);
        input.optional("top_p", request.top_p).optional("top_k", request.top_k);
        input.optional("presence_penalty", request.presence_penalty);
        input.optional("frequency_penalty", request.frequency_penalty);
        input.optional("seed", request.seed);
        let stop = request.stop.join(",");
        input.optional("stop_sequences", (!stop.is_empty()).then_some(stop.as_str()));
    });
    let mut headers = Vec::new();
    if request.stream {
        body.field("stream", true);
    } else {
        // Keeps the connection open until the prediction is over, up to a minute.
        headers.push(("prefer", "wait".to_owned()));
    }
    body.finish();
    Ok(EncodedRequest { path, body: out, headers, dropped: refusals.dropped })
}

/// Where predictions of `model` are made, and the version that the body has to name.
fn address(model: &str) -> (String, Option<&str>) {
    let is_version = model.len() == 64 && model.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_version || model.contains(':') {
        return ("/v1/predictions".to_owned(), Some(model));
    }
    let (collection, name) = match model.strip_prefix("deployments/") {
        Some(deployment) => ("deployments", deployment),
        None => ("models", model),
    };
    let mut path = format!("/v1/{collection}/");
    push_segments(&mut path, name);
    path.push_str("/predictions");
    (path, None)
}

/// Takes out the one image that models usually take.
fn take_image(
    messages: &[Message],
    refusals: &mut Refusals,
) -> Result<(Option<String>, Vec<Message>), UnsupportedField> {
    let mut image = None;
    let mut rest = messages.to_vec();
    for (position, message) in rest.iter_mut().enumerate() {
        let mut place = 0;
        let mut refused = Ok(());
        message.content.retain(|part| {
            let field = format!("messages[{position}].content[{place}]");
            place += 1;
            let PartKind::Image(Image { source, .. }) = &part.kind else { return true };
            match (source, &image) {
                (Source::Url(url), None) => image = Some(url.clone()),
                (Source::Base64 { media_type, data }, None) => {
                    image = Some(data_url(media_type, data));
                }
                (_, Some(_)) if refused.is_ok() => {
                    refused =
                        refusals.add(field, "one image can be sent; models differ in how they take more");
                }
                _ if refused.is_ok() => {
                    refused = refusals.add(field, "an image is a URL or its bytes here");
                }
                _ => {}
            }
            false
        });
        refused?;
    }
    Ok((image, rest))
}
