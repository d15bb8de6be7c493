//! JSON parser, based on `jsonc-parser` with all its extensions disabled.

use crate::{
    Entry, Item, ParseError, Place, Table, Value,
    lines::Lines,
    value::{Bounds, error},
};
use jsonc_parser::{
    CollectOptions, CommentCollectionStrategy, ParseOptions,
    ast::{Object, Value as Node},
    common::Ranged,
    parse_to_ast,
};

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(crate) fn parse(text: &str) -> Result<Table, ParseError> {
    let lines = Lines::new(text);
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    let parsed = parse_to_ast(text, &collect, &STRICT)
        .map_err(|why| error(lines.place(why.range().start), why.kind().to_string()))?;
    match parsed.value {
        Some(Node::Object(object)) => Reader { lines, bounds: Bounds::default() }.table(&object, 0),
        _ => Err(error(Place::START, "expected an object, `{...}`")),
    }
}

struct Reader<'a> {
    lines: Lines<'a>,
    bounds: Bounds,
}

impl Reader<'_> {
    fn table(&mut self, object: &Object<'_>, depth: usize) -> Result<Table, ParseError> {
        let mut entries = Vec::new();
        for property in &object.properties {
            let place = self.lines.place(property.range.start);
            let value = self.value(&property.value, place, depth + 1)?;
            entries.push(Entry { name: property.name.as_str().to_owned(), place, value });
        }
        Table::checked(entries)
    }

    fn value(&mut self, node: &Node<'_>, place: Place, depth: usize) -> Result<Value, ParseError> {
        self.bounds.admit(1, depth, place)?;
        Ok(match node {
            Node::StringLit(text) => Value::Text(text.value.to_string()),
            Node::NumberLit(number) => self.number(number.value, place)?,
            Node::BooleanLit(truth) => Value::Boolean(truth.value),
            Node::NullKeyword(_) => Value::Null,
            Node::Object(object) => Value::Table(self.table(object, depth)?),
            Node::Array(array) => {
                let mut list = Vec::new();
                for item in &array.elements {
                    let place = self.lines.place(item.range().start);
                    list.push(Item { place, value: self.value(item, place, depth + 1)? });
                }
                Value::List(list)
            }
        })
    }

    fn number(&self, text: &str, place: Place) -> Result<Value, ParseError> {
        if let Ok(number) = text.parse() {
            return Ok(Value::Integer(number));
        }
        let number: Option<f64> = text.parse().ok().filter(|number: &f64| number.is_finite());
        number.map(Value::Float).ok_or_else(|| error(place, "the number cannot be read, or is too large"))
    }
}
