//! Mail, and a program that is killed, connections that break and answers that are lost: nothing is
//! lost for that, and nothing doubled.

use std::time::{Duration, Instant};

use testbed::{Fault, Proxy, Random};

use super::lost::fault;
use super::mail::{World, edit, fresh};
use crate::support::{Store as _, in_parallel};

/// How many runs are killed in a row before one may come to its end.
const IN_A_ROW: u32 = 3;

/// What befalls the first sync of a world, and the next one.
fn befall(mut disturb: impl FnMut(usize, &World)) {
    let world = World::with_maildir();
    let mut expected = fresh(&world);
    for phase in 0..2 {
        if phase > 0 {
            edit(&world, &mut expected);
        }
        disturb(phase, &world);
        world.settle(&expected, "after it");
    }
}

fn proxy(world: &World) -> &Proxy {
    world.sogo.proxy().unwrap()
}

/// A run that may fail.
fn run(world: &World) {
    let run = world.bridge.run(&["sync", "--json"]);
    assert!(matches!(run.code, Some(0 | 1)), "{run:?}");
    proxy(world).heal();
}

#[test]
#[ignore = "needs the testbed"]
fn kills() {
    let mut times = [Duration::ZERO; 2];
    befall(|phase, world| {
        let begin = Instant::now();
        world.bridge.sync();
        times[phase] = begin.elapsed();
    });
    in_parallel(2, |seed| {
        let mut random = Random::new(seed);
        let mut kills = 0;
        befall(|phase, world| {
            for _ in 0..IN_A_ROW {
                let micros = u64::try_from(times[phase].as_micros()).unwrap();
                let delay = Duration::from_micros(random.below(micros));
                println!("seed {seed}, phase {phase}: killed after {delay:?}");
                kills += u32::from(world.bridge.kill_after(delay));
            }
        });
        assert!(kills > 0, "all runs came to their end");
    });
}

#[test]
#[ignore = "needs the testbed"]
fn connections() {
    let mut counts = Vec::new();
    befall(|_, world| {
        proxy(world).reset_counts();
        world.bridge.sync();
        counts.push(proxy(world).counts());
    });
    in_parallel(2, |seed| {
        let mut random = Random::new(seed);
        befall(|phase, world| {
            let fault = fault(&mut random, counts[phase]);
            println!("seed {seed}, phase {phase}: {fault:?}");
            proxy(world).arm(fault);
            run(world);
        });
    });
}

/// The server has done what it was asked to, and its answer is lost.
#[test]
#[ignore = "needs the testbed"]
fn answers() {
    // To a listing and to what asks for contents; to a move and to a flag.
    let words = [
        ["Cmd=Sync", "Cmd=MoveItems"],
        ["Cmd=ItemOperations", "Flag for follow up"],
    ];
    for words in words {
        befall(|phase, world| {
            let words = words[phase];
            proxy(world).arm(Fault::SwallowAnswerTo {
                words: words.as_bytes().to_vec(),
            });
            run(world);
            assert!(proxy(world).has_fired(), "there was no {words}");
        });
    }
}
