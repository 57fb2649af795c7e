//! The Rust that chapters show: tested, linted, formatted.

pub mod arrays;
