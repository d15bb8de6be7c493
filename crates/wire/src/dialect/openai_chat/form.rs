//! Multipart forms (RFC 7578): fields, and a file among them.

use crate::json::{Extra, Value};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

/// A form that is being written.
#[derive(Debug)]
pub(super) struct Form<'a> {
    boundary: &'a str,
    /// A caller's own fields, which win over those of the same name.
    extra: &'a Extra,
    body: Vec<u8>,
}

impl<'a> Form<'a> {
    /// Begins with the fields of `extra`. `boundary` is a text that is in no part; `size` is about that of the file.
    pub(super) fn new(boundary: &'a str, extra: &'a Extra, size: usize) -> Self {
        let mut form = Self { boundary, extra, body: Vec::with_capacity(size + 2048) };
        for (name, value) in extra.iter() {
            form.value(name, value.value());
        }
        form
    }

    /// Adds a field.
    pub(super) fn field(&mut self, name: &str, text: &str) {
        if self.extra.get(name).is_none() {
            self.part(name, text);
        }
    }

    /// Adds a field, where there is a text for it.
    pub(super) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.field(name, text);
        }
    }

    /// Adds a file.
    pub(super) fn file(&mut self, name: &str, file_name: &str, data: &[u8]) {
        let head = format!(
            "--{}\r\ncontent-disposition: form-data; name=\"{}\"; filename=\"{}\"\r\ncontent-type: application/octet-stream\r\n\r\n",
            self.boundary,
            quoted(name),
            quoted(file_name)
        );
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(data);
        self.body.extend_from_slice(b"\r\n");
    }

    /// The content type, and the body.
    pub(super) fn finish(mut self) -> (String, Vec<u8>) {
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body)
    }

    /// Lists and objects are taken apart as OpenAI's own clients do it: `name[]` and `name[key]`. How deep they go is
    /// bounded by how deep JSON is read.
    fn value(&mut self, name: &str, value: Value<'_>) {
        if let Some(items) = value.array() {
            let name = format!("{name}[]");
            items.into_iter().for_each(|item| self.value(&name, item));
        } else if let Some(fields) = value.object() {
            for (key, item) in fields.iter() {
                self.value(&format!("{name}[{key}]"), item);
            }
        } else if !value.is_null() {
            let text = value.string().unwrap_or_else(|| value.text().to_owned());
            self.part(name, &text);
        }
    }

    fn part(&mut self, name: &str, text: &str) {
        let (boundary, name) = (self.boundary, quoted(name));
        let part =
            format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        self.body.extend_from_slice(part.as_bytes());
    }
}

/// As browsers do it: <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data>.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}
