//! JSON tape: text parsed into a flat list of values with their positions, before any Python object is made.
//!
//! Accepts a subset of what `json.loads` accepts, with the same meaning. Everything else (`NaN`, lone surrogates, text
//! that is not UTF-8, deep nesting, malformed text) is left to `json.loads`, to accept or to refuse with its own error.

/// Values nested more deeply are left to `json.loads`.
const MAX_DEPTH: usize = 96;

/// A value of the text. Members of arrays and objects follow their container; a member of an object is a
/// [`Value::Text`] with its key, followed by its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    /// An integer beyond 64 bits, by its place in the text.
    Large(Span),
    Float(f64),
    Text(Text),
    Array(Extent),
    Object(Extent),
}

/// A range of the text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

/// The inside of a string literal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Text {
    span: Span,
    escaped: bool,
}

/// The extent of a container.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    pub(super) count: u32,
    /// The position in the tape after its last member.
    end: u32,
}

/// The position of a value in the tape.
pub(super) type Place = usize;

/// The position of the outermost value.
pub(super) const ROOT: Place = 0;

/// A parsed text.
pub(super) struct Tape<'a> {
    text: &'a str,
    values: Vec<Value>,
}

impl<'a> Tape<'a> {
    /// Parses `bytes`. `None`: left to `json.loads`. `values` is cleared, and its capacity reused.
    pub(super) fn read(bytes: &'a [u8], mut values: Vec<Value>) -> Option<Self> {
        u32::try_from(bytes.len()).ok()?;
        values.clear();
        let mut reader = Reader { text: str::from_utf8(bytes).ok()?, at: 0, values };
        reader.value(0)?;
        reader.skip_blanks();
        (reader.at == bytes.len()).then_some(Self { text: reader.text, values: reader.values })
    }

    pub(super) fn into_room(self) -> Vec<Value> {
        self.values
    }

    /// The value at `place`; `Null` if there is none, which never occurs for [`Self::members`] and [`Self::items`].
    pub(super) fn at(&self, place: Place) -> Value {
        self.values.get(place).copied().unwrap_or(Value::Null)
    }

    /// The position after the value at `place`.
    fn after(&self, place: Place) -> Place {
        match self.at(place) {
            Value::Array(extent) | Value::Object(extent) => extent.end as usize,
            _ => place + 1,
        }
    }

    /// Positions of the items of the array at `place`.
    pub(super) fn items(&self, place: Place, extent: Extent) -> impl Iterator<Item = Place> {
        let mut next = place + 1;
        (0..extent.count).map(move |_| {
            let item = next;
            next = self.after(item);
            item
        })
    }

    /// Keys and positions of values of the object at `place`.
    pub(super) fn members(&self, place: Place, extent: Extent) -> impl Iterator<Item = (Text, Place)> {
        let mut next = place + 1;
        (0..extent.count).filter_map(move |_| {
            let Value::Text(key) = self.at(next) else { return None };
            let value = next + 1;
            next = self.after(value);
            Some((key, value))
        })
    }

    /// The value of the last member called `name`, which is the one that a Python dictionary keeps.
    pub(super) fn member(&self, place: Place, name: &str) -> Option<Place> {
        let Value::Object(extent) = self.at(place) else { return None };
        let mut scratch = String::new();
        let found = self.members(place, extent).filter(|(key, _)| self.text(*key, &mut scratch) == name);
        found.last().map(|(_, value)| value)
    }

    /// The characters of a string, unescaped into `scratch` if necessary.
    pub(super) fn text<'b>(&'b self, text: Text, scratch: &'b mut String) -> &'b str {
        let raw = self.span(text.span);
        if !text.escaped {
            return raw;
        }
        scratch.clear();
        unescape(raw, scratch);
        scratch
    }

    pub(super) fn span(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: Vec<Value>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Skips `byte` if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        self.skip_blanks();
        match self.peek()? {
            b'"' => self.string(),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b't' => self.word("true", Value::Boolean(true)),
            b'f' => self.word("false", Value::Boolean(false)),
            b'n' => self.word("null", Value::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Option<()> {
        let end = self.at + word.len();
        if self.text.as_bytes().get(self.at..end)? != word.as_bytes() {
            return None;
        }
        self.at = end;
        self.values.push(value);
        Some(())
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        let place = self.open(depth)?;
        let mut count = 0;
        self.skip_blanks();
        if !self.take(b'}') {
            loop {
                self.skip_blanks();
                (self.peek()? == b'"').then_some(())?;
                self.string()?;
                self.skip_blanks();
                self.take(b':').then_some(())?;
                self.value(depth + 1)?;
                count += 1;
                self.skip_blanks();
                if self.take(b'}') {
                    break;
                }
                self.take(b',').then_some(())?;
            }
        }
        let end = u32::try_from(self.values.len()).ok()?;
        *self.values.get_mut(place)? = Value::Object(Extent { count, end });
        Some(())
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        let place = self.open(depth)?;
        let mut count = 0;
        self.skip_blanks();
        if !self.take(b']') {
            loop {
                self.value(depth + 1)?;
                count += 1;
                self.skip_blanks();
                if self.take(b']') {
                    break;
                }
                self.take(b',').then_some(())?;
            }
        }
        let end = u32::try_from(self.values.len()).ok()?;
        *self.values.get_mut(place)? = Value::Array(Extent { count, end });
        Some(())
    }

    /// Skips the bracket, and reserves a position for the container.
    fn open(&mut self, depth: usize) -> Option<Place> {
        (depth < MAX_DEPTH).then_some(())?;
        self.at += 1;
        self.values.push(Value::Null);
        Some(self.values.len() - 1)
    }

    fn string(&mut self) -> Option<()> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut escaped = false;
        loop {
            let rest = bytes.get(at..)?;
            let stop = memchr::memchr2(b'"', b'\\', rest)?;
            let smallest = rest.get(..stop)?.iter().fold(u8::MAX, |smallest, byte| smallest.min(*byte));
            (smallest >= b' ').then_some(())?;
            at += stop;
            if bytes.get(at) == Some(&b'"') {
                break;
            }
            escaped = true;
            at = escape(self.text, at)?.1;
        }
        self.at = at + 1;
        let span = Span { start: u32::try_from(start).ok()?, end: u32::try_from(at).ok()? };
        self.values.push(Value::Text(Text { span, escaped }));
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut is_integer = true;
        if self.take(b'.') {
            is_integer = false;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            is_integer = false;
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let text = self.text.get(start..self.at)?;
        self.values.push(if !is_integer {
            Value::Float(text.parse().ok()?)
        } else if let Ok(number) = text.parse() {
            Value::Integer(number)
        } else {
            Value::Large(Span { start: u32::try_from(start).ok()?, end: u32::try_from(self.at).ok()? })
        });
        Some(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

/// The character of the escape at `at`, and the position after it. `None`: invalid, or half of a surrogate pair.
fn escape(text: &str, at: usize) -> Option<(char, usize)> {
    let character = match text.as_bytes().get(at + 1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(text, at),
        _ => return None,
    };
    Some((character, at + 2))
}

fn unicode_escape(text: &str, at: usize) -> Option<(char, usize)> {
    let first = code_unit(text, at)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, at + 6));
    }
    let second = code_unit(text, at + 6)?;
    if !(0xD800..0xDC00).contains(&first) || !(0xDC00..0xE000).contains(&second) {
        return None;
    }
    let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    Some((char::from_u32(code)?, at + 12))
}

/// The code unit of an escape `\uXXXX` at `at`.
fn code_unit(text: &str, at: usize) -> Option<u32> {
    if text.as_bytes().get(at..at + 2)? != b"\\u" {
        return None;
    }
    let digits = text.get(at + 2..at + 6)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Appends `raw` unescaped; its escapes have been validated by the parser.
fn unescape(raw: &str, into: &mut String) {
    let mut rest = 0;
    while let Some(found) = raw.get(rest..).and_then(|raw| memchr::memchr(b'\\', raw.as_bytes())) {
        into.push_str(raw.get(rest..rest + found).unwrap_or_default());
        let Some((character, after)) = escape(raw, rest + found) else { return };
        into.push(character);
        rest = after;
    }
    into.push_str(raw.get(rest..).unwrap_or_default());
}
