//! A shape in a guest's memory.
//!
//! Input: the bytes of a shape, followed by any bytes.
#![no_main]

use wagather_fuzz::shape::written;
use wagather_shape::{Scratch, Shape, Width, decode};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for width in [Width::Four, Width::Eight] {
        let Ok(shape) = Shape::parse(data, width) else { continue };
        assert!(shape.is_at(data));
        let again = Shape::parse(shape.as_bytes(), width).expect("the same shape");
        assert_eq!(again.as_bytes(), shape.as_bytes());
        for item in ["{}", "[]", "null", "7", "\"\"", "[{},[],\"a\",7,true,null]"] {
            let mut scratch = Scratch::default();
            if let Ok(arena) = decode(item.as_bytes(), &shape, 0, 1 << 20, &mut scratch) {
                assert!(arena.len().is_multiple_of(8));
            }
        }
        if width == Width::Four {
            written(&shape, data, 0);
            written(&shape, &[0; 4096], 0);
        }
    }
});
