//! Quantities of resources, which have several spellings: `1000m` is `1`, and `1024Mi` is `1Gi`.

use serde_json::Value;

/// The names of what has quantities as its members.
const PARENTS: &[&str] = &[
    "limits",
    "requests",
    "capacity",
    "allocatable",
    "allocatedResources",
    "hard",
    "used",
    "overhead",
    "default",
    "defaultRequest",
    "max",
    "min",
];

/// Whether two values at a path are the same quantity.
pub(super) fn are_same(path: &str, before: &Value, after: &Value) -> bool {
    let parent = match path.strip_suffix("\"]").and_then(|path| path.rfind("[\"")) {
        Some(name) => &path[..name],
        None => path.rsplit_once('.').map_or("", |(parent, _)| parent),
    };
    let name = parent.rsplit('.').next().unwrap_or_default();
    PARENTS.contains(&name) && nanos(before).is_some_and(|quantity| nanos(after) == Some(quantity))
}

/// A quantity, in billionths. `None` if it is none, or too large.
fn nanos(value: &Value) -> Option<i128> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || *at == 0 && matches!(c, '+' | '-')))
        .map_or(text.len(), |(at, _)| at);
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let power = |base: i128, exponent: usize| base.checked_pow(u32::try_from(exponent).ok()?);
    let (binary, decimal) = match suffix {
        "" => (0, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        _ => match (["M", "G", "T", "P", "E"].iter().position(|known| *known == suffix), suffix) {
            (Some(at), _) => (0, 6 + 3 * i32::try_from(at).ok()?),
            (None, suffix) => {
                match ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|known| *known == suffix) {
                    Some(at) => (10 * (at + 1), 0),
                    None => (0, suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
                }
            }
        },
    };
    // Billionths, and a digit less for each of the fraction.
    let decimal = i32::checked_add(decimal, 9)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let scaled = digits.checked_mul(power(2, binary)?)?;
    let ten = power(10, usize::try_from(decimal.unsigned_abs()).ok()?)?;
    if decimal >= 0 { scaled.checked_mul(ten) } else { (scaled % ten == 0).then_some(scaled / ten) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_have_several_spellings() {
        for (one, other) in [
            (json!("1000m"), json!("1")),
            (json!("0.5"), json!("500m")),
            (json!("1Gi"), json!("1024Mi")),
            (json!("16Gi"), json!("16777216Ki")),
            (json!("1.5Gi"), json!("1536Mi")),
            (json!("1k"), json!(1000)),
            (json!("1e3"), json!("1k")),
            (json!("1E3"), json!(1000)),
            (json!("2E"), json!("2000P")),
            (json!("-0.1"), json!("-100m")),
            (json!("100n"), json!("0.1u")),
        ] {
            assert!(are_same("spec.resources.limits.cpu", &one, &other), "{one} {other}");
            assert!(are_same("status.capacity[\"a.b/gpu\"]", &other, &one), "{one} {other}");
            assert!(!are_same("data.cpu", &one, &other), "it may be any text");
        }
        for (one, other) in [
            (json!("1000m"), json!("1001m")),
            (json!("1G"), json!("1Gi")),
            (json!("1"), json!("one")),
            (json!(""), json!("0x0")),
            (json!("m"), json!("m")),
            (json!("9e99999999999"), json!("9e99999999999")),
            (json!("1e38"), json!("1e39")),
            (json!([1]), json!([1])),
        ] {
            assert!(!are_same("limits.cpu", &one, &other), "{one} {other}");
        }
    }
}
