//! Encoding of requests: the body that a command line is made of.

use super::carried::{CARRIED, NAME};
use super::command_line::{FLAGS, flag_value};
use crate::dialect::shared::prompt::Prompt;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::json::ObjectWriter;
use crate::model::Request;
use alloc::{format, string::String, vec::Vec};

/// Writes what the program is started with.
pub(super) fn encode(
    request: &Request,
    options: EncodeOptions<'_>,
) -> Result<EncodedRequest, UnsupportedField> {
    let mut refusals = Refusals::new(NAME, options);
    let request = &*CARRIED.fit(request, options.quirks, &mut refusals)?;
    let prompt = Prompt::from_messages(&request.messages, &mut refusals)?.whole();
    let mut out = Vec::with_capacity(prompt.len() + 64);
    let mut body = ObjectWriter::begin(&mut out);
    body.field("model", &request.model).field("prompt", &prompt);
    for (name, value) in request.extra.iter() {
        if FLAGS.contains(&name) && flag_value(value.value()).is_some() {
            body.field(name, value);
        } else {
            let flags = FLAGS.join(", ");
            refusals.add(name, &format!("the program has these flags, as texts or truth values: {flags}"))?;
        }
    }
    body.finish();
    Ok(EncodedRequest { path: String::new(), body: out, headers: Vec::new(), dropped: refusals.dropped })
}
