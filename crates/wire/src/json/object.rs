//! Object writer, whose extra fields win.

use super::{Extra, Json, WriteJson, write_array, write_string};
use alloc::vec::Vec;

/// Writes one object. Fields of `extra` are appended by [`ObjectWriter::finish`] and win over a field of the same
/// name that we would write, so that a caller's `extra_body` always has the last word.
#[must_use = "an object is closed by `finish`"]
pub struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    extra: Option<&'a Extra>,
    empty: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Opens an object that has only the fields written.
    pub fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, extra: None, empty: true }
    }

    /// Opens an object that ends with the fields of `extra`.
    pub fn begin_with(out: &'a mut Vec<u8>, extra: &'a Extra) -> Self {
        out.push(b'{');
        Self { out, extra: Some(extra), empty: true }
    }

    fn name(&mut self, name: &str) {
        if !core::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        write_string(name, self.out);
        self.out.push(b':');
    }

    /// Writes a field whose value `write` appends; not called where `extra` has the name.
    pub fn with(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        if self.extra.is_none_or(|extra| extra.get(name).is_none()) {
            self.name(name);
            write(self.out);
        }
        self
    }

    /// Writes a field.
    pub fn field(&mut self, name: &str, value: impl WriteJson) -> &mut Self {
        self.with(name, |out| value.write_json(out))
    }

    /// Writes a field where there is a value.
    pub fn optional(&mut self, name: &str, value: Option<impl WriteJson>) -> &mut Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// Writes a field that is `null` where there is no value.
    pub fn nullable(&mut self, name: &str, value: Option<impl WriteJson>) -> &mut Self {
        self.with(name, |out| match value {
            Some(value) => value.write_json(out),
            None => out.extend_from_slice(b"null"),
        })
    }

    /// Writes a field that is an object.
    pub fn object(&mut self, name: &str, write: impl FnOnce(&mut ObjectWriter<'_>)) -> &mut Self {
        self.with(name, |out| {
            let mut object = ObjectWriter::begin(out);
            write(&mut object);
            object.finish();
        })
    }

    /// Writes a field that is an object which ends with the fields of `extra`.
    pub fn object_with(
        &mut self,
        name: &str,
        extra: &Extra,
        write: impl FnOnce(&mut ObjectWriter<'_>),
    ) -> &mut Self {
        self.with(name, |out| {
            let mut object = ObjectWriter::begin_with(out, extra);
            write(&mut object);
            object.finish();
        })
    }

    /// Writes a field that is an array.
    pub fn array<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Vec<u8>, T),
    ) -> &mut Self {
        self.with(name, |out| write_array(out, items, write))
    }

    /// Writes the extra fields and closes the object.
    pub fn finish(mut self) {
        if let Some(extra) = self.extra {
            for (name, value) in extra.iter() {
                self.name(name);
                value.write_json(self.out);
            }
        }
        self.out.push(b'}');
    }
}

impl Json {
    /// The object with the fields that `write` writes, and those of `extra`.
    pub fn object(extra: &Extra, write: impl FnOnce(&mut ObjectWriter<'_>)) -> Self {
        let mut out = Vec::new();
        let mut object = ObjectWriter::begin_with(&mut out, extra);
        write(&mut object);
        object.finish();
        Self::from_writer(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_fields_win_and_come_last() {
        let mut extra = Extra::new();
        extra.insert("b", Json::parse("[ 1 ]").unwrap());
        let mut out = Vec::new();
        let mut object = ObjectWriter::begin_with(&mut out, &extra);
        object.field("a", 1u64).field("b", "ours").optional("c", None::<&str>).nullable("d", None::<&str>);
        object.object("e", |inner| {
            inner.field("f", 0.5);
        });
        object.finish();
        assert_eq!(std::str::from_utf8(&out).unwrap(), r#"{"a":1,"d":null,"e":{"f":0.5},"b":[ 1 ]}"#);
    }
}
