"""Rust in a notebook cell: find the compiler, build, call."""
