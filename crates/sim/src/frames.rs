//! Frames: faults that depend on frame boundaries.

use ferrule_wire::server::EmulatedProvider;

/// How a dialect's streams are divided into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frames {
    /// Server-sent events: each ends with an empty line.
    Events,
    /// Server-sent events whose lines end in CR LF, as in HTTP: Google's.
    GoogleEvents,
    /// One JSON value per line.
    Lines,
    /// AWS event-stream: each frame begins with its length, four bytes, and ends with a checksum.
    Binary,
}

impl Frames {
    pub(crate) fn for_provider(provider: EmulatedProvider) -> Self {
        match provider.stream_media_types().first().copied() {
            Some("application/vnd.amazon.eventstream") => Self::Binary,
            Some("application/x-ndjson") => Self::Lines,
            _ if matches!(provider.format(), "gemini") => Self::GoogleEvents,
            _ => Self::Events,
        }
    }

    /// Makes the last frame invalid.
    pub(crate) fn spoil(self, frames: &mut Vec<u8>) {
        if self == Self::Binary {
            if let Some(checksum) = frames.last_mut() {
                *checksum ^= 0xff;
            }
            return;
        }
        let brace = frames.iter().rposition(|byte| *byte == b'}').unwrap_or(frames.len() / 2);
        frames.truncate(brace);
        frames.push(b']');
        frames.extend_from_slice(self.end());
    }

    /// Removes the last frame, which is the dialect's end marker.
    pub(crate) fn drop_last(self, frames: &mut Vec<u8>) {
        let end = match self {
            Self::Binary => last_binary(frames),
            _ => after_last(frames, self.end()),
        };
        frames.truncate(end);
    }

    /// The end of a text frame.
    const fn end(self) -> &'static [u8] {
        match self {
            Self::Events => b"\n\n",
            Self::GoogleEvents => b"\r\n\r\n",
            Self::Lines => b"\n",
            Self::Binary => b"",
        }
    }

    /// The beginning and the end of a frame of padding.
    pub(crate) const fn around_padding(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Self::Events => (b"data: {\"padding\":\"", b"\"}\n\n"),
            Self::GoogleEvents => (b"data: {\"padding\":\"", b"\"}\r\n\r\n"),
            Self::Lines => (b"{\"padding\":\"", b"\"}\n"),
            // A frame with the maximum length.
            Self::Binary => (&[0xff; 4], b""),
        }
    }
}

/// The start of the last frame: after the end of the previous one.
fn after_last(frames: &[u8], mark: &[u8]) -> usize {
    let before = frames.len().saturating_sub(mark.len());
    let end =
        frames.get(..before).and_then(|frames| frames.windows(mark.len()).rposition(|part| part == mark));
    end.map_or(0, |end| end + mark.len())
}

fn last_binary(frames: &[u8]) -> usize {
    let mut begin = 0;
    while let Some(length) = frames.get(begin..).and_then(|rest| rest.first_chunk::<4>()) {
        let next = begin + usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX).max(4);
        if next >= frames.len() {
            break;
        }
        begin = next;
    }
    begin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_frame_is_removed() {
        let cases: [(Frames, &[u8], &[u8]); 5] = [
            (Frames::Events, b"data: 1\n\ndata: 2\n\n", b"data: 1\n\n"),
            (Frames::Events, b"data: 1\n\n", b""),
            (Frames::GoogleEvents, b"data: 1\r\n\r\ndata: 2\r\n\r\n", b"data: 1\r\n\r\n"),
            (Frames::Lines, b"{}\n{}\n", b"{}\n"),
            (Frames::Binary, b"\0\0\0\x05a\0\0\0\x06bc", b"\0\0\0\x05a"),
        ];
        for (kind, frames, expected) in cases {
            let mut frames = frames.to_vec();
            kind.drop_last(&mut frames);
            assert_eq!(frames, expected, "{kind:?}");
        }
    }
}
