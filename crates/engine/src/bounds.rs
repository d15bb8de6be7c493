//! Bounds on how much of a response is read, so that no server can fill the memory.

/// The maximum sizes; a longer response is an error that names the bound. All are far above what models produce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The decompressed body of a response that is not streamed.
    pub response_bytes: u64,
    /// A whole stream or audio, decompressed.
    pub stream_bytes: u64,
    /// The events of a stream.
    pub stream_events: u64,
    /// All pages of a list.
    pub list_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            response_bytes: 64 << 20,
            stream_bytes: 512 << 20,
            stream_events: 5_000_000,
            list_bytes: 256 << 20,
        }
    }
}
