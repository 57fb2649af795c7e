//! Nothing of its own: building this crate builds every crate that a Rust cell may name.
