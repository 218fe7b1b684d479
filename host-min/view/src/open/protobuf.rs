//! As much of Kubernetes' protobuf as a review needs: kubectl sends reviews in it, and accepts JSON as the answer.
//!
//! A message is a sequence of fields, each with a number and a wire type (protobuf's encoding page). An object follows four bytes of
//! magic, as the field 2 of an envelope (`runtime.Unknown`).

const MAGIC: &[u8] = b"k8s\0";
const RAW: u64 = 2;

/// The object in a body, if that is protobuf.
pub(super) fn object(body: &[u8]) -> Option<&[u8]> {
    message(body.strip_prefix(MAGIC)?, RAW)
}

/// The text of a field within fields: the last number is the text's.
pub(super) fn text<'a>(mut bytes: &'a [u8], numbers: &[u64]) -> Option<&'a str> {
    for number in numbers {
        bytes = message(bytes, *number)?;
    }
    std::str::from_utf8(bytes).ok()
}

/// The bytes of a field that has a length.
fn message(mut bytes: &[u8], wanted: u64) -> Option<&[u8]> {
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let (number, wire_type) = (key >> 3, key & 7);
        let len = match wire_type {
            0 => {
                varint(&mut bytes)?;
                0
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (value, rest) = bytes.split_at_checked(len)?;
        if number == wanted && wire_type == 2 {
            return Some(value);
        }
        bytes = rest;
    }
    None
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found() {
        // Field 1 is a number, 2 is a message whose field 3 is a text.
        let body = b"k8s\0\x08\x96\x01\x12\x0a\x1a\x08listpods";
        let object = object(body).expect("an object");
        assert_eq!(text(object, &[3]), Some("listpods"));
        assert_eq!(text(object, &[4]), None);
    }

    #[test]
    fn broken_messages_have_nothing() {
        for body in [
            &b"k8s\0\x12\xff"[..],
            b"k8s\0\x12\x05a",
            b"k8s\0\x13",
            b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"{}",
        ] {
            assert_eq!(object(body), None, "{body:?}");
        }
    }
}
