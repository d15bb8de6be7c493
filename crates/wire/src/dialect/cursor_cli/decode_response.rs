//! Decoding of plain answers: all lines of a run as one answer.

use super::decode_stream::Decoder;
use crate::dialect::StreamDecoder;
use crate::framing::{StreamError, StreamLimits};
use crate::model::{Accumulator, Response};
use alloc::vec::Vec;

/// Reads what one run of the program says.
pub(super) fn decode(body: &[u8]) -> Result<Response, StreamError> {
    let mut decoder = Decoder::new(StreamLimits::default());
    let (mut events, mut answer) = (Vec::new(), Accumulator::new());
    decoder.push(body, &mut events)?;
    decoder.finish(&mut events)?;
    events.iter().for_each(|event| answer.push(event));
    Ok(answer.response())
}
