//! The engine between IMAP accounts, and between one and memory.

use imap_client::ImapSource;
use imap_client::testing::{Fault, NewMessage, Profile, Server};
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::local::{MemoryOptions, MemoryStore};
use sync_core::model::{
    Both, Flags, Identity, ItemKind, KindSet, NewItem, Side, SystemFlags, Timestamp,
};
use sync_core::reconcile::Rules;
use sync_core::state::SqliteState;

use crate::support::{config, server};

fn mail(n: usize) -> NewMessage {
    let text = format!(
        "From: a@example.org\r\nMessage-ID: <{n}@example.org>\r\nSubject: {n}\r\n\r\nText {n}\r\n"
    );
    NewMessage::new(text).date(1_700_000_000 + i64::try_from(n).unwrap())
}

/// All messages of an account: mailbox, content, flags and date.
fn contents(server: &Server) -> Vec<(String, Vec<u8>, String, i64)> {
    let store = server.store();
    let mut all = Vec::new();
    for mailbox in store.mailboxes() {
        for message in store.messages(&mailbox).unwrap() {
            let flags = Flags::parse(&message.flags.join(" ")).to_string();
            let name = mailbox.replace('.', "/");
            let name = name.strip_prefix("INBOX/").unwrap_or(&name).to_owned();
            all.push((name, message.bytes.to_vec(), flags, message.date));
        }
    }
    all.sort();
    all
}

struct World {
    servers: Both<Server>,
    state: SqliteState,
}

impl World {
    fn new(left: Profile, right: Profile) -> Self {
        Self {
            servers: Both::new(server(left), server(right)),
            state: SqliteState::in_memory().unwrap(),
        }
    }

    async fn sync(&mut self) -> Report {
        let report = self.try_sync().await;
        for pair in &report.pairs {
            assert_eq!((&pair.error, &pair.guard), (&None, &None), "{report}");
        }
        report
    }

    async fn try_sync(&mut self) -> Report {
        let source = |side| ImapSource::new(config(&self.servers[side]).page(40));
        let (mut left, mut right) = (source(Side::Left), source(Side::Right));
        let engine = Engine::new("mail", Rules::default());
        let sides = Both::new(
            &mut left as &mut dyn sync_core::Source,
            &mut right as &mut dyn sync_core::Source,
        );
        let report = engine.run(sides, &mut self.state, Mode::Sync, &Silent);
        report.await.unwrap()
    }

    /// Both sides hold the same, and a further run writes nothing and reads no content.
    async fn is_in_step(&mut self) {
        assert_eq!(contents(&self.servers.left), contents(&self.servers.right));
        let before = contents(&self.servers.left);
        self.servers.left.reset_stats();
        self.servers.right.reset_stats();
        let report = self.sync().await;
        assert_eq!(report.writes(), 0, "{report}");
        for side in Side::BOTH {
            for line in self.servers[side].command_lines() {
                for word in ["BODY", "APPEND", "UID STORE", "EXPUNGE", "UID MOVE", "COPY"] {
                    assert!(!line.contains(word), "{side}: {line}");
                }
            }
            assert_eq!(contents(&self.servers[side]), before);
        }
    }

    async fn settles(&mut self) {
        self.sync().await;
        self.sync().await;
        self.is_in_step().await;
    }
}

/// First run, edits on both sides, deletions and moves.
async fn live(left: Profile, right: Profile) {
    let mut world = World::new(left, right);
    let (l, r) = (world.servers.left.store(), world.servers.right.store());
    l.add_all("INBOX", (0..100).map(mail)).unwrap();
    r.add_all("INBOX", (90..130).map(mail)).unwrap();
    l.add_all("INBOX", [mail(7).flags(["\\Seen"]), mail(7)])
        .unwrap();
    world.sync().await;
    world.is_in_step().await;
    assert_eq!(l.state("INBOX").unwrap().messages, 132);

    let uids = |side: &imap_client::testing::Store| -> Vec<u32> {
        let messages = side.messages("INBOX").unwrap();
        messages.iter().map(|m| m.uid).collect()
    };
    let (lu, ru) = (uids(&l), uids(&r));
    for uid in &lu[..10] {
        l.add_flags("INBOX", *uid, &["\\Seen", "$Work"]).unwrap();
    }
    l.add_flags("INBOX", lu[20], &["\\Answered", "\\Deleted"])
        .unwrap();
    r.add_flags("INBOX", ru[35], &["\\Flagged"]).unwrap();
    r.remove_flags("INBOX", ru[35], &["\\Seen"]).unwrap();
    l.expunge("INBOX", &lu[50..55]).unwrap();
    r.expunge("INBOX", &ru[38..40]).unwrap();
    l.add("INBOX", mail(500)).unwrap();
    r.add("INBOX", mail(501)).unwrap();
    world.settles().await;
    assert_eq!(l.state("INBOX").unwrap().messages, 127);
}

#[tokio::test]
async fn full_with_full() {
    live(Profile::full(), Profile::full()).await;
}

#[tokio::test]
async fn full_with_courier_like() {
    live(Profile::full(), Profile::courier_like()).await;
}

#[tokio::test]
async fn gmail_like_with_cyrus_like() {
    let gmail = Profile::gmail_like().special_mailboxes(&[]);
    let cyrus = Profile::cyrus_like().special_mailboxes(&[]);
    live(gmail, cyrus).await;
}

#[tokio::test]
async fn rev1_bare_with_full() {
    live(Profile::rev1_bare(), Profile::full()).await;
}

#[tokio::test]
async fn folders_pair_across_separators_and_prefixes() {
    let mut world = World::new(
        Profile::full().separator('/').special_mailboxes(&[]),
        Profile::courier_like().special_mailboxes(&[]),
    );
    let (l, r) = (world.servers.left.store(), world.servers.right.store());
    for mailbox in ["Archive/2024", "a.b", "Entwürfe", "R&D"] {
        l.create(mailbox).unwrap();
        l.add(mailbox, mail(1)).unwrap();
    }
    r.create("INBOX.Work").unwrap();
    r.add("INBOX.Work", mail(2)).unwrap();
    world.sync().await;
    let names = r.mailboxes();
    for name in [
        "INBOX.Archive.2024",
        "INBOX.a=2Eb",
        "INBOX.Entwürfe",
        "INBOX.R&D",
    ] {
        assert!(names.iter().any(|n| n == name), "{name} in {names:?}");
        assert_eq!(r.messages(name).unwrap().len(), 1);
    }
    assert_eq!(l.messages("Work").unwrap().len(), 1);
    assert_eq!(world.sync().await.writes(), 0);
}

#[tokio::test]
async fn a_move_is_a_move_on_the_other_side() {
    let mut world = World::new(Profile::full(), Profile::full());
    let (l, r) = (world.servers.left.store(), world.servers.right.store());
    l.create("Archive").unwrap();
    l.add_all("INBOX", (0..30).map(mail)).unwrap();
    world.sync().await;
    l.move_to("INBOX", &[3, 4], "Archive").unwrap();
    world.servers.right.reset_stats();
    let report = world.sync().await;
    let moved: u64 = report
        .pairs
        .iter()
        .map(|pair| pair.written[Side::Right].moved)
        .sum();
    assert_eq!(moved, 2, "{report}");
    let lines = world.servers.right.command_lines();
    assert!(lines.iter().any(|l| l.starts_with("UID MOVE")), "{lines:?}");
    assert!(!lines.iter().any(|l| l.starts_with("APPEND")), "{lines:?}");
    assert_eq!(r.messages("Archive").unwrap().len(), 2);
    world.is_in_step().await;
}

#[tokio::test]
async fn a_new_uid_validity_neither_deletes_nor_doubles() {
    let mut world = World::new(Profile::full(), Profile::full());
    let l = world.servers.left.store();
    l.add_all("INBOX", (0..50).map(mail)).unwrap();
    world.sync().await;
    l.reset_uid_validity("INBOX").unwrap();
    world.settles().await;
    assert_eq!(l.messages("INBOX").unwrap().len(), 50);
}

#[tokio::test]
async fn new_uid_validities_on_both_sides_neither_delete_nor_double() {
    let mut world = World::new(
        Profile::full(),
        Profile::gmail_like().special_mailboxes(&[]),
    );
    let (l, r) = (world.servers.left.store(), world.servers.right.store());
    l.add_all("INBOX", (0..30).map(mail)).unwrap();
    world.sync().await;
    l.reset_uid_validity("INBOX").unwrap();
    r.reset_uid_validity("INBOX").unwrap();
    l.add("INBOX", mail(100)).unwrap();
    world.sync().await;
    world.sync().await;
    for store in [&l, &r] {
        assert_eq!(store.messages("INBOX").unwrap().len(), 31);
    }
    assert_eq!(world.sync().await.writes(), 0);
}

#[tokio::test]
async fn an_emptied_side_empties_no_other() {
    let mut world = World::new(Profile::full(), Profile::full());
    let (l, r) = (world.servers.left.store(), world.servers.right.store());
    l.add_all("INBOX", (0..60).map(mail)).unwrap();
    world.sync().await;
    r.clear("INBOX").unwrap();
    let report = world.try_sync().await;
    let inbox = report.pairs.iter().find(|p| p.collection.left.is_inbox());
    assert!(inbox.unwrap().guard.is_some(), "{report}");
    assert_eq!(l.messages("INBOX").unwrap().len(), 60);
}

#[tokio::test]
async fn keywords_that_differ_by_case_are_one() {
    let mut world = World::new(Profile::full(), Profile::full());
    let (l, r) = (world.servers.left.store(), world.servers.right.store());
    l.add("INBOX", mail(1).flags(["$Work"])).unwrap();
    r.add("INBOX", mail(1).flags(["$work"])).unwrap();
    assert_eq!(world.sync().await.writes(), 0);
    assert_eq!(world.sync().await.writes(), 0);
}

#[tokio::test]
async fn an_append_whose_answer_is_lost_is_not_repeated() {
    for profile in [Profile::full(), Profile::courier_like()] {
        let mut world = World::new(Profile::full(), profile);
        let l = world.servers.left.store();
        l.add_all("INBOX", (0..20).map(mail)).unwrap();
        let cut = Fault::on("APPEND").nth(1).cut_after();
        world.servers.right.order(cut);
        world.sync().await;
        assert_eq!(world.servers.right.faults_waiting(), 0);
        world.settles().await;
        assert_eq!(l.messages("INBOX").unwrap().len(), 20);
    }
}

#[tokio::test]
async fn a_connection_cut_anywhere_loses_and_doubles_nothing() {
    // Every byte would take long; a prime step meets all kinds of places.
    for cut in (1..6_000).step_by(397) {
        let mut world = World::new(Profile::full(), Profile::full());
        let (l, r) = (world.servers.left.store(), world.servers.right.store());
        l.add_all("INBOX", (0..5).map(mail)).unwrap();
        r.add_all("INBOX", (5..8).map(mail)).unwrap();
        world.sync().await;
        l.add("INBOX", mail(20)).unwrap();
        l.add_flags("INBOX", 1, &["\\Flagged"]).unwrap();
        l.expunge("INBOX", &[2]).unwrap();
        r.add("INBOX", mail(21)).unwrap();
        world.servers.right.cut_after_sent(cut);
        world.sync().await;
        world.servers.right.clear_faults();
        world.settles().await;
        assert_eq!(l.messages("INBOX").unwrap().len(), 9, "cut after {cut}");
    }
}

#[tokio::test]
async fn with_memory() {
    let server = server(Profile::full().special_mailboxes(&[]));
    let memory = MemoryStore::new(MemoryOptions::default());
    let inbox = memory.add_collection("INBOX", KindSet::MAIL);
    let mut state = SqliteState::in_memory().unwrap();
    let store = server.store();
    store.add_all("INBOX", (0..10).map(mail)).unwrap();
    for n in 0..5_i64 {
        let new = NewItem {
            kind: ItemKind::Message,
            flags: Flags::of(SystemFlags::SEEN),
            date: Some(Timestamp::utc(1_600_000_000 + n)),
            identity: Identity::default(),
            body: format!("Subject: memory {n}\r\n\r\n").as_str().into(),
        };
        memory.add(&inbox, &new).unwrap();
    }
    let engine = Engine::new("mail", Rules::default());
    for writes in [15, 0] {
        let mut imap = ImapSource::new(config(&server));
        let mut other = memory.source();
        let sides = Both::new(
            &mut imap as &mut dyn sync_core::Source,
            &mut other as &mut dyn sync_core::Source,
        );
        let report = engine
            .run(sides, &mut state, Mode::Sync, &Silent)
            .await
            .unwrap();
        assert_eq!(report.writes(), writes, "{report}");
    }
    let seen = store.messages("INBOX").unwrap();
    let seen: Vec<_> = seen.iter().filter(|m| m.has("\\Seen")).collect();
    assert_eq!(seen.len(), 5);
    assert!(
        seen.iter()
            .all(|m| (1_600_000_000..1_600_000_005).contains(&m.date))
    );
    assert_eq!(memory.list(&inbox).len(), 15);
}
