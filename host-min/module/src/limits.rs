//! Limits that several modules know.

/// The maximum of values at the same time plus calls: wasm3's 4,000 slots, minus 120 for constants and a reserve.
pub(crate) const MAX_VALUES_AND_CALLS: u32 = 3_800;
