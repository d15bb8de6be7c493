//! Gzip: compresses a streamed body chunk by chunk.

use crate::body::Step;
use bytes::Bytes;

/// Flushes each chunk so that it can be read as soon as it arrives.
pub(crate) struct Gzipped<S> {
    steps: S,
    encoder: Option<flate2::write::GzEncoder<Vec<u8>>>,
}

impl<S: Iterator<Item = Step>> Gzipped<S> {
    pub(crate) fn new(steps: S) -> Self {
        Self { steps, encoder: Some(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast())) }
    }
}

impl<S: Iterator<Item = Step>> Iterator for Gzipped<S> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        use std::io::Write as _;
        match self.steps.next() {
            Some(Step::Bytes(bytes)) => {
                let encoder = self.encoder.as_mut()?;
                // Writing to a vector does not fail.
                encoder.write_all(&bytes).and_then(|()| encoder.flush()).ok()?;
                Some(Step::Bytes(std::mem::take(encoder.get_mut()).into()))
            }
            Some(other) => Some(other),
            None => {
                let rest = self.encoder.take()?.finish().ok()?;
                Some(Step::Bytes(Bytes::from(rest)))
            }
        }
    }
}
