//! What the dialect writes, it reads again as it was, in both directions.

use super::dialect;
use super::strategies::{request, response};
use super::stream::{decode, whole};
use crate::streams::{accumulate, streamed, written};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::dialect::registry::find;
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::framing::{StreamError, StreamLimits};
use ferrule_wire::model::{PartKind, Request, replay};
use ferrule_wire::operation::OperationKind;
use proptest::prelude::*;

pub(super) fn through(dialect: &dyn Dialect, request: &Request) -> Request {
    let encoded = dialect.encode_request(request, EncodeOptions::REFUSE).unwrap();
    assert!(encoded.dropped.is_empty());
    let mut read = dialect.decode_request(&encoded.body).unwrap();
    // Where model and stream stand in the address, a server takes them from there.
    let endpoint = dialect.endpoint(encoded.path.split('?').next().unwrap()).unwrap();
    assert_eq!(endpoint.operation, OperationKind::Chat);
    if let Some(model) = endpoint.model {
        read.model = model.into_owned();
    }
    read.stream = endpoint.stream.unwrap_or(read.stream);
    read
}

/// The same stream without `alt=sse`.
fn as_array(body: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(body).unwrap();
    let frames: Vec<_> = text.split("\r\n\r\n").filter_map(|frame| frame.strip_prefix("data: ")).collect();
    format!("[{}\n]\n", frames.join("\r\n,")).into_bytes()
}

/// Without the ids of calls, which Vertex AI refuses for models before Gemini 3.
fn without_ids(mut request: Request) -> Request {
    for part in request.messages.iter_mut().flat_map(|message| &mut message.content) {
        match &mut part.kind {
            PartKind::ToolCall(call) => call.id.clear(),
            PartKind::ToolResult(result) => result.tool_call_id.clear(),
            _ => {}
        }
    }
    request
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(request in request()) {
        prop_assert_eq!(&through(find("gemini").unwrap(), &request), &request);
        let read = through(find("vertex").unwrap(), &request);
        prop_assert_eq!(without_ids(read), without_ids(request));
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(response in response()) {
        let body = dialect().encode_response(&response);
        prop_assert_eq!(dialect().decode_response(&body).unwrap(), response);
    }

    #[test]
    fn a_stream_is_read_as_the_answer_it_was_made_of(response in response(), size in 1..60usize) {
        let body = streamed(dialect(), &response);
        let (events, outcome) = whole(&body);
        prop_assert_eq!(outcome, Ok(()));
        prop_assert_eq!(accumulate(&events), response);
        prop_assert_eq!(&decode(body.chunks(size), StreamLimits::default()).0, &events);
        let array = as_array(&body);
        prop_assert_eq!(decode(array.chunks(size), StreamLimits::default()), (events, Ok(())));
    }

    #[test]
    fn what_is_cut_off_before_its_end_is_an_interruption(response in response(), at in any::<prop::sample::Index>()) {
        let body = written(dialect(), &replay(&response, |text| vec![text]));
        // The last frame has the reasons; without its line ends it is whole.
        let last = body.windows(6).rposition(|window| window == b"data: ").unwrap();
        let cut = body.get(..at.index(last.max(1))).unwrap();
        prop_assert_eq!(whole(cut).1, Err(StreamError::Interrupted));
    }
}
