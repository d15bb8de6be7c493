//! Encoding of plain answers, as a server: the lines of a run.

use super::encode_stream::Encoder;
use crate::dialect::StreamEncoder;
use crate::model::{Response, replay};
use alloc::vec::Vec;

/// Writes the lines of a run that says `response`.
pub(super) fn encode(response: &Response) -> Vec<u8> {
    let mut encoder = Encoder::default();
    let mut out = Vec::new();
    replay(response, |text| alloc::vec![text]).iter().for_each(|event| encoder.push(event, &mut out));
    encoder.finish(&mut out);
    out
}
