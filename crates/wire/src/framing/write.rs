//! Writer of server-sent events.

use alloc::vec::Vec;

/// Appends the event `name` with `data` to `out`. Line ends in `data` become spaces: JSON has them between its tokens
/// only, where a space means the same.
pub fn write_event(name: &str, data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    out.extend(data.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    out.extend_from_slice(b"\n\n");
}
