//! Kubernetes quantities (`7500m`, `32768Mi`): amounts of cores, bytes and other units.
//!
//! This module accepts only the canonical form without an exponent, which has no fraction, and converts it exactly.
//! The API server sends this form for built-in types. Other valid forms (`1.5Gi`, `12e6`, `-1`) are not accepted.
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.

use alloc::string::String;

/// A quantity, as a field of a resource. It accepts a JSON string or number, keeps its text, and is written as a
/// string.
///
/// The default, for an absent field, is the empty string, which is not a quantity. For fields that the API server
/// always sends as strings, such as those of built-in types, a `String` with [`parse`] is enough, and 0.4 KB smaller
/// in `examples/nodes`.
///
/// ```
/// use wagather::{Fields, Quantity, json};
///
/// #[derive(Default, Fields)]
/// struct Limits {
///     cpu: Quantity,
///     memory: Quantity,
/// }
///
/// let limits: Limits = json::from_str(r#"{"cpu": "7500m", "memory": "1Gi"}"#)?;
/// assert_eq!((limits.cpu.milli_value(), limits.memory.value()), (Some(7500), Some(1_073_741_824)));
/// # Ok::<(), wagather::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantity(pub(crate) String);

impl Quantity {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value in units, such as bytes: [`parse`] with one part per unit.
    pub fn value(&self) -> Option<u64> {
        parse(&self.0, 1)
    }

    /// The value in thousandths, such as millicores: [`parse`] with 1000 parts per unit.
    pub fn milli_value(&self) -> Option<u64> {
        parse(&self.0, 1000)
    }
}

/// The decimal prefixes, from 10⁻⁹ to 10¹⁸. Each is 1000 times the one before; the unit itself, between `m` and `k`,
/// has no prefix.
const PREFIXES: &[u8] = b"numkMGTPE";
const KILO: usize = 3;

/// The quantity in parts of a unit (1000 for millicores), rounded up as Kubernetes does. `None` if the text is not a
/// quantity in canonical form, or the result does not fit into `u64`.
// `inline`: 4 bytes less in `examples/nodes`.
#[inline]
pub fn parse(text: &str, parts: u64) -> Option<u64> {
    let mut number = 0;
    let mut suffix = text.as_bytes();
    while let [digit @ b'0'..=b'9', rest @ ..] = suffix {
        number = times(number, 10)?.checked_add(u64::from(digit - b'0'))?;
        suffix = rest;
    }
    if suffix.len() == text.len() {
        return None;
    }
    number = times(number, parts)?;
    let (base, prefix) = match *suffix {
        [] => return Some(number),
        [prefix] => (1000, prefix),
        [b'K', b'i'] => (1024, b'k'),
        [prefix @ b'E'..=b'T', b'i'] => (1024, prefix),
        _ => return None,
    };
    let power = PREFIXES.iter().position(|known| *known == prefix)?;
    for _ in power..KILO {
        number = number.div_ceil(base);
    }
    for _ in KILO..=power {
        number = times(number, base)?;
    }
    Some(number)
}

/// `checked_mul` without the 128-bit multiplication that WebAssembly compiles it to.
fn times(number: u64, factor: u64) -> Option<u64> {
    (number <= most(factor)).then(|| number.wrapping_mul(factor))
}

/// A separate function, because otherwise the compiler recognizes the pattern and uses that multiplication.
#[inline(never)]
fn most(factor: u64) -> u64 {
    u64::MAX / factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_quantities_are_read() {
        for (text, bytes) in [
            ("0", 0),
            ("16393244672", 16_393_244_672),
            ("128849018880m", 128_849_019),
            ("1m", 1),
            ("1500u", 1),
            ("1000001u", 2),
            ("2000000000n", 2),
            ("4k", 4_000),
            ("16384256Ki", 16_777_478_144),
            ("32768Mi", 34_359_738_368),
            ("5M", 5_000_000),
            ("64Gi", 68_719_476_736),
            ("7G", 7_000_000_000),
            ("2Ti", 2_199_023_255_552),
            ("3T", 3_000_000_000_000),
            ("1Pi", 1_125_899_906_842_624),
            ("1P", 1_000_000_000_000_000),
            ("15Ei", 17_293_822_569_102_704_640),
            ("18E", 18_000_000_000_000_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse(text, 1), Some(bytes), "{text}");
        }
        for (text, millicores) in
            [("8", 8_000), ("7500m", 7_500), ("3920m", 3_920), ("1", 1_000), ("100u", 1), ("1k", 1_000_000)]
        {
            assert_eq!(parse(text, 1000), Some(millicores), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_exactly_is_none() {
        for text in [
            "",
            "-1",
            "+1",
            "1.5",
            "1e3",
            "12E6",
            "Mi",
            "1 Gi",
            "1Gii",
            "1mi",
            "1ki",
            "1K",
            "1Gi ",
            "1x",
            "16Ei",
            "19E",
            "18446744073709551616",
            "99999999999999999999",
        ] {
            assert_eq!(parse(text, 1), None, "{text}");
        }
        assert_eq!(parse("18446744073709551615", 1000), None);
    }

    #[test]
    fn a_quantity_is_read_in_units_and_thousandths() {
        let quantity = Quantity("1500m".into());
        assert_eq!(
            (quantity.as_str(), quantity.value(), quantity.milli_value()),
            ("1500m", Some(2), Some(1500))
        );
        assert_eq!((Quantity::default().value(), Quantity::default().milli_value()), (None, None));
    }
}
