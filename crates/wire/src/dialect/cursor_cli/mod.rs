//! Cursor's command line, `cursor-agent -p --output-format stream-json --stream-partial-output`: a prompt in, lines of
//! JSON out. An agent with tools of its own, so requests carry no tools and answers call none.
//!
//! The body of a request is what the program is started with, as JSON; `command_line` makes arguments and input of
//! it. The facts are those of `docs/wire/cursor-cli.md`, where none is verified: what is unknown is let pass.

mod decode;
mod encode;

use super::{CommandLine, Dialect, Program, StreamDecoder, StreamEncoder};
use crate::dialect::shared::prompt::Prompt;
use crate::encode::{EncodeOptions, EncodedRequest, Refusals, UnsupportedField};
use crate::framing::{StreamError, StreamLimits};
use crate::json::{Fields, JsonError, ObjectWriter, Value};
use crate::model::{Accumulator, Message, ProviderError, Request, Response, Role, replay};
use crate::operation::Endpoint;
use crate::options::{Carried, RequestOption, rules};
use alloc::{borrow::ToOwned, boxed::Box, format, string::String, vec::Vec};

const NAME: &str = "cursor-cli";

const CARRIED: Carried<Request> = Carried {
    noted: &[(RequestOption::Cache, rules::CACHES_BY_ITSELF)],
    reason: Some("the program is an agent that decides this itself"),
    ..Carried::NOTHING
};

/// The name that leaves the choice of a model to the program.
const ANY_MODEL: &str = "auto";

/// What the program is always asked for.
const ALWAYS: [&str; 4] = ["-p", "--output-format", "stream-json", "--stream-partial-output"];

/// Flags a caller may set as extra fields, `approve_mcps` for `--approve-mcps`.
const FLAGS: [&str; 9] =
    ["force", "trust", "workspace", "mode", "plan", "sandbox", "approve_mcps", "resume", "worktree"];

/// Cursor's command line.
#[derive(Clone, Copy, Debug, Default)]
pub struct CursorCli;

impl Dialect for CursorCli {
    fn name(&self) -> &'static str {
        NAME
    }

    fn stream_media_types(&self) -> &'static [&'static str] {
        &["application/x-ndjson"]
    }

    fn encode_request(
        &self,
        request: &Request,
        options: EncodeOptions<'_>,
    ) -> Result<EncodedRequest, UnsupportedField> {
        let mut refusals = Refusals::new(NAME, options);
        let request = &*CARRIED.fit(request, options.quirks, &mut refusals)?;
        let prompt = Prompt::of(&request.messages, &mut refusals)?.whole();
        let mut out = Vec::with_capacity(prompt.len() + 64);
        let mut body = ObjectWriter::begin(&mut out);
        body.field("model", &request.model).field("prompt", &prompt);
        for (name, value) in request.extra.iter() {
            if FLAGS.contains(&name) && flag_value(value.value()).is_some() {
                body.field(name, value);
            } else {
                let flags = FLAGS.join(", ");
                refusals
                    .add(name, &format!("the program has these flags, as texts or truth values: {flags}"))?;
            }
        }
        body.finish();
        Ok(EncodedRequest { path: String::new(), body: out, headers: Vec::new(), dropped: refusals.dropped })
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, StreamError> {
        let mut decoder = decode::Decoder::new(StreamLimits::default());
        let (mut events, mut answer) = (Vec::new(), Accumulator::new());
        decoder.push(body, &mut events)?;
        decoder.finish(&mut events)?;
        events.iter().for_each(|event| answer.push(event));
        Ok(answer.response())
    }

    fn stream_decoder(&self, limits: StreamLimits) -> Box<dyn StreamDecoder> {
        Box::new(decode::Decoder::new(limits))
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, JsonError> {
        let mut fields = Fields::parse(body)?;
        let prompt =
            fields.take_string("prompt").ok_or_else(|| JsonError::new("prompt: expected a string"))?;
        Ok(Request {
            model: fields.take_string("model").unwrap_or_else(|| ANY_MODEL.to_owned()),
            messages: alloc::vec![Message::text(Role::User, prompt)],
            extra: fields.rest(),
            ..Request::default()
        })
    }

    fn encode_response(&self, response: &Response) -> Vec<u8> {
        let mut encoder = encode::Encoder::default();
        let mut out = Vec::new();
        replay(response, |text| alloc::vec![text]).iter().for_each(|event| encoder.push(event, &mut out));
        encoder.finish(&mut out);
        out
    }

    fn stream_encoder(&self, _request: &Request) -> Box<dyn StreamEncoder> {
        Box::new(encode::Encoder::default())
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        let mut out = Vec::new();
        encode::write_error(error, &mut out);
        out
    }

    fn program(&self) -> Option<Program> {
        Some(Program { command: "cursor-agent", key_variable: "CURSOR_API_KEY", command_line, is_last })
    }

    /// A program has no addresses.
    fn endpoint<'a>(&self, _path: &'a str) -> Option<Endpoint<'a>> {
        None
    }
}

/// Makes a command line of the body that the dialect encodes. What is no such body gives an empty prompt.
fn command_line(body: &[u8]) -> CommandLine {
    let mut fields = Fields::parse(body).unwrap_or_default();
    let mut arguments: Vec<String> = ALWAYS.iter().map(|word| (*word).to_owned()).collect();
    if let Some(model) = fields.take_string("model").filter(|model| !model.is_empty() && model != ANY_MODEL) {
        // One word with its flag, so that a name that begins with a hyphen is no flag.
        arguments.push(format!("--model={model}"));
    }
    let input = fields.take_string("prompt").unwrap_or_default().into_bytes();
    for (name, value) in fields.iter() {
        let flag = name.replace('_', "-");
        match flag_value(value) {
            Some(FlagValue::On) => arguments.push(format!("--{flag}")),
            Some(FlagValue::Text(text)) => arguments.push(format!("--{flag}={text}")),
            Some(FlagValue::Off) | None => {}
        }
    }
    CommandLine { arguments, input }
}

/// Whether `line` is the last that the program has to say; it has been seen to stay alive after it.
fn is_last(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"{")
        && Fields::parse(line)
            .is_ok_and(|mut fields| fields.take_string("type").is_some_and(|word| word == "result"))
}

enum FlagValue {
    On,
    Off,
    Text(String),
}

fn flag_value(value: Value<'_>) -> Option<FlagValue> {
    match value.bool() {
        Some(true) => Some(FlagValue::On),
        Some(false) => Some(FlagValue::Off),
        None => value.string().map(FlagValue::Text),
    }
}
