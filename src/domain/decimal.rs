//! Decimal numbers that are stored and returned exactly: a measurement of 12.50 stays 12.50.

use std::str::FromStr as _;

use bigdecimal::{BigDecimal, Zero as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most digits before the point.
pub const WHOLE_DIGITS: usize = 15;
/// The most digits after the point.
pub const FRACTION_DIGITS: i64 = 6;

/// The longest JSON number with an exponent that is read.
const MAX_JSON_NUMBER: usize = 64;

/// A decimal number. In JSON it is written as a string, and read from a string or a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(BigDecimal);

/// The error of a text that is not such a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a decimal number has at most 15 digits before and 6 after the point, and no exponent")]
pub struct NotADecimal;

impl Decimal {
    /// Reads a number such as `-12.50`.
    ///
    /// # Errors
    /// Every other text, also one with an exponent, a leading zero or too many digits.
    pub fn parse(text: &str) -> Result<Self, NotADecimal> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let fraction_fits = fraction.is_none_or(|fraction| {
            all_digits(fraction) && i64::try_from(fraction.len()).is_ok_and(|len| len <= FRACTION_DIGITS)
        });
        // As in JSON, so that a number is answered with the digits that it was given with.
        let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
        if !all_digits(whole) || has_leading_zero || whole.len() > WHOLE_DIGITS || !fraction_fits {
            return Err(NotADecimal);
        }
        BigDecimal::from_str(text).map(Self).ok().ok_or(NotADecimal)
    }

    /// Reads a number of a JSON text, with the digits that it was written with. An exponent is resolved, and zeros
    /// beyond the last digit that is kept are left out: `1e-5` is 0.00001.
    ///
    /// # Errors
    /// A number with more digits than a decimal number has.
    pub fn of_json_number(text: &str) -> Result<Self, NotADecimal> {
        let written_out = match text.split_once(['e', 'E']) {
            None => text.to_owned(),
            Some((_, exponent)) => {
                // A larger exponent has too many digits, and writing them out would take memory. Reading very many digits
                // takes long.
                let is_small = exponent.parse::<i8>().is_ok_and(|exponent| exponent.unsigned_abs() <= 30);
                if !is_small || text.len() > MAX_JSON_NUMBER {
                    return Err(NotADecimal);
                }
                BigDecimal::from_str(text).ok().ok_or(NotADecimal)?.to_plain_string()
            }
        };
        let mut digits = written_out.as_str();
        let fraction_of = |digits: &str| digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        while i64::try_from(fraction_of(digits)).is_ok_and(|len| len > FRACTION_DIGITS) {
            digits = digits.strip_suffix('0').ok_or(NotADecimal)?;
        }
        Self::parse(digits)
    }

    /// The number for arithmetic.
    pub fn exact(&self) -> &BigDecimal {
        &self.0
    }
}

impl From<BigDecimal> for Decimal {
    fn from(number: BigDecimal) -> Self {
        Self(number)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match usize::try_from(self.0.fractional_digit_count()) {
            // `to_plain_string` writes every zero as `0`.
            Ok(digits) if self.0.is_zero() => write!(f, "{:.digits$}", 0.0),
            _ => f.write_str(&self.0.to_plain_string()),
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => {
                return Self::of_json_number(&number.to_string()).map_err(serde::de::Error::custom);
            }
            _ => return Err(serde::de::Error::custom(NotADecimal)),
        };
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_comes_back_as_it_was_written() {
        for text in ["0", "0.00", "12.50", "-0.000001", "999999999999999.999999", "-3"] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
            let json = serde_json::to_string(&Decimal::parse(text).unwrap()).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Decimal>(&json).unwrap().to_string(), text);
        }
        assert_eq!(serde_json::from_str::<Decimal>("0.1").unwrap().to_string(), "0.1");
        assert_eq!(serde_json::from_str::<Decimal>("-7").unwrap().to_string(), "-7");
        assert_eq!(serde_json::from_str::<Decimal>("0.000001").unwrap().to_string(), "0.000001");
        for (json, text) in [
            ("12.50", "12.50"),
            ("1e-5", "0.00001"),
            ("-1.5E2", "-150"),
            ("2.50e1", "25.0"),
            ("7.00000000", "7.000000"),
        ] {
            assert_eq!(Decimal::of_json_number(json).unwrap().to_string(), text);
        }
        let long = format!("0.{}e1", "3".repeat(250_000));
        assert_eq!(Decimal::of_json_number(&long), Err(NotADecimal));
        for json in ["1e-7", "1e-400", "1e400", "1e99999999999999999999", "1e15", "0.1234567"] {
            assert_eq!(Decimal::of_json_number(json), Err(NotADecimal), "{json}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "-", ".5", "5.", "1e3", "1_000", "+1", "٣", "1.2.3", "1234567890123456", "0.1234567", "NaN"]
        {
            assert_eq!(Decimal::parse(text), Err(NotADecimal), "{text}");
        }
        for json in ["1e300", "1e-7", "true", "[]", "null", "{}"] {
            assert!(serde_json::from_str::<Decimal>(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn numbers_keep_their_order(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000) {
            let decimal = |n: i64| Decimal::parse(&format!("{}{}.{:03}", if n < 0 { "-" } else { "" }, n.abs() / 1000, n.abs() % 1000)).unwrap();
            prop_assert_eq!(decimal(a).cmp(&decimal(b)), a.cmp(&b));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,30}") {
            let _ = Decimal::parse(&text);
        }
    }
}
