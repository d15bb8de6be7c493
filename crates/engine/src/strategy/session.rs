//! Sessions: assignment of conversations to targets, by rendezvous hashing.
//!
//! Each conversation draws a number for each target, and belongs to the one with the lowest. If a target leaves, only
//! its conversations move; those of a new target come evenly from all others. Nothing is stored, and every process
//! draws the same numbers.

use super::target::TargetSnapshot;

/// The hash of a conversation's key, or of a target's name: the same on every machine and in every release.
pub fn session_hash(key: &str) -> u64 {
    let mut digest = Digest::default();
    digest.add(key.as_bytes());
    digest.finish()
}

/// An incremental hash.
pub(crate) struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// FNV-1a; the mixing step spreads its last bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    }

    pub(crate) fn finish(self) -> u64 {
        mix(self.0)
    }
}

/// The conversation's distance from the target: an exponential random time at the rate of the weight.
pub(super) fn distance(session: u64, target: &TargetSnapshot) -> f64 {
    exponential(mix(session ^ mix(target.identity))) / target.weight
}

/// The finalizer of splitmix64: each bit of the input changes half of the output's.
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// An exponential random number, up to a constant factor, from uniform bits: `-log2(u)`.
pub(super) fn exponential(bits: u64) -> f64 {
    // 52 bits in (0, 1), never 0.
    let uniform = ((bits >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64);
    -log2(uniform)
}

/// The binary logarithm of a normal number above 0, within 2e-6. The standard library's takes five times as long, and
/// its last bits differ between platforms.
fn log2(number: f64) -> f64 {
    let bits = number.to_bits();
    let exponent = (bits >> 52) as i64 - 1023;
    let mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    // log2(m) = 2/ln(2) * atanh((m-1)/(m+1)), with the mantissa centred geometrically in 1..2.
    let (exponent, mantissa) = if mantissa > core::f64::consts::SQRT_2 {
        (exponent + 1, mantissa * 0.5)
    } else {
        (exponent, mantissa)
    };
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let series = 1.0 + square * (1.0 / 3.0 + square * (0.2 + square * (1.0 / 7.0 + square / 9.0)));
    exponent as f64 + 2.0 * core::f64::consts::LOG2_E * ratio * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_close_to_the_standard_librarys() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..10_000 {
            let number = random.f64().max(1e-15);
            assert!((log2(number) - number.log2()).abs() < 2e-6, "{number}");
        }
        assert!(exponential(0).is_finite() && exponential(u64::MAX) >= 0.0);
    }

    #[test]
    fn hashes_are_stable() {
        assert_eq!(session_hash("conversation-1"), 480_992_307_257_116_365);
    }
}
