//! Bodies changed as JSON, frame by frame, whatever frames them.

use ferrule_wire::dialect::Dialect;
use ferrule_wire::framing::{EventStreamReader, HeaderValue, StreamLimits, write_frame};
use serde_json::Value;

/// A step into a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Key(String),
    Item(usize),
}

/// The JSON values of a body: of its frames, or of itself.
pub(crate) fn values(dialect: &dyn Dialect, body: &[u8], is_stream: bool) -> Vec<Value> {
    let mut values = Vec::new();
    rewrite(dialect, body, is_stream, |value| values.push(value.clone()));
    values
}

/// The body with its JSON values changed. What is not JSON stays.
pub(crate) fn rewrite(
    dialect: &dyn Dialect,
    body: &[u8],
    is_stream: bool,
    mut change: impl FnMut(&mut Value),
) -> Vec<u8> {
    let mut rewritten = |text: &str| match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            change(&mut value);
            value.to_string()
        }
        Err(_) => text.to_owned(),
    };
    if !is_stream {
        return match dialect.name() {
            // Lines of a program.
            "cursor-cli" => lines(body, &mut rewritten),
            _ => rewritten(std::str::from_utf8(body).unwrap()).into_bytes(),
        };
    }
    if dialect.name() != "bedrock" {
        return lines(body, &mut rewritten);
    }
    let mut out = Vec::new();
    let mut reader = EventStreamReader::new(StreamLimits::default());
    let read = reader.push(body, &mut |frame| {
        let headers: Vec<(&str, HeaderValue<'_>)> = frame.headers().collect();
        let payload = rewritten(std::str::from_utf8(frame.payload).unwrap());
        write_frame(headers, payload.as_bytes(), &mut out);
        Ok(())
    });
    assert_eq!(read, Ok(()));
    out
}

fn lines(body: &[u8], rewritten: &mut impl FnMut(&str) -> String) -> Vec<u8> {
    let text = std::str::from_utf8(body).unwrap();
    let line = |line: &str| match line.split_once("data: ") {
        Some(("", data)) => format!("data: {}", rewritten(data)),
        _ => rewritten(line),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n").into_bytes()
}

/// The ways to strings that have `word` in them, from the outermost value to the string.
pub(crate) fn ways_to(value: &Value, matches: &dyn Fn(&Value) -> bool) -> Vec<Vec<Step>> {
    let mut ways = Vec::new();
    walk(value, &mut Vec::new(), matches, &mut ways);
    ways
}

fn walk(value: &Value, way: &mut Vec<Step>, matches: &dyn Fn(&Value) -> bool, ways: &mut Vec<Vec<Step>>) {
    if matches(value) {
        ways.push(way.clone());
    }
    let steps: Vec<(Step, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (Step::Key(key.clone()), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (Step::Item(at), value)).collect(),
        _ => Vec::new(),
    };
    for (step, value) in steps {
        way.push(step);
        walk(value, way, matches, ways);
        way.pop();
    }
}

/// The value at the end of a way.
pub(crate) fn at<'a>(value: &'a mut Value, way: &[Step]) -> &'a mut Value {
    way.iter().fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()).unwrap(),
        Step::Item(at) => value.get_mut(*at).unwrap(),
    })
}
