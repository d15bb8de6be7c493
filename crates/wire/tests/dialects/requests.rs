//! Requests as a dialect writes them: carried whole, refused, or with something left out.

use crate::streams::{self, Read};
use ferrule_wire::dialect::Dialect;
use ferrule_wire::encode::EncodeOptions;
use ferrule_wire::model::Request;

/// The events of a body in pieces of `size`, and how it ended.
pub(crate) fn decode(dialect: &dyn Dialect, body: &[u8], size: usize) -> Read {
    streams::decode(dialect, body.chunks(size.max(1)))
}

/// The body of a request that can be carried whole.
pub(crate) fn written(dialect: &dyn Dialect, request: &Request) -> String {
    let encoded = dialect.encode_request(request, EncodeOptions::REFUSE).unwrap();
    assert!(encoded.dropped.is_empty());
    String::from_utf8(encoded.body).unwrap()
}

/// The field that a request is refused for; left out instead, it is the only one named.
pub(crate) fn refused(dialect: &dyn Dialect, request: &Request) -> String {
    let refusal = dialect.encode_request(request, EncodeOptions::REFUSE).unwrap_err();
    assert_eq!(refusal.dialect, dialect.name());
    let encoded = dialect.encode_request(request, EncodeOptions::DROP).unwrap();
    assert_eq!(encoded.dropped, std::slice::from_ref(&refusal));
    assert!(dialect.decode_request(&encoded.body).is_ok());
    refusal.field
}

/// The only field that is left out, with a word about it, of a request that is not refused.
pub(crate) fn noted(dialect: &dyn Dialect, request: &Request) -> String {
    let encoded = dialect.encode_request(request, EncodeOptions::REFUSE).unwrap();
    let [dropped] = encoded.dropped.as_slice() else { panic!("{:?}", encoded.dropped) };
    dropped.field.clone()
}
