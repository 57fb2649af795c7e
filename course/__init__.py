"""Machine learning in Rust, measured."""
