//! Takes the match with the latest position that begins with the same four bytes, if there is one.

use super::{
    chains::{Chains, Match},
    tokens::Tokens,
    window::Window,
};

/// Of a match no more positions than these last ones are entered.
const ENTERED: usize = 16;

/// Parses a block. Where nothing was found for a while, it looks at fewer positions.
pub(super) fn parse(window: &Window, chains: &mut Chains, tokens: &mut Tokens) {
    let end = window.end();
    let searched = window.searched();
    let mut since = 1;
    let mut at = since;
    while at < searched {
        let four = window.four(at);
        let before = chains.replace4(four, at as u16);
        if before == 0 || window.four(before.into()) != four {
            at += 1 + ((at - since) >> 5).min(31);
            continue;
        }
        let mut from = usize::from(before);
        let mut length = window.common(from, at, 4, end - at);
        // What was passed over may belong to it.
        while at > since && from > 1 && window.between(from - 1, from) == window.between(at - 1, at)
        {
            (at, from, length) = (at - 1, from - 1, length + 1);
        }
        tokens.literals(window.between(since, at));
        tokens.copy(Match {
            length,
            distance: at - from,
        });
        at += length;
        since = at;
        for entered in (at + 1 - length.min(ENTERED)) as u16..at.min(searched) as u16 {
            chains.replace4(window.four(entered.into()), entered);
        }
    }
    tokens.literals(window.between(since, end));
}
