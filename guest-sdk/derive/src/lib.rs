//! Derives (being written).
