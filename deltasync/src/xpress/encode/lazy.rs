//! Takes the longest match, unless a better one begins with the next byte.

use super::{
    chains::{Chains, Effort, Match},
    tokens::Tokens,
    window::Window,
};
use crate::xpress::MIN_MATCH;

/// The shortest match from further away would take more bits than its bytes.
const FAR: usize = 1024;

/// Parses a block. Where nothing was found for a while, it looks at fewer positions.
pub(super) fn parse(window: &Window, chains: &mut Chains, tokens: &mut Tokens, effort: Effort) {
    let end = window.end();
    let searched = window.searched();
    let less = Effort {
        depth: effort.depth / 4,
        ..effort
    };
    let mut at = 1;
    let mut since = at;
    while at < searched {
        let found = chains.longest(window, at, MIN_MATCH - 1, effort);
        let Some(mut found) =
            found.filter(|found| found.length > MIN_MATCH || found.distance <= FAR)
        else {
            let next = end.min(at + 1 + ((at - since) >> 5).min(15));
            tokens.literals(window.between(at, next));
            at = next;
            continue;
        };
        let mut entered = at + 1;
        while found.length < effort.nice.into() && entered < searched {
            let next = chains.longest(window, entered, found.length - 1, less);
            entered += 1;
            let Some(next) = next.filter(|next| worth(*next) > worth(found) + 1) else {
                break;
            };
            tokens.literals(window.between(at, at + 1));
            at += 1;
            found = next;
        }
        tokens.copy(found);
        at += found.length;
        since = at;
        chains.enter(window, entered, at.min(searched));
    }
    tokens.literals(window.between(at, end));
}

/// What a match is worth, in about two bits: what it saves, less what its distance costs.
#[inline(always)]
fn worth(found: Match) -> usize {
    found.length * 4 + 16 - found.distance.checked_ilog2().unwrap_or(16) as usize
}
