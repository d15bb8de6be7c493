//! Pseudo-random numbers and ids, the same in every run.

/// FNV-1a, so that ids do not depend on the Rust version.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325 ^ mix(seed), |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A number that identifies a request. With some dialects the model is in the URL, and the bodies are equal.
pub(crate) fn number(seed: u64, model: &str, body: &[u8]) -> u64 {
    hash(hash(seed, body), model.as_bytes())
}

/// The finisher of SplitMix64.
const fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A number from 0 up to but excluding 1 for the `count`th draw of the sequence `stream`.
pub(crate) fn share(seed: u64, stream: u64, count: u64) -> f64 {
    let drawn = mix(mix(mix(seed) ^ stream) ^ count);
    (drawn >> 11) as f64 / (1u64 << 53) as f64
}

/// 24 characters for an id.
pub(crate) fn id(number: u64) -> String {
    format!("{:016x}{:08x}", mix(number), mix(number ^ 1) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_differ_by_model_body_and_seed() {
        let numbers =
            [number(0, "a", b"{}"), number(0, "b", b"{}"), number(0, "a", b"[]"), number(1, "a", b"{}")];
        let different: std::collections::HashSet<_> = numbers.iter().collect();
        assert_eq!(different.len(), numbers.len());
        assert_eq!(number(0, "a", b"{}"), numbers[0]);
    }
}
