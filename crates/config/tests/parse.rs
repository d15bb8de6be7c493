//! Parsers of the three formats: the same values, correct positions, and safety against hostile input.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use ferrule_config::{Format, MAX_BYTES, MAX_NESTING, ParseError, Place, Table, Value, parse};
use proptest::prelude::*;

/// The value, and the position of its key, at `path`, with list indices as numbers.
fn find(table: &Table, path: &str) -> Option<(Value, Place)> {
    let mut found = (Value::Table(table.clone()), Place::START);
    for step in path.split('.') {
        found = match found.0 {
            Value::Table(table) => {
                let entry = table.entries().iter().find(|entry| entry.name == step)?;
                (entry.value.clone(), entry.place)
            }
            Value::List(items) => {
                let item = items.get(step.parse::<usize>().ok()?)?;
                (item.value.clone(), item.place)
            }
            _ => return None,
        };
    }
    Some(found)
}

fn at(line: u32, column: u32) -> Place {
    Place { line, column }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn failed(text: &str, format: Format) -> ParseError {
    parse(text, format).unwrap_err()
}

const TOML: &str = r#"# remark
model = "fast"
timeout = 1.5
[providers.groq]
api_key = {env = "KEY"}
"#;
const JSON: &str = r#"{
  "model": "fast", "timeout": 1.5,
  "providers": {"groq": {
    "api_key": {"env": "KEY"}}}
}"#;
const YAML: &str = "model: fast
timeout: 1.5
providers:
  groq: {api_key: {env: KEY}}
";

#[test]
fn every_format_gives_the_same_values_with_positions() {
    let places = [
        (TOML, Format::Toml, [at(2, 1), at(4, 2), at(4, 12), at(5, 12)]),
        (JSON, Format::Json, [at(2, 3), at(3, 3), at(3, 17), at(4, 17)]),
        (YAML, Format::Yaml, [at(1, 1), at(3, 1), at(4, 3), at(4, 20)]),
    ];
    for (source, format, expected) in places {
        let table = parse(source, format).unwrap();
        assert_eq!(find(&table, "model").unwrap().0, text("fast"), "{format:?}");
        assert_eq!(find(&table, "timeout").unwrap().0, Value::Float(1.5), "{format:?}");
        assert_eq!(find(&table, "providers.groq.api_key.env").unwrap().0, text("KEY"), "{format:?}");
        let found = ["model", "providers", "providers.groq", "providers.groq.api_key.env"]
            .map(|path| find(&table, path).unwrap().1);
        assert_eq!(found, expected, "{format:?}");
    }
}

#[test]
fn columns_count_characters_and_lines_may_end_as_on_windows() {
    let table = parse("a = 1\r\n\"ü\" = {\"é\" = 2}\r\n", Format::Toml).unwrap();
    assert_eq!(find(&table, "ü.é").unwrap(), (Value::Integer(2), at(2, 8)));
    let table = parse("\u{feff}{\n\"ü\": {\"é\": [1, 2]}}", Format::Json).unwrap();
    assert_eq!(find(&table, "ü.é.1").unwrap(), (Value::Integer(2), at(2, 16)));
}

#[test]
fn errors_have_positions_and_do_not_repeat_values() {
    for (source, format, line) in [
        ("a = 1\nkey = \"sk-secret\" x\n", Format::Toml, 2),
        ("[a]\nkey = sk-secret\n", Format::Toml, 2),
        ("a = 1\na = 2\n", Format::Toml, 2),
        ("{\"a\": 1,\n \"a\": \"sk-secret\"}", Format::Json, 2),
        ("{\"a\": 1,\n}", Format::Json, 0),
        ("{\"a\": 1}\n// remark", Format::Json, 2),
        ("{\"a\": sk-secret}", Format::Json, 1),
        ("[1]", Format::Json, 1),
        ("", Format::Json, 1),
        ("a: 1\na: 2\n", Format::Yaml, 2),
        ("a: 1\n  b: sk-secret\n", Format::Yaml, 2),
        ("a: 1\n---\nb: 2\n", Format::Yaml, 2),
        ("- a\n", Format::Yaml, 1),
        ("a: !!binary aGk=\n", Format::Yaml, 1),
        ("? [a]\n: 1\n", Format::Yaml, 1),
    ] {
        let error = failed(source, format);
        assert!(!error.message.is_empty());
        assert!(!error.message.contains("sk-secret"), "{error}");
        if line > 0 {
            assert_eq!(error.place.line, line, "{source:?}: {error}");
        }
    }
}

#[test]
fn yaml_reads_the_core_schema() {
    let source = "a: 'true'\nb: yes\nc: 0x10\nd: ~\ne: .5\nf: !!str 7\ng: inf\nh: 1e3\ni: |\n  x\n";
    let table = parse(source, Format::Yaml).unwrap();
    let values: Vec<Value> = table.entries().iter().map(|entry| entry.value.clone()).collect();
    let expected = [
        text("true"),
        text("yes"),
        Value::Integer(16),
        Value::Null,
        Value::Float(0.5),
        text("7"),
        text("inf"),
        Value::Float(1000.0),
        text("x\n"),
    ];
    assert_eq!(values, expected);
}

#[test]
fn aliases_are_copies() {
    let table = parse("a: &x {k: [1, 2]}\nb: *x\n", Format::Yaml).unwrap();
    assert_eq!(find(&table, "b.k.1").unwrap().0, Value::Integer(2));
    assert_eq!(find(&table, "b").unwrap().1, at(2, 1));
}

#[test]
fn empty_files_are_empty_tables() {
    for format in [Format::Toml, Format::Yaml] {
        assert_eq!(parse("# nothing\n", format).unwrap(), Table::default());
    }
}

#[test]
fn hostile_input_ends_with_an_error() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        laughs += &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", "));
    }
    assert!(failed(&laughs, Format::Yaml).message.contains("more than"));
    // One long text, many times.
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(300_000), vec!["*a"; 10_000].join(", "));
    assert!(failed(&long, Format::Yaml).message.contains("more than"));
    assert!(failed("a: &a [*a]\n", Format::Yaml).message.contains("alias"));
    let deep = |open: &str, close: &str, levels: usize| open.repeat(levels) + &close.repeat(levels);
    for levels in [MAX_NESTING + 5, 400_000] {
        for (source, format) in [
            (format!("a = {}", deep("[", "]", levels)), Format::Toml),
            (format!("{{\"a\": {}}}", deep("[", "]", levels)), Format::Json),
            (format!("a: {}", deep("[", "]", levels)), Format::Yaml),
        ] {
            failed(&source, format);
        }
    }
    failed(&"x".repeat(MAX_BYTES + 1), Format::Yaml);
    failed("a = 99999999999999999999", Format::Toml);
    failed("{\"a\": 1e999}", Format::Json);
}

proptest! {
    #[test]
    fn nothing_panics(source in "[ -~\\n\\t\u{e9}]{0,200}") {
        for format in [Format::Toml, Format::Json, Format::Yaml] {
            if let Err(error) = parse(&source, format) {
                prop_assert!(error.place.line as usize <= source.lines().count() + 1);
            }
        }
    }

    #[test]
    fn all_three_formats_read_json_values_alike(
        names in prop::collection::btree_map("[a-z]{1,6}", any::<i32>(), 1..8),
        word in "[a-zA-Z0-9 \u{e9}\u{1f600}]{0,20}",
    ) {
        let quoted: Vec<(String, i32)> = names.into_iter().collect();
        let pairs: Vec<String> = quoted.iter().map(|(name, number)| format!("\"{name}\": {number}")).collect();
        let json = format!("{{\"text\": \"{word}\", \"table\": {{{}}}}}", pairs.join(", "));
        let lines: Vec<String> = quoted.iter().map(|(name, number)| format!("{name} = {number}")).collect();
        let toml = format!("text = \"{word}\"\n[table]\n{}", lines.join("\n"));
        let (json_table, yaml, toml) = (
            parse(&json, Format::Json).unwrap(),
            parse(&json, Format::Yaml).unwrap(),
            parse(&toml, Format::Toml).unwrap(),
        );
        for (name, number) in &quoted {
            for table in [&json_table, &yaml, &toml] {
                let found = find(table, &format!("table.{name}")).unwrap().0;
                prop_assert_eq!(found, Value::Integer((*number).into()));
            }
        }
        prop_assert_eq!(find(&toml, "text").unwrap().0, text(&word));
        prop_assert_eq!(find(&json_table, "text").unwrap().0, text(&word));
    }
}
