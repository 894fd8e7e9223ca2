//! Cases about contents.

use std::io::Write as _;

use super::samples::{self, message, override_first};
use super::world::World;
use super::{CaseResult, Failure, Harness, Verdict, ensure, same};
use crate::model::{BodyWriter, Digest, ItemKind, NewItem};
use crate::source::Depth;

impl World<'_> {
    /// Writes an item and reads it as another party.
    async fn pass(&mut self, new: NewItem) -> Result<(), Failure> {
        let id = self.us.create(&self.c, new.clone()).await?;
        let item = self.them.get(&self.c, &id).await?;
        self.same_content(&new, &item)?;
        let ids = std::slice::from_ref(&id);
        for item in self.them.fetch(&self.c, ids, Depth::Identity).await? {
            if item.kind == ItemKind::Message {
                let digest = Digest::of_body(&new.body)?;
                same!(item.identity.digest, Some(digest), "digest");
            }
        }
        Ok(())
    }
}

pub(super) async fn eight_bit_and_long_lines_are_kept(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "eight bit and long lines are kept").await?;
    if w.kind() != ItemKind::Message {
        let new = samples::with_uid(w.kind(), "long", &"ä long title 日本 ".repeat(60));
        w.pass(new).await?;
        return Ok(Verdict::Passed);
    }
    let long = [b"Subject: long\r\n\r\n".to_vec(), vec![b'x'; 100_000]].concat();
    for body in [
        &b"Subject: \xe4\xff\x80 8bit\r\n\r\n\xc3\xa4\xf6\xff\r\n"[..],
        b"Subject: no line end\r\n\r\nlast line",
        b"Subject: header only\r\n\r\n",
        b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n",
        b"Subject: from\r\n\r\nFrom here\r\n>From there\r\n\r\nFrom x\r\n",
        b"Subject: literal\r\n\r\n{5}\r\n{5+}\r\n\"\\\r\n)\r\n",
        b"Subject: folded\r\n\tagain\r\n \r\nX: y\r\n\r\n\r\n\r\n",
        &long,
    ] {
        w.pass(message(body)).await?;
    }
    Ok(Verdict::Passed)
}

pub(super) async fn any_bytes_are_kept(h: &mut dyn Harness) -> CaseResult {
    let profile = h.profile();
    if profile.kind != ItemKind::Message || !profile.any_bytes {
        return Ok(Verdict::Skipped("it does not hold any bytes"));
    }
    let mut w = World::new(h, "any bytes are kept").await?;
    let all: Vec<u8> = (0..=255).collect();
    for body in [
        &b""[..],
        b"\0",
        b"\r",
        b"\n",
        b"\r\n",
        b"\n\r\n",
        b"\r\r\n",
        b"A: b\n\nbare LF\n",
        b"A: b\r\n\r\nbare\nLF\r\n",
        b"A: b\n\r\nfirst bare\r\n",
        b"A: b\r\n\r\nbare\rCR\r\r\n\r",
        b"A: b\r\n\r\nNUL \0 here\r\n",
        &all,
    ] {
        w.pass(message(body)).await?;
    }
    Ok(Verdict::Passed)
}

pub(super) async fn a_large_content_is_kept(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a large content is kept").await?;
    let mut new = w.item(1);
    let size = w.profile.large;
    if w.kind() == ItemKind::Message {
        let mut writer = BodyWriter::new(0);
        writer.write_all(b"Subject: large\r\n\r\n")?;
        let mut line = 0_usize;
        let mut written = 0_usize;
        while written < size {
            // Lines of many lengths, so that their ends meet every border.
            let text = format!("{line} {}\r\n", "x".repeat(line % 79));
            writer.write_all(text.as_bytes())?;
            written = written.saturating_add(text.len());
            line = line.saturating_add(1);
        }
        new.body = writer.finish()?;
    } else {
        let title = "long ".repeat(size.min(50_000) / 5);
        new = samples::with_uid(w.kind(), "large", &title);
    }
    w.pass(new).await?;
    Ok(Verdict::Passed)
}

pub(super) async fn equal_messages_stay_two(h: &mut dyn Harness) -> CaseResult {
    if h.profile().kind != ItemKind::Message {
        return Ok(Verdict::Skipped("two items of one UID are one"));
    }
    let mut w = World::new(h, "equal messages stay two").await?;
    let first = w.us.create(&w.c, w.item(1)).await?;
    let second = w.us.create(&w.c, w.item(1)).await?;
    let third = w.them.create(&w.c, w.item(1)).await?;
    let items = w.us.know(&w.c).await?.items;
    let all = [first, second, third];
    ensure!(
        items.len() == 3 && all.iter().all(|id| items.contains_key(id)),
        "three equal messages are listed as {items:?}"
    );
    Ok(Verdict::Passed)
}

pub(super) async fn uids_are_told_apart(h: &mut dyn Harness) -> CaseResult {
    if !h.profile().kind.is_mutable() {
        return Ok(Verdict::Skipped("messages have no UID"));
    }
    let mut w = World::new(h, "uids are told apart").await?;
    let long = "u".repeat(200);
    let uids = [
        "Case@example.org",
        "case@example.org",
        "test @ foo ät bar град сатану",
        "a/b",
        "a%2Fb",
        "a%0Ab",
        "../x",
        "#?&=+",
        "{12345678-ABCD}",
        &long,
    ];
    for (n, uid) in uids.into_iter().enumerate() {
        let new = samples::with_uid(w.kind(), uid, &format!("Item {n}"));
        w.pass(new).await?;
    }
    let known = w.them.know(&w.c).await?;
    same!(known.items.len(), uids.len(), "items");
    Ok(Verdict::Passed)
}

pub(super) async fn overrides_may_come_first(h: &mut dyn Harness) -> CaseResult {
    if h.profile().kind != ItemKind::Event {
        return Ok(Verdict::Skipped("only events have overrides"));
    }
    let mut w = World::new(h, "overrides may come first").await?;
    w.pass(override_first("override-first@example.org")).await?;
    Ok(Verdict::Passed)
}
