//! Delivered part of a streamed answer, as far as another target needs it to continue.

use ferrule_wire::model::StreamEvent;

/// What has been delivered so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delivered {
    /// The text, if all of it is in one part.
    text: String,
    text_part: Option<u32>,
    /// The index after the last part.
    end: u32,
    /// Whether a tool was called, even in part: the caller may have acted on it.
    has_calls: bool,
    /// Whether there is anything besides text and reasoning, which a prefix cannot hold.
    has_more: bool,
    is_finished: bool,
}

impl Delivered {
    /// Records events that are delivered.
    pub(crate) fn add(&mut self, events: &mut [StreamEvent]) {
        for event in events {
            match event {
                StreamEvent::TextDelta { choice: 0, part, text } => {
                    self.has_more |= *self.text_part.get_or_insert(*part) != *part;
                    self.text.push_str(text);
                }
                StreamEvent::ToolCallStart { .. }
                | StreamEvent::ToolCallDelta { .. }
                | StreamEvent::ToolCallEnd { .. } => self.has_calls = true,
                StreamEvent::Finish { .. } => self.is_finished = true,
                StreamEvent::TextDelta { .. }
                | StreamEvent::RefusalDelta { .. }
                | StreamEvent::Part { .. }
                | StreamEvent::PartExtra { .. } => self.has_more = true,
                _ => {}
            }
            if let Some(part) = event.part_mut() {
                self.end = self.end.max(part.saturating_add(1));
            }
        }
    }

    /// Whether another target can continue it or begin anew. `is_structured` says that the text is a typed value: two
    /// halves from different models do not fit together.
    pub(crate) fn can_go_on(&self, is_structured: bool) -> bool {
        let has_value = is_structured && !self.text.is_empty();
        !(self.is_finished || self.has_calls || has_value)
    }

    /// The text that a target can continue, if there is any. Providers refuse white space at its end.
    pub(crate) fn prefix(&self) -> Option<&str> {
        Some(self.text.trim_end()).filter(|prefix| !self.has_more && !prefix.is_empty())
    }

    /// Fits a continuation to what was delivered.
    pub(crate) fn splice(&self) -> Splice {
        let prefix = self.text.trim_end();
        Splice {
            text_part: self.text_part.unwrap_or_default(),
            base: self.end,
            own_text_part: None,
            owed: self.text.get(prefix.len()..).unwrap_or_default().to_owned(),
            echo: (prefix.len() >= SHORTEST_ECHO).then(|| (prefix.to_owned(), String::new())),
        }
    }
}

/// A text that repeats this many bytes from its beginning does not do so by chance.
const SHORTEST_ECHO: usize = 16;

/// Fits the events of a continuation to what was delivered: renumbers parts, and drops text that is there already.
#[derive(Debug)]
pub(crate) struct Splice {
    /// The part in which the text continues.
    text_part: u32,
    /// The index from which its other parts are numbered.
    base: u32,
    /// The continuation's own index of the text.
    own_text_part: Option<u32>,
    /// White space that was delivered after the prefix: the continuation may repeat it.
    owed: String,
    /// The prefix, and how much of it the continuation has repeated so far: some providers begin with it.
    echo: Option<(String, String)>,
}

impl Splice {
    /// The events to deliver.
    pub(crate) fn fit(&mut self, events: Vec<StreamEvent>) -> Vec<StreamEvent> {
        let mut fitting = Vec::with_capacity(events.len());
        for mut event in events {
            if let StreamEvent::TextDelta { part, text, .. } = &mut event
                && *self.own_text_part.get_or_insert(*part) == *part
            {
                *part = self.text_part;
                if self.echo.is_some() || !self.owed.is_empty() {
                    let new = self.new_of(text);
                    if new.is_empty() {
                        continue;
                    }
                    *text = new.into();
                }
            } else if let Some(part) = event.part_mut() {
                let is_text = Some(*part) == self.own_text_part;
                *part = if is_text { self.text_part } else { part.saturating_add(self.base) };
            } else if matches!(event, StreamEvent::Finish { .. }) {
                fitting.extend(self.held_back());
            }
            fitting.push(event);
        }
        fitting
    }

    /// The new part of `text`.
    fn new_of(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some((prefix, repeated)) = &mut self.echo {
            repeated.push_str(&text);
            if prefix.len() > repeated.len() && prefix.starts_with(&**repeated) {
                return String::new();
            }
            text = repeated.strip_prefix(&**prefix).unwrap_or(repeated).to_owned();
            self.echo = None;
        }
        let known = text.chars().zip(self.owed.chars()).take_while(|(one, other)| one == other);
        let known: usize = known.map(|(one, _)| one.len_utf8()).sum();
        if known < text.len() {
            self.owed.clear();
        } else {
            self.owed.drain(..known);
        }
        text.split_off(known)
    }

    /// Text that looked like a repetition until the answer ended.
    fn held_back(&mut self) -> Option<StreamEvent> {
        let (_, text) = self.echo.take()?;
        let text = (!text.is_empty()).then_some(text)?;
        Some(StreamEvent::TextDelta { choice: 0, part: self.text_part, text: text.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrule_wire::model::FinishReason;

    fn text(part: u32, text: &str) -> StreamEvent {
        StreamEvent::TextDelta { choice: 0, part, text: text.into() }
    }

    fn delivered(events: &[StreamEvent]) -> Delivered {
        let mut delivered = Delivered::default();
        delivered.add(&mut events.to_vec());
        delivered
    }

    fn finish() -> StreamEvent {
        StreamEvent::Finish { choice: 0, reason: FinishReason::Stop, stop_sequence: None }
    }

    fn joined(events: &[StreamEvent]) -> String {
        let of = |event: &StreamEvent| match event {
            StreamEvent::TextDelta { text, .. } => text.to_string(),
            _ => String::new(),
        };
        events.iter().map(of).collect()
    }

    #[test]
    fn tool_calls_typed_values_and_finished_answers_are_not_continued() {
        let call = StreamEvent::ToolCallDelta { choice: 0, part: 1, arguments: "{".into() };
        assert!(delivered(&[text(0, "a")]).can_go_on(false));
        assert!(!delivered(&[text(0, "a"), call]).can_go_on(false));
        assert!(!delivered(&[text(0, "{")]).can_go_on(true));
        assert!(!delivered(&[text(0, "a"), finish()]).can_go_on(false));
        let thought = StreamEvent::ReasoningDelta { choice: 0, part: 0, text: "hm".into() };
        assert!(delivered(std::slice::from_ref(&thought)).can_go_on(true), "none of the value was delivered");
        assert_eq!(delivered(&[thought, text(1, "a ")]).prefix(), Some("a"));
        assert_eq!(delivered(&[text(0, "a"), text(1, "b")]).prefix(), None);
        assert_eq!(delivered(&[text(0, " ")]).prefix(), None);
    }

    #[test]
    fn a_continuation_follows_the_delivered_part() {
        let thought = |part| StreamEvent::ReasoningDelta { choice: 0, part, text: "hm".into() };
        let mut splice = delivered(&[thought(0), text(1, "One two ")]).splice();
        let fitted = splice.fit(vec![thought(0), text(1, " three"), finish()]);
        assert_eq!(fitted, [thought(2), text(1, "three"), finish()]);
    }

    /// However a continuation is split, and whether or not it repeats the prefix or its white space.
    #[test]
    fn nothing_is_repeated_or_lost() {
        let before = "One two three four five ";
        for after in ["six seven", " six seven", "One two three four five six seven"] {
            for cut in 1..after.len() {
                let mut splice = delivered(&[text(0, before)]).splice();
                let (one, two) = after.split_at(cut);
                let events = vec![text(0, one), text(0, two), finish()];
                let said =
                    joined(&events.into_iter().flat_map(|event| splice.fit(vec![event])).collect::<Vec<_>>());
                assert_eq!(format!("{before}{said}"), "One two three four five six seven", "{after} {cut}");
            }
        }
        let mut splice = delivered(&[text(0, before)]).splice();
        assert_eq!(joined(&splice.fit(vec![text(0, "One two three"), finish()])), "One two three");
    }
}
