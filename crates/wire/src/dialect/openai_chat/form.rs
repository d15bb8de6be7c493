//! Multipart forms (RFC 7578), written and read: fields, and files among them.

use crate::json::{Extra, Json, JsonError, Value};
use crate::operation::HttpRequest;
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use memchr::memmem;

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

/// A form that a server received.
#[derive(Debug)]
pub(super) struct ReceivedForm<'a>(Vec<ReceivedPart<'a>>);

/// One part of it.
#[derive(Debug)]
pub(super) struct ReceivedPart<'a> {
    name: String,
    /// The name of the file that it is, where it says one.
    pub(super) file_name: Option<String>,
    /// Its bytes.
    pub(super) content: &'a [u8],
}

impl<'a> ReceivedForm<'a> {
    /// Reads the body of `request`.
    pub(super) fn read(request: HttpRequest<'a>) -> Result<Self, JsonError> {
        let boundary = request
            .headers
            .get("content-type")
            .and_then(|content_type| content_type.strip_prefix("multipart/form-data"))
            .and_then(|rest| rest.split("boundary=").nth(1))
            .map(|rest| rest.split(';').next().unwrap_or(rest).trim().trim_matches('"'))
            .filter(|boundary| !boundary.is_empty())
            .ok_or_else(|| JsonError::new("expected a multipart form with a boundary"))?;
        let mark = format!("\r\n--{boundary}");
        let mark = memmem::Finder::new(&mark);
        // The first boundary begins the body.
        let first = mark.needle().get(2..).unwrap_or_default();
        let mut rest = request
            .body
            .strip_prefix(first)
            .ok_or_else(|| JsonError::new("the form has no first boundary"))?;
        let mut parts = Vec::new();
        while let Some(part) = rest.strip_prefix(b"\r\n") {
            let end = mark.find(part).ok_or_else(|| JsonError::new("the form has no last boundary"))?;
            let (part, after) = part.split_at(end);
            rest = after.get(mark.needle().len()..).unwrap_or_default();
            parts.push(ReceivedPart::read(part)?);
        }
        Ok(Self(parts))
    }

    /// Takes out the first part of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<ReceivedPart<'a>> {
        let position = self.0.iter().position(|part| part.name == name)?;
        Some(self.0.remove(position))
    }

    /// Takes out the first field of this name.
    pub(super) fn take_text(&mut self, name: &str) -> Option<String> {
        self.take(name).map(|part| String::from_utf8_lossy(part.content).into_owned())
    }

    /// What was not taken: texts, and lists where names end with `[]`.
    pub(super) fn rest(self) -> Extra {
        let text = |part: &ReceivedPart<'_>| String::from_utf8_lossy(part.content).into_owned();
        let mut extra = Extra::new();
        for part in &self.0 {
            let Some(name) = part.name.strip_suffix("[]") else {
                extra.insert(part.name.as_str(), Json::string(&text(part)));
                continue;
            };
            if extra.get(name).is_none() {
                let items: Vec<String> =
                    self.0.iter().filter(|other| other.name == part.name).map(text).collect();
                extra.insert(name, Json::written(&items));
            }
        }
        extra
    }
}

impl<'a> ReceivedPart<'a> {
    fn read(part: &'a [u8]) -> Result<Self, JsonError> {
        let end = memmem::find(part, b"\r\n\r\n")
            .ok_or_else(|| JsonError::new("a part of the form has no content"))?;
        let (head, content) = part.split_at(end);
        let head = String::from_utf8_lossy(head);
        let value = |name: &str| {
            let (_, after) = head.split_once(&format!("; {name}=\""))?;
            Some(unquoted(after.split('"').next()?))
        };
        Ok(Self {
            name: value("name").unwrap_or_default(),
            file_name: value("filename"),
            content: content.get(4..).unwrap_or_default(),
        })
    }
}

/// The text that [`quoted`] wrote.
fn unquoted(text: &str) -> String {
    text.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Headers;

    fn read<'a>(
        content_type: &'a [(&'a str, &'a str)],
        body: &'a [u8],
    ) -> Result<ReceivedForm<'a>, JsonError> {
        ReceivedForm::read(HttpRequest { headers: Headers(content_type), body })
    }

    #[test]
    fn forms_are_read_and_nonsense_is_refused() {
        let body = b"--x\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n\0\x01\r\n\x02\r\n--x--\r\n";
        let is_form = [("content-type", "multipart/form-data; boundary=x")];
        let mut form = read(&is_form, body).unwrap();
        let file = form.take("file").unwrap();
        assert_eq!((file.content, file.file_name.as_deref()), (&b"\0\x01\r\n\x02"[..], Some("a.wav")));
        assert_eq!(form.take_text("model").as_deref(), Some("whisper"));
        assert!(form.rest().is_empty());
        assert!(read(&[("content-type", "application/json")], b"{}").is_err());
        assert!(read(&[], body).is_err());
        for body in [&b"--y"[..], b"--x\r\nabc", b"--x\r\nabc\r\n--x--", b""] {
            assert!(read(&is_form, body).is_err(), "{body:?}");
        }
    }
}
