//! Nothing of its own: building this crate builds `tch` beside the crates of `course-cells`.
