//! Command line of the program: arguments and input from the body that the dialect encodes.

use crate::dialect::CommandLine;
use crate::json::{Fields, Value};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// The name that leaves the choice of a model to the program.
pub(super) const ANY_MODEL: &str = "auto";

/// What the program is always asked for.
const ALWAYS: [&str; 4] = ["-p", "--output-format", "stream-json", "--stream-partial-output"];

/// Flags a caller may set as extra fields, `approve_mcps` for `--approve-mcps`.
pub(super) const FLAGS: [&str; 9] =
    ["force", "trust", "workspace", "mode", "plan", "sandbox", "approve_mcps", "resume", "worktree"];

/// Makes a command line of the body that the dialect encodes. Any other body gives an empty prompt.
pub(super) fn command_line(body: &[u8]) -> CommandLine {
    let mut fields = Fields::parse(body).unwrap_or_default();
    let mut arguments: Vec<String> = ALWAYS.iter().map(|word| (*word).to_owned()).collect();
    if let Some(model) = fields.take_string("model").filter(|model| !model.is_empty() && model != ANY_MODEL) {
        // One word with its flag, so that a name that begins with a hyphen is not read as a flag.
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
pub(super) fn is_last(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"{")
        && Fields::parse(line)
            .is_ok_and(|mut fields| fields.take_string("type").is_some_and(|word| word == "result"))
}

/// The value of a flag.
pub(super) enum FlagValue {
    On,
    Off,
    Text(String),
}

/// The value of a flag; `None` where it is neither a text nor a truth value.
pub(super) fn flag_value(value: Value<'_>) -> Option<FlagValue> {
    match value.bool() {
        Some(true) => Some(FlagValue::On),
        Some(false) => Some(FlagValue::Off),
        None => value.string().map(FlagValue::Text),
    }
}
