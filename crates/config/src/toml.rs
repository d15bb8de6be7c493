//! TOML parser, based on the spans of the `toml` crate.

use crate::{
    Entry, Item, ParseError, Place, Table, Value,
    lines::Lines,
    value::{Bounds, error},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

pub(crate) fn parse(text: &str) -> Result<Table, ParseError> {
    let lines = Lines::new(text);
    let document = DeTable::parse(text).map_err(|why| {
        let place = why.span().map_or(Place::START, |span| lines.place(span.start));
        error(place, why.message().lines().collect::<Vec<_>>().join("; "))
    })?;
    Reader { lines, bounds: Bounds::default() }.table(document.into_inner(), 0)
}

struct Reader<'a> {
    lines: Lines<'a>,
    bounds: Bounds,
}

impl Reader<'_> {
    fn table(&mut self, table: DeTable<'_>, depth: usize) -> Result<Table, ParseError> {
        let mut entries = Vec::new();
        for (name, value) in table {
            let place = self.lines.place(name.span().start);
            let value = self.value(value, place, depth + 1)?;
            entries.push(Entry { name: name.into_inner().into_owned(), place, value });
        }
        Table::checked(entries)
    }

    fn value(
        &mut self,
        value: Spanned<DeValue<'_>>,
        place: Place,
        depth: usize,
    ) -> Result<Value, ParseError> {
        self.bounds.admit(1, depth, place)?;
        Ok(match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => Value::Integer(
                i64::from_str_radix(number.as_str(), number.radix())
                    .map_err(|_| error(place, "the number is too large"))?,
            ),
            DeValue::Float(number) => {
                Value::Float(number.as_str().parse().map_err(|_| error(place, "the number cannot be read"))?)
            }
            DeValue::Boolean(truth) => Value::Boolean(truth),
            DeValue::Datetime(date) => Value::Text(date.to_string()),
            DeValue::Array(items) => {
                let mut list = Vec::new();
                for item in items {
                    let place = self.lines.place(item.span().start);
                    list.push(Item { place, value: self.value(item, place, depth + 1)? });
                }
                Value::List(list)
            }
            DeValue::Table(table) => Value::Table(self.table(table, depth)?),
        })
    }
}
