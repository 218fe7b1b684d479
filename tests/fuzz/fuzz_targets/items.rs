//! An item that is decoded by a shape and written again.
//!
//! Input: a shape, followed by the item.
#![no_main]

use wagather_fuzz::shape::{MOST_BYTES, written};
use wagather_shape::{Failed, Scratch, Shape, Width, decode, pointers};

/// Where the arena begins.
const BASE: u32 = 64;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(shape) = Shape::parse(data, Width::Four) else { return };
    let item = &data[shape.as_bytes().len()..];
    let mut scratch = Scratch::default();
    let arena = match decode(item, &shape, BASE.into(), MOST_BYTES, &mut scratch) {
        Ok(arena) => arena.to_vec(),
        Err(Failed::Misfit(at, _)) => return assert!(at as usize <= item.len()),
        Err(Failed::TooLarge) => return,
    };
    assert!(arena.len() <= MOST_BYTES && arena.len().is_multiple_of(8));
    assert!(std::str::from_utf8(item).is_ok(), "what is decoded is text");
    pointers(&shape, &arena, BASE.into(), &mut |at, to| assert!(at + 4 <= arena.len() && to < arena.len()));
    let memory = [vec![0; BASE as usize], arena].concat();
    // Fields that overlap make structures that lead anywhere; what is written is JSON all the same.
    written(&shape, &memory, BASE);
    // The wider addresses of native tests take what the narrow ones take.
    if let Ok(wide) = Shape::parse(shape.as_bytes(), Width::Eight) {
        let decoded = decode(item, &wide, 0, 4 * MOST_BYTES, &mut scratch);
        assert!(!matches!(decoded, Err(Failed::Misfit(..))), "{decoded:?}");
    }
});
