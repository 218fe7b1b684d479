//! A structure in a guest's memory that is written by a shape.
//!
//! Input: the structure's address (four bytes), a shape, and the rest of the memory, which contains all of this.
#![no_main]

use wagather_fuzz::input::Input;
use wagather_fuzz::shape::written;
use wagather_shape::{Shape, Width};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let from = input.word();
    let Ok(shape) = Shape::parse(input.rest(), Width::Four) else { return };
    written(&shape, data, from);
    // Most addresses of 32 bits are none.
    written(&shape, data, from % 64);
});
