//! Exact amounts of money, as whole numbers of a tiny fraction of a dollar.
//!
//! A price has at most 18 decimals and applies to a million tokens, so the cost of any number of tokens has at most 24.
//! Prices by the hour have no finite decimal form; they are rounded at the 24th decimal, half to even.

use std::{error, fmt, str::FromStr};

const RATE_DECIMALS: u32 = 18;
const AMOUNT_DECIMALS: u32 = 24;

/// A price of `per` units, in 10^-18 dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u128);

/// A sum of money, in 10^-24 dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(u128);

/// The error for a text that is not an amount of money: negative, not a decimal number, or finer or larger than
/// supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnAmount(String);

impl fmt::Display for NotAnAmount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` is not an amount of money: expected a decimal number of dollars, 0 or more",
            self.0
        )
    }
}

impl error::Error for NotAnAmount {}

impl Rate {
    /// Free, which differs from unknown.
    pub const FREE: Self = Self(0);

    /// The cost of `count` units at this price for `per` of them; `None` on overflow.
    pub(crate) fn times(self, count: u64, per: u64) -> Option<Amount> {
        const MILLION: u128 = 1_000_000;
        let per = u128::from(per);
        let product = self.0.checked_mul(u128::from(count))?;
        if per == MILLION {
            return Some(Amount(product));
        }
        let scaled = product.checked_mul(MILLION)?;
        let whole = scaled.checked_div(per)?;
        let twice = scaled.checked_rem(per)?.checked_mul(2)?;
        let up = twice > per || (twice == per && whole % 2 == 1);
        Some(Amount(whole.checked_add(u128::from(up))?))
    }
}

impl FromStr for Rate {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        parse(text, RATE_DECIMALS).map(Self).ok_or_else(|| NotAnAmount(text.chars().take(40).collect()))
    }
}

impl Amount {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// As an integer number of 10^-24 dollars.
    pub const fn units(self) -> u128 {
        self.0
    }

    /// This many 10^-24 dollars.
    pub const fn from_units(units: u128) -> Self {
        Self(units)
    }

    /// The sum; `None` on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

impl FromStr for Amount {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        parse(text, AMOUNT_DECIMALS).map(Self).ok_or_else(|| NotAnAmount(text.chars().take(40).collect()))
    }
}

/// `text` in units of the last of `decimals` decimals. Accepts JSON's exponents: providers report `1.5e-05`.
fn parse(text: &str, decimals: u32) -> Option<u128> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value: u128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u128::from(digit - b'0'))?;
    }
    if value == 0 {
        return Some(0);
    }
    let places = i64::from(decimals) + i64::from(exponent) - i64::try_from(fraction.len()).ok()?;
    let power = 10_u128.checked_pow(u32::try_from(places.unsigned_abs()).ok()?)?;
    if places >= 0 { value.checked_mul(power) } else { value.is_multiple_of(power).then_some(value / power) }
}

fn write(value: u128, decimals: u32, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let one = 10_u128.pow(decimals);
    let (whole, fraction) = (value / one, value % one);
    if fraction == 0 {
        return write!(formatter, "{whole}");
    }
    let digits = format!("{fraction:0width$}", width = decimals as usize);
    write!(formatter, "{whole}.{}", digits.trim_end_matches('0'))
}

/// In dollars, in full.
impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.0, AMOUNT_DECIMALS, formatter)
    }
}

/// In dollars, in full.
impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.0, RATE_DECIMALS, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn is_exact() {
        assert_eq!(
            rate("0.041666666666666664").times(3, 1_000_000).unwrap().to_string(),
            "0.000000124999999999999992"
        );
        assert_eq!(rate("2.5").times(1_000_000, 1_000_000).unwrap().to_string(), "2.5");
        assert_eq!(rate("10").times(3, 1_000).unwrap().to_string(), "0.03");
        assert_eq!(rate("0").times(u64::MAX, 1_000_000), Some(Amount::ZERO));
    }

    #[test]
    fn infinite_decimals_round_half_to_even() {
        assert_eq!(rate("1").times(1, 3600).unwrap().to_string(), "0.000277777777777777777778");
        let half = |text: &str| rate(text).times(1, 2_000_000).unwrap().to_string();
        assert_eq!(half("0.000000000000000001"), "0");
        assert_eq!(half("0.000000000000000003"), "0.000000000000000000000002");
    }

    #[test]
    fn amounts_parse_as_people_and_providers_write_them() {
        for (text, expected) in
            [("1.5e-05", "0.000015"), ("15E2", "1500"), (".5", "0.5"), ("7.", "7"), ("0e99", "0")]
        {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), expected, "{text}");
        }
        for text in ["", ".", "-1", "+1", "1,5", "NaN", "1e", "1e-99", "1e99", "1e99999999999", "１"] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
        assert_eq!(
            "-1".parse::<Rate>().unwrap_err().to_string(),
            "`-1` is not an amount of money: expected a decimal number of dollars, 0 or more"
        );
    }

    #[test]
    fn an_overflow_is_not_an_amount() {
        assert_eq!(rate("1000000").times(u64::MAX, 1_000_000), None);
    }
}
