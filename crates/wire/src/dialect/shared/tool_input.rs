//! Input of tool calls: most formats require an object, whatever the model wrote.

use crate::json::{Json, ObjectWriter, Value};
use crate::model::{ToolCall, normalise_arguments};
use alloc::{
    borrow::{Cow, ToOwned},
    string::String,
    vec::Vec,
};

/// The arguments of a call, as their text. Servers that translate may write the object as a string, as OpenAI does;
/// what is not an object either way is wrapped as [`encode_input`] wraps it, so that it is written and read the same.
pub(crate) fn decode_input(input: Option<Value<'_>>) -> String {
    let Some(input) = input else { return "{}".to_owned() };
    if input.is_object() {
        return input.strict_text().into_owned();
    }
    let mut out = Vec::new();
    encode_input(&input.string().unwrap_or_else(|| input.text().to_owned()), &mut out);
    Json::from_writer(out).text().to_owned()
}

/// Appends the arguments of a call as an object. What is not an object (a model may write anything) is
/// wrapped as `{"arguments": "…"}`.
pub(crate) fn encode_input(arguments: &str, out: &mut Vec<u8>) {
    let mut arguments = arguments.to_owned();
    normalise_arguments(&mut arguments);
    match Json::parse(&arguments) {
        Ok(input) if input.value().is_object() => out.extend_from_slice(input.text().as_bytes()),
        _ => {
            let mut object = ObjectWriter::begin(out);
            object.field("arguments", &arguments);
            object.finish();
        }
    }
}

/// A call of a tool that takes free text, for a format or a provider that has calls with JSON alone: its text is wrapped as
/// [`encode_input`] wraps it. Any other call is as it is.
pub(crate) fn as_function(call: &ToolCall) -> Cow<'_, ToolCall> {
    if !call.custom {
        return Cow::Borrowed(call);
    }
    let mut out = Vec::new();
    encode_input(&call.arguments, &mut out);
    let arguments = Json::from_writer(out).text().to_owned();
    Cow::Owned(ToolCall { arguments, custom: false, ..call.clone() })
}
