//! YAML parser, based on the events of `saphyr-parser`: the core schema (YAML 1.2.2, section 10.3), one document, text
//! keys. Aliases are copies, and count as what they copy.

use crate::{
    Entry, Item, ParseError, Place, Table, Value,
    value::{Bounds, error},
};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use std::{borrow::Cow, collections::HashMap};

pub(crate) fn parse(text: &str) -> Result<Table, ParseError> {
    let mut reader = Reader::default();
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|why| error(place(*why.marker()), why.info().to_owned()))?;
        let at = place(span.start);
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                return Err(error(at, "there is a second document"));
            }
        }
        reader.take(event, at)?;
    }
    match reader.root {
        None | Some(Value::Null) => Ok(Table::default()),
        Some(Value::Table(table)) => Ok(table),
        Some(_) => Err(error(Place::START, "expected a mapping, `key: value`")),
    }
}

fn place(marker: Marker) -> Place {
    Place {
        line: u32::try_from(marker.line()).unwrap_or(u32::MAX).max(1),
        column: u32::try_from(marker.col()).unwrap_or(u32::MAX).saturating_add(1),
    }
}

/// A collection that is being read.
enum Open {
    List { anchor: usize, place: Place, values: usize, items: Vec<Item> },
    Table { anchor: usize, place: Place, values: usize, entries: Vec<Entry>, key: Option<(String, Place)> },
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    /// The values of anchors, with their number of values and levels.
    anchors: HashMap<usize, (Value, usize, usize)>,
    root: Option<Value>,
    bounds: Bounds,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), ParseError> {
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::SequenceStart(anchor, tag) => {
                refuse(tag.as_deref(), place)?;
                self.begin(Open::List { anchor, place, values: 1, items: Vec::new() }, place)
            }
            Event::MappingStart(anchor, tag) => {
                refuse(tag.as_deref(), place)?;
                let open = Open::Table { anchor, place, values: 1, entries: Vec::new(), key: None };
                self.begin(open, place)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Scalar(text, style, anchor, tag) => {
                let weight = weight(&text);
                self.bounds.admit(weight, self.open.len(), place)?;
                if let Some(Open::Table { key: key @ None, values, .. }) = self.open.last_mut() {
                    *values += weight;
                    *key = Some((text.into_owned(), place));
                    return Ok(());
                }
                let value = scalar(text, style, tag.as_deref(), place)?;
                self.add(value, weight, 0, anchor, place)
            }
            Event::Alias(anchor) => {
                let Some((value, values, levels)) = self.anchors.get(&anchor) else {
                    return Err(error(place, "an alias inside of what it stands for"));
                };
                self.bounds.admit(*values, self.open.len() + levels, place)?;
                let (value, values, levels) = (value.clone(), *values, *levels);
                self.add(value, values, levels, 0, place)
            }
        }
    }

    fn begin(&mut self, open: Open, place: Place) -> Result<(), ParseError> {
        self.bounds.admit(1, self.open.len(), place)?;
        if matches!(self.open.last(), Some(Open::Table { key: None, .. })) {
            return Err(error(place, "a key has to be text"));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), ParseError> {
        match self.open.pop() {
            Some(Open::List { anchor, place, values, items }) => {
                let value = Value::List(items);
                let levels = levels(&value);
                self.add(value, values, levels, anchor, place)
            }
            Some(Open::Table { anchor, place, values, entries, .. }) => {
                let value = Value::Table(Table::checked(entries)?);
                let levels = levels(&value);
                self.add(value, values, levels, anchor, place)
            }
            // The parser never ends a collection that it did not begin.
            None => Ok(()),
        }
    }

    fn add(
        &mut self,
        value: Value,
        values: usize,
        levels: usize,
        anchor: usize,
        place: Place,
    ) -> Result<(), ParseError> {
        if anchor != 0 {
            // A separate copy, which counts like the original.
            self.bounds.admit(values, self.open.len(), place)?;
            self.anchors.insert(anchor, (value.clone(), values, levels));
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List { items, values: all, .. }) => {
                *all += values;
                items.push(Item { place, value });
            }
            Some(Open::Table { entries, key, values: all, .. }) => match key.take() {
                Some((name, place)) => {
                    *all += values;
                    entries.push(Entry { name, place, value });
                }
                None => return Err(error(place, "a key has to be text")),
            },
        }
        Ok(())
    }
}

/// A text counts as this many values: many aliases may copy one long text.
fn weight(text: &str) -> usize {
    1 + text.len() / 16
}

/// The number of levels in `value`, which is within the nesting limit.
fn levels(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(|item| levels(&item.value)).max().unwrap_or(0),
        Value::Table(table) => {
            1 + table.entries().iter().map(|entry| levels(&entry.value)).max().unwrap_or(0)
        }
        _ => 0,
    }
}

fn refuse(tag: Option<&Tag>, place: Place) -> Result<(), ParseError> {
    match tag {
        Some(_) => Err(error(place, "tags are not read")),
        None => Ok(()),
    }
}

fn scalar(
    text: Cow<'_, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
    place: Place,
) -> Result<Value, ParseError> {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => {
            return Ok(Value::Text(text.into_owned()));
        }
        tag => refuse(tag, place)?,
    }
    if style != ScalarStyle::Plain {
        return Ok(Value::Text(text.into_owned()));
    }
    Ok(match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Boolean(true),
        "false" | "False" | "FALSE" => Value::Boolean(false),
        other => number(other).unwrap_or_else(|| Value::Text(text.into_owned())),
    })
}

fn number(text: &str) -> Option<Value> {
    if let Some(digits) = text.strip_prefix("0x") {
        return i64::from_str_radix(digits, 16).ok().map(Value::Integer);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return i64::from_str_radix(digits, 8).ok().map(Value::Integer);
    }
    if let Ok(number) = text.parse() {
        return Some(Value::Integer(number));
    }
    // Rust also parses `inf`, `nan` and `infinity`, which are text here.
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| numeric && number.is_finite()).map(Value::Float)
}
