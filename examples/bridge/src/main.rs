//! Keeps two sources in step.

fn main() {}
