//! Growing fields: lists and objects that a stream sends in pieces, put together.
//!
//! What is added costs what it is long, not what is already there.

use crate::json::{Extra, Fields, Json, ObjectWriter, Ordered, Value, WriteJson};
use alloc::{string::String, vec::Vec};

/// Fields so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct GrowingFields(Ordered<Growing>);

#[derive(Clone, Debug)]
enum Growing {
    Whole(Json),
    /// A list but for its closing bracket.
    List(Vec<u8>),
    /// One object in pieces.
    Object(Joined),
    /// Objects in pieces, one after the other.
    Objects(Vec<Joined>),
}

impl GrowingFields {
    /// Adds fields: a list is appended to a list, anything else replaces what was there, but for what says nothing.
    pub(crate) fn combine(&mut self, more: &Extra) {
        for (name, value) in more.iter() {
            match self.0.get_mut(name) {
                // Azure's last chunk has an empty `content_filter_results`.
                Some(_) if says_nothing(value) => {}
                Some(growing) => growing.combine(value),
                None => self.0.insert(name.into(), Growing::Whole(value.clone())),
            }
        }
    }

    /// Adds pieces of fields.
    pub(crate) fn join(&mut self, more: &Extra) {
        for (name, value) in more.iter() {
            match self.0.get_mut(name) {
                Some(growing) => growing.join(value.value()),
                None => {
                    let mut growing = Growing::Objects(Vec::new());
                    growing.join(value.value());
                    self.0.insert(name.into(), growing);
                }
            }
        }
    }

    /// The fields as they are now.
    pub(crate) fn fields(&self) -> Extra {
        self.0.iter().map(|(name, growing)| (name.clone(), growing.json())).collect()
    }
}

impl From<Extra> for GrowingFields {
    fn from(extra: Extra) -> Self {
        let mut fields = Self::default();
        fields.combine(&extra);
        fields
    }
}

impl Growing {
    fn combine(&mut self, more: &Json) {
        let Some(items) = inside_list(more.text()) else {
            *self = Self::Whole(more.clone());
            return;
        };
        if matches!(self, Self::Object(_) | Self::Objects(_)) {
            *self = Self::Whole(self.json());
        }
        if let Self::Whole(first) = self
            && let Some(known) = inside_list(first.text())
        {
            let mut list = Vec::with_capacity(1 + known.len() + items.len());
            list.push(b'[');
            list.extend_from_slice(known.as_bytes());
            *self = Self::List(list);
        }
        match self {
            Self::List(_) if items.is_empty() => {}
            Self::List(list) => {
                if list.len() > 1 {
                    list.push(b',');
                }
                list.extend_from_slice(items.as_bytes());
            }
            _ => *self = Self::Whole(more.clone()),
        }
    }

    fn join(&mut self, pieces: Value<'_>) {
        if matches!(self, Self::Whole(_) | Self::List(_)) {
            let known = self.json();
            *self = Self::Objects(Vec::new());
            self.join(known.value());
        }
        let list = pieces.array();
        match self {
            Self::Object(object) if list.is_none() => return object.add(pieces),
            Self::Object(object) => *self = Self::Objects(alloc::vec![object.clone()]),
            Self::Objects(objects) if list.is_none() && objects.is_empty() => {
                *self = Self::Object(Joined::new(pieces));
                return;
            }
            _ => {}
        }
        let Self::Objects(objects) = self else { return };
        for piece in list.unwrap_or_else(|| alloc::vec![pieces]) {
            match objects.last_mut() {
                Some(last) if last.goes_on(piece) => last.add(piece),
                _ => objects.push(Joined::new(piece)),
            }
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Whole(whole) => whole.clone(),
            Self::List(list) => {
                let mut whole = list.clone();
                whole.push(b']');
                Json::from_writer(whole)
            }
            Self::Object(object) => Json::written(object),
            Self::Objects(objects) => Json::written(objects),
        }
    }
}

/// Whether a value is `null` or an object without fields.
fn says_nothing(value: &Json) -> bool {
    value.value().is_null() || value.value().object().is_some_and(|fields| fields.is_empty())
}

/// What stands between a list's brackets.
fn inside_list(text: &str) -> Option<&str> {
    Some(text.strip_prefix('[')?.strip_suffix(']')?.trim())
}

/// Fields whose pieces are joined; of every other field the last value counts.
const JOINED: [&str; 5] = ["text", "summary", "data", "signature", "transcript"];

/// One object so far.
#[derive(Clone, Debug)]
enum Joined {
    /// Of one piece, which stays as it was written.
    One(Json),
    Many {
        fields: Extra,
        texts: Vec<(&'static str, String)>,
    },
}

impl Joined {
    fn new(piece: Value<'_>) -> Self {
        Self::One(piece.to_json())
    }

    /// Adds a piece.
    fn add(&mut self, piece: Value<'_>) {
        let Some(more) = piece.object() else {
            *self = Self::new(piece);
            return;
        };
        if let Self::One(first) = self {
            let Some(first) = first.value().object() else {
                *self = Self::new(piece);
                return;
            };
            let (mut fields, mut texts) = (Extra::new(), Vec::new());
            add_piece(first, &mut fields, &mut texts);
            *self = Self::Many { fields, texts };
        }
        if let Self::Many { fields, texts } = self {
            add_piece(more, fields, texts);
        }
    }

    /// Whether `piece` goes on with this object: the same type and no other index or id. Encrypted ones come whole.
    fn goes_on(&self, piece: Value<'_>) -> bool {
        let Some(piece) = piece.object() else { return false };
        let is_encrypted = piece.get("type").is_some_and(|said| said.text() == "\"reasoning.encrypted\"");
        !is_encrypted
            && match self {
                Self::One(first) => first.value().object().is_some_and(|known| {
                    is_same(&piece, |name| known.get(name).filter(|value| !value.is_null()))
                }),
                Self::Many { fields, .. } => is_same(&piece, |name| fields.get(name).map(Json::value)),
            }
    }
}

fn is_same<'a>(piece: &Fields<'_>, known: impl Fn(&str) -> Option<Value<'a>>) -> bool {
    ["type", "index", "id"].into_iter().all(|name| {
        match (known(name), piece.get(name).filter(|value| !value.is_null())) {
            (Some(known), Some(said)) => known.text() == said.text(),
            _ => true,
        }
    })
}

fn add_piece(mut piece: Fields<'_>, fields: &mut Extra, texts: &mut Vec<(&'static str, String)>) {
    for name in JOINED {
        let Some(more) = piece.take_string(name) else { continue };
        match texts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, text)) => text.push_str(&more),
            None => texts.push((name, more)),
        }
    }
    for (name, value) in piece.iter().filter(|(_, value)| !value.is_null()) {
        fields.insert(name, value.to_json());
    }
}

impl WriteJson for Joined {
    fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::One(piece) => piece.write_json(out),
            Self::Many { fields, texts } => {
                let mut object = ObjectWriter::begin(out);
                for (name, value) in fields.iter() {
                    object.field(name, value);
                }
                for (name, text) in texts {
                    object.field(name, text);
                }
                object.finish();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extra(name: &str, value: &str) -> Extra {
        [(name.into(), Json::parse(value).unwrap())].into_iter().collect()
    }

    #[test]
    fn lists_grow_and_other_values_are_replaced() {
        let mut fields = GrowingFields::default();
        for (name, value) in [
            ("a", "[ 1 ]"),
            ("b", "1"),
            ("a", "[]"),
            ("a", "[2, 3]"),
            ("b", "[2]"),
            ("c", "[ ]"),
            ("c", "[4]"),
            ("d", r#"{"x":1}"#),
            ("d", "{ }"),
            ("d", "null"),
        ] {
            fields.combine(&extra(name, value));
        }
        let fields = fields.fields();
        let read = ["a", "b", "c", "d"].map(|name| fields.get(name).unwrap().text());
        assert_eq!(read, ["[1,2, 3]", "[2]", "[4]", r#"{"x":1}"#]);
    }

    #[test]
    fn wholes_and_pieces_of_one_field_are_all_kept() {
        let mut fields = GrowingFields::default();
        fields.combine(&extra("a", r#"[{"index":0,"text":"a"}]"#));
        fields.join(&extra("a", r#"[{"index":0,"text":"b"}]"#));
        fields.join(&extra("a", r#"{"index":1}"#));
        fields.combine(&extra("a", "[2]"));
        fields.join(&extra("b", r#"{"text":"x"}"#));
        fields.join(&extra("b", "[1]"));
        let fields = fields.fields();
        assert_eq!(fields.get("a").unwrap().text(), r#"[{"index":0,"text":"ab"},{"index":1},2]"#);
        assert_eq!(fields.get("b").unwrap().text(), r#"[{"text":"x"},1]"#);
    }

    #[test]
    fn pieces_are_joined_and_a_single_one_stays_as_it_was() {
        let mut fields = GrowingFields::default();
        for pieces in [
            r#"[{"text":"a", "type":"t","index":0}]"#,
            r#"[{"type":"t","index":0,"text":"b","signature":null},{"type":"t","index":0,"signature":"s"}]"#,
            r#"[{"text":"c", "type":"t","index":1}, 7]"#,
        ] {
            fields.join(&extra("details", pieces));
        }
        for piece in [r#"{"id":"x","data":"A"}"#, r#"{"data":"B"}"#] {
            fields.join(&extra("audio", piece));
        }
        let fields = fields.fields();
        assert_eq!(
            fields.get("details").unwrap().text(),
            r#"[{"type":"t","index":0,"text":"ab","signature":"s"},{"text":"c", "type":"t","index":1},7]"#
        );
        assert_eq!(fields.get("audio").unwrap().text(), r#"{"id":"x","data":"AB"}"#);
    }
}
