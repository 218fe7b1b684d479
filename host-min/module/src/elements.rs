//! The element section of the engine's copy. If a module does not fill its table in order from the front, the copy
//! has the same elements in ascending order, in segments that wasm3 can read.
//!
//! wasm3 0.4.7 truncates its table after each segment that it reads, and takes an empty segment for an overflow. So a
//! valid module would lose elements, or not load.

use crate::body::Numbers;
use crate::{ModuleError, Segment, fits, leb128};
use std::collections::BTreeMap;
use wasmparser::{ElementItems, ElementKind, ElementSectionReader};

/// Checks that all segments lie within the table. Returns the contents of a section that sets the same elements in
/// ascending order, with the copy's function indices; `None` if the module's own section already does.
pub(super) fn ascending(
    module: &[u8],
    segments: &ElementSectionReader<'_>,
    table_elements: u64,
    numbers: &Numbers,
) -> Result<Option<Vec<u8>>, ModuleError> {
    let (mut elements, mut places, mut is_plain) = (BTreeMap::new(), Vec::new(), true);
    for segment in segments.clone() {
        let segment = segment?;
        let (ElementKind::Active { offset_expr, .. }, ElementItems::Functions(items)) =
            (segment.kind, segment.items)
        else {
            return Err(ModuleError::UnplacedElements);
        };
        let len = u64::from(items.count());
        let offset = fits(Segment::Elements, &offset_expr, len, table_elements)?
            .ok_or(ModuleError::ComputedAddress(Segment::Elements))?;
        places.push((offset, items));
        // Otherwise, it names its table, which is the only one.
        is_plain &= module.get(segment.range.start as usize) == Some(&0);
    }
    let is_ascending = places.iter().all(|(_, items)| items.count() > 0)
        && places.windows(2).all(|pair| {
            let end = |(offset, items): &(u64, wasmparser::SectionLimited<'_, u32>)| {
                offset + u64::from(items.count())
            };
            end(&pair[0]) <= end(&pair[1])
        });
    if is_ascending && is_plain && numbers.functions.is_empty() {
        return Ok(None);
    }
    for (offset, items) in places {
        for (index, item) in (offset..).zip(items) {
            // A later segment overwrites an earlier one.
            elements.insert(index, numbers.of(item?));
        }
    }
    Ok(Some(encoded(&elements)))
}

/// Checks that all segments with a constant address lie within the table.
pub(super) fn fit(segments: &ElementSectionReader<'_>, table_elements: u64) -> Result<(), ModuleError> {
    for segment in segments.clone() {
        let segment = segment?;
        let len = match &segment.items {
            ElementItems::Functions(items) => items.count(),
            ElementItems::Expressions(_, items) => items.count(),
        };
        if let ElementKind::Active { offset_expr, .. } = &segment.kind {
            fits(Segment::Elements, offset_expr, len.into(), table_elements)?;
        }
    }
    Ok(())
}

/// One segment for each sequence of elements without a gap.
fn encoded(elements: &BTreeMap<u64, u32>) -> Vec<u8> {
    let mut runs: Vec<(u64, Vec<u32>)> = Vec::new();
    for (&index, &function) in elements {
        match runs.last_mut() {
            Some((start, run)) if *start + run.len() as u64 == index => run.push(function),
            _ => runs.push((index, vec![function])),
        }
    }
    let mut contents = Vec::new();
    leb128(&mut contents, runs.len() as u64);
    for (start, run) in runs {
        // Table 0; i32.const start; end
        contents.extend([0, 0x41]);
        signed_leb128(&mut contents, start);
        contents.push(0x0b);
        leb128(&mut contents, run.len() as u64);
        for function in run {
            leb128(&mut contents, u64::from(function));
        }
    }
    contents
}

/// A 32-bit number in the encoding of `i32.const`.
pub(super) fn signed_leb128(out: &mut Vec<u8>, value: u64) {
    let mut value = i64::from((value as u32).cast_signed());
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == i64::from(low & 0x40 != 0).wrapping_neg() {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::{BinaryReader, Operator};

    /// Parses the contents of an element section.
    fn read(contents: &[u8]) -> Vec<(i32, Vec<u32>)> {
        let section = ElementSectionReader::new(BinaryReader::new(contents, 0)).expect("a section");
        let segment = |segment: wasmparser::Result<wasmparser::Element<'_>>| {
            let segment = segment.expect("a segment");
            let (ElementKind::Active { offset_expr, .. }, ElementItems::Functions(items)) =
                (segment.kind, segment.items)
            else {
                panic!("another kind of segment")
            };
            let Ok(Operator::I32Const { value }) = offset_expr.get_operators_reader().read() else {
                panic!("no constant")
            };
            (value, items.into_iter().map(|item| item.expect("a function")).collect())
        };
        section.into_iter().map(segment).collect()
    }

    fn made(contents: &[u8], table: u64) -> Option<Vec<(i32, Vec<u32>)>> {
        let section = ElementSectionReader::new(BinaryReader::new(contents, 0)).expect("a section");
        ascending(contents, &section, table, &Numbers::default())
            .expect("segments that fit")
            .map(|contents| read(&contents))
    }

    #[test]
    fn ascending_segments_stay_as_they_are() {
        assert_eq!(made(b"\x01\0\x41\x02\x0b\x02\x05\x06", 4), None);
        assert_eq!(made(b"\x02\0\x41\0\x0b\x02\x05\x06\0\x41\x01\x0b\x01\x07", 4), None);
        assert_eq!(made(b"\0", 0), None);
    }

    #[test]
    fn others_are_sorted_and_the_last_word_counts() {
        let backwards = b"\x02\0\x41\x02\x0b\x02\x05\x06\0\x41\0\x0b\x03\x07\x08\x09";
        assert_eq!(made(backwards, 4), Some(vec![(0, vec![7, 8, 9, 6])]));
        let gaps = b"\x03\0\x41\x09\x0b\x01\x01\0\x41\x05\x0b\0\0\x41\0\x0b\x01\x02";
        assert_eq!(made(gaps, 10), Some(vec![(0, vec![2]), (9, vec![1])]));
        let empty = b"\x01\0\x41\0\x0b\0";
        assert_eq!(made(empty, 0), Some(vec![]));
    }

    #[test]
    fn offsets_come_back_as_they_were() {
        for offset in [0, 63, 64, 127, 128, 8191, 8192, 9_999_999] {
            let contents = encoded(&BTreeMap::from([(offset, 3)]));
            assert_eq!(read(&contents), [(offset as i32, vec![3])]);
        }
    }
}
