//! JSON of an archive as a value, with limits: an archive may be anybody's, and a value takes a hundred times as much memory as its text.

use serde_json::Value;

use crate::part::{self, Keep};

/// The most bytes of a text.
const MAX_BYTES: usize = 16 << 20;
/// The most members and elements. An object of an API server has a few thousand, and the report of a large run a hundred thousand.
const MAX_VALUES: usize = 1_000_000;

/// Decodes a text. The error says why there is no value.
pub(crate) fn parse(json: &[u8]) -> Result<Value, String> {
    parse_part(json, Keep::All)
}

/// Decodes a part of a text.
pub(crate) fn parse_part(json: &[u8], keep: Keep) -> Result<Value, String> {
    if json.len() > MAX_BYTES {
        return Err(format!("it has {} bytes, and at most {MAX_BYTES} are decoded", json.len()));
    }
    // Those within strings count, too: texts with so many are as odd.
    let values = json.iter().filter(|byte| matches!(byte, b'{' | b'[' | b',' | b':')).count();
    if values > MAX_VALUES {
        return Err(format!("it has more than {MAX_VALUES} values"));
    }
    part::decode(json, keep).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_much_memory_is_no_value() {
        assert_eq!(parse(br#"{"a":[1]}"#), Ok(serde_json::json!({"a": [1]})));
        let many = format!("[{}0]", r#"{"":0},"#.repeat(MAX_VALUES / 3));
        assert!(parse(many.as_bytes()).is_ok());
        let more = format!("[{}0]", r#"{"":0},"#.repeat(MAX_VALUES / 3 + 1));
        assert_eq!(parse(more.as_bytes()), Err("it has more than 1000000 values".into()));
        let large = format!(r#""{}""#, "x".repeat(MAX_BYTES));
        assert!(parse(large.as_bytes()).expect_err("large").contains("16777216 are decoded"));
    }
}
