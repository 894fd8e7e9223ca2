//! Cut off at any byte, the program loses nothing and doubles nothing.

use std::rc::Rc;

use testbed::{Counts, Direction, Fault, Proxy, Random};

use crate::support::{Contents, Pairing, Server, Way, World, few, in_parallel, later};

#[test]
#[ignore = "needs the testbed"]
fn two_accounts() {
    // Much of the time goes by in waiting for another try.
    in_parallel(4, |seed| cut(25, seed, Pairing::TwoAccounts));
}

#[test]
#[ignore = "needs the testbed"]
fn an_account_and_a_maildir() {
    in_parallel(4, |seed| cut(25, seed, Pairing::AccountAndMaildir));
}

/// Cuts connections until `wanted` cuts have hit a run: in the first sync of a world, and in the
/// next.
fn cut(wanted: u32, seed: u64, pairing: Pairing) {
    let mut random = Random::new(seed);
    let server = Rc::new(Server::start(Way::Plain));
    let world = |round| {
        let (left, right) = (format!("left{round}"), format!("right{round}"));
        World::on(&server, pairing, &left, &right)
    };
    let passed = undisturbed(&world(0));
    let mut cuts = 0;
    for round in 1.. {
        println!("seed {seed}, round {round}, {cuts} cuts");
        let world = world(round);
        let mut expected = few(&world);
        for (phase, counts) in passed.iter().enumerate() {
            if phase > 0 {
                later(&world, &mut expected);
            }
            let proxies = proxies(&world);
            let at = usize::try_from(random.below(proxies.len() as u64)).unwrap();
            let (proxy, fault) = (proxies[at], fault(&mut random, counts[at]));
            println!("seed {seed}, phase {phase}, side {at}: {fault:?}");
            proxy.arm(fault);
            run(&world, &expected);
            cuts += u32::from(proxy.has_fired());
            proxy.heal();
        }
        if cuts >= wanted {
            return;
        }
    }
}

/// How many bytes pass through each proxy in the two syncs of a world.
fn undisturbed(world: &World) -> [Vec<Counts>; 2] {
    let mut expected = few(world);
    [false, true].map(|edited| {
        if edited {
            later(world, &mut expected);
        }
        for proxy in proxies(world) {
            proxy.reset_counts();
        }
        world.bridge.sync();
        world.holds(&expected, "without any fault");
        proxies(world).iter().map(|proxy| proxy.counts()).collect()
    })
}

fn fault(random: &mut Random, counts: Counts) -> Fault {
    match random.below(5) {
        0 | 1 => Fault::Cut {
            direction: Direction::ToServer,
            after: random.below(counts.to_server),
        },
        2 | 3 => Fault::Cut {
            direction: Direction::ToClient,
            after: random.below(counts.to_client),
        },
        _ => Fault::Swallow {
            after: random.below(counts.to_client),
        },
    }
}

fn proxies(world: &World) -> Vec<&Proxy> {
    let stores = [&world.left, &world.right];
    stores.into_iter().filter_map(|s| s.proxy()).collect()
}

/// Runs to the end, which the program reaches by itself or at the next call.
fn run(world: &World, expected: &Contents) {
    let first = world.bridge.run(&["sync", "--json"]);
    if first.code != Some(0) {
        assert_eq!(first.code, Some(1), "{first:?}");
        world.settle();
        world.bridge.sync();
    }
    world.holds(expected, "after the cut");
    world.bridge.sync().is_quiet();
}

/// The server has done what it was asked to, and its answer is lost.
#[test]
#[ignore = "needs the testbed"]
fn swallowed_answers() {
    const COMMANDS: [(usize, &str); 6] = [
        (0, "APPEND"),
        (0, "CREATE"),
        (1, "APPEND"),
        (1, "STORE"),
        (1, "EXPUNGE"),
        (1, "MOVE"),
    ];
    in_parallel(3, |worker| {
        let (pairing, at) = [
            (Pairing::TwoAccounts, 0),
            (Pairing::TwoAccounts, 1),
            (Pairing::AccountAndMaildir, 0),
        ][usize::try_from(worker).unwrap()];
        let server = Rc::new(Server::start(Way::Plain));
        for (number, (phase, command)) in COMMANDS.into_iter().enumerate() {
            println!("{pairing:?}, {command} in sync {phase}, on side {at}");
            let (left, right) = (format!("left{number}"), format!("right{number}"));
            let world = World::on(&server, pairing, &left, &right);
            let mut expected = few(&world);
            if phase > 0 {
                world.bridge.sync();
                later(&world, &mut expected);
            }
            let proxy = proxies(&world)[at];
            proxy.arm(Fault::SwallowAnswer {
                command: command.into(),
                nth: 1,
            });
            run(&world, &expected);
            // The left side lacks no folder.
            assert!(proxy.has_fired() || command == "CREATE");
        }
    });
}
