//! Recordings (being written).
