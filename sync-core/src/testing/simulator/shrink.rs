use super::play::play;
use super::script::{Scenario, Step, Weather};

/// How many smaller scenarios are tried.
const TRIES: usize = 600;

/// Leaves out what the failure does not need.
pub(super) fn shrink(mut scenario: Scenario, mut broken: String) -> (Scenario, String) {
    let mut tries = 0;
    loop {
        let mut smaller = false;
        for candidate in candidates(&scenario) {
            tries += 1;
            if tries > TRIES {
                return (scenario, broken);
            }
            if let Err(why) = play(&candidate) {
                (scenario, broken) = (candidate, why);
                smaller = true;
                break;
            }
        }
        if !smaller {
            return (scenario, broken);
        }
    }
}

/// Scenarios with one thing less, largest cuts first.
fn candidates(scenario: &Scenario) -> Vec<Scenario> {
    let mut all = Vec::new();
    let len = scenario.steps.len();
    let mut size = len / 2;
    while size > 0 {
        for from in (0..len).step_by(size) {
            let mut less = scenario.clone();
            less.steps.drain(from..(from + size).min(len));
            all.push(less);
        }
        size /= 2;
    }
    for (at, step) in scenario.steps.iter().enumerate() {
        let Step::Sync(weather) = step else { continue };
        for weather in calmer(weather) {
            let mut less = scenario.clone();
            if let Some(step) = less.steps.get_mut(at) {
                *step = Step::Sync(weather);
            }
            all.push(less);
        }
    }
    all
}

fn calmer(weather: &Weather) -> Vec<Weather> {
    let mut all = Vec::new();
    for i in 0..weather.faults.len() {
        let mut less = weather.clone();
        less.faults.remove(i);
        all.push(less);
    }
    for i in 0..weather.third_parties.len() {
        let mut less = weather.clone();
        less.third_parties.remove(i);
        all.push(less);
    }
    if weather.crash.is_some() {
        all.push(Weather {
            crash: None,
            ..weather.clone()
        });
    }
    all
}
