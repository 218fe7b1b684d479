//! A live API server (being written).
