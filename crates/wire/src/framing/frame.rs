//! Frames of an event stream.

/// One thing an event stream says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// An event.
    Event {
        /// Its type, `message` where it has none.
        event: &'a str,
        /// Its data lines, joined by line feeds.
        data: &'a str,
        /// The last event id, empty where there was none.
        id: &'a str,
    },
    /// JSON outside any field: an error body, or a whole answer, sent where a stream was expected.
    StrayJson(&'a str),
}
