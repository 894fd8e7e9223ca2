//! Some hundred scenarios of the simulator; `cargo testbed soak` plays ten thousand.
#![allow(clippy::panic)]

use sync_core::testing::simulator;

#[test]
fn four_hundred_scenarios_keep_every_promise() {
    for seed in 0..400 {
        if let Err(failure) = simulator::check(seed) {
            panic!("{failure}");
        }
    }
}
