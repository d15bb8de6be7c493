//! Bounds: how much of a response is read, so that no server can fill the memory.

/// How much is read; what is longer is an error that names the bound. All are far above what models say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The body of a plain response, unpacked.
    pub response_bytes: u64,
    /// All of a stream, and of audio, unpacked.
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
