//! A DeltaSync account, on the in-process server, kept in step with a real Dovecot.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use deltasync::testing::{self, Profile};
use testbed::mail::{Generator, Message};
use testbed::{Direction, Fault, Proxy, Random};

use crate::support::{
    Account, Bridge, Contents, Entry, Held, Server, Store, Way, World, contents, fill, insert, mail,
};

const USER: &str = "alice@example.org";

const FOLDERS: [&str; 3] = ["INBOX", "Archive/2024", "Entwürfe & Größen"];

/// What the protocol has of flags.
const FLAGS: [&str; 3] = ["\\Seen", "\\Answered", "\\Flagged"];

/// A DeltaSync account, whom the program reaches through a proxy.
struct Mailbox {
    // Ends with it.
    server: Rc<testing::Server>,
    account: testing::Account,
    proxy: Proxy,
}

impl Mailbox {
    fn new(server: &Rc<testing::Server>) -> Self {
        Self {
            account: server.account_of(USER).unwrap(),
            proxy: Proxy::to(server.addr().port()).unwrap(),
            server: Rc::clone(server),
        }
    }
}

/// The raw name of a folder.
fn raw(folder: &str) -> &str {
    if folder == "INBOX" { "ACTIVE" } else { folder }
}

fn flags_of(message: &testing::Message) -> Vec<&'static str> {
    let reply = match message.reply_state {
        1 => Some("\\Answered"),
        2 => Some("$Forwarded"),
        _ => None,
    };
    let read = message.read.then_some("\\Seen");
    let flagged = (message.flag != 0).then_some("\\Flagged");
    [read, reply, flagged].into_iter().flatten().collect()
}

fn set(message: &mut testing::Message, flags: &[&str]) {
    let has = |name: &str| flags.iter().any(|flag| flag.eq_ignore_ascii_case(name));
    message.read = has("\\Seen");
    message.flag = u8::from(has("\\Flagged"));
    message.reply_state = match has("\\Answered") {
        true => 1,
        false => 2 * u8::from(has("$Forwarded")),
    };
}

impl Store for Mailbox {
    fn config(&self) -> String {
        let port = self.proxy.port();
        format!(
            "type = \"deltasync\"\nurl = \"http://localhost:{port}/\"\nuser = {USER:?}\n\
             password = \"alicepw\"\nallow_plaintext = true\n"
        )
    }

    fn folders(&self) -> BTreeSet<String> {
        let names = self.account.folders().into_iter();
        let names = names.map(|name| {
            if name == "ACTIVE" {
                "INBOX".to_owned()
            } else {
                name
            }
        });
        names.collect()
    }

    fn list(&self, folder: &str) -> Vec<Held> {
        let messages = self.account.messages(raw(folder)).into_iter();
        let held = messages.map(|message| Held {
            entry: Entry::new(&message.content, flags_of(&message), message.received),
            key: message.id,
        });
        held.collect()
    }

    fn create(&self, folder: &str) {
        self.account.create(folder);
    }

    fn add(&self, folder: &str, messages: &[Message]) {
        for message in messages {
            let mut new = testing::Message::new(message.bytes.clone());
            let flags: Vec<&str> = message.flags.iter().map(String::as_str).collect();
            set(&mut new, &flags);
            new.received = i64::try_from(message.internal_date).unwrap();
            self.account.add(raw(folder), new).unwrap();
        }
    }

    fn set_flags(&self, folder: &str, held: &Held, flags: &[&str]) {
        let changed = self
            .account
            .change(raw(folder), &held.key, |message| set(message, flags));
        assert!(changed);
    }

    fn remove(&self, folder: &str, held: &[Held]) {
        for held in held {
            assert!(self.account.remove(raw(folder), &held.key));
        }
    }

    fn relocate(&self, from: &str, held: &Held, to: &str) {
        assert!(self.account.relocate(raw(from), &held.key, raw(to)));
    }

    fn void_ids(&self, _: &str) {
        self.account.void_keys();
        self.account.void_tickets();
    }

    fn vanish(&self) {
        for folder in self.account.folders() {
            self.account.remove_folder(&folder);
        }
    }

    fn fingerprint(&self) -> BTreeSet<String> {
        self.server.lines().into_iter().collect()
    }

    fn proxy(&self) -> Option<&Proxy> {
        Some(&self.proxy)
    }

    fn settle(&self) {
        // What was sent before a kill is read by now, and is carried out as it is read.
        thread::sleep(Duration::from_millis(20));
    }
}

/// A server that does not send clients on, so that a proxy stands before all of it.
fn server() -> Rc<testing::Server> {
    let profile = Profile {
        redirects: false,
        ..Profile::default()
    };
    let server = testing::Server::builder().profile(profile).start();
    Rc::new(server.unwrap())
}

/// A new account on each side.
fn world(dovecot: &Rc<Server>, user: &str) -> World {
    between(&server(), dovecot, user)
}

fn between(server: &Rc<testing::Server>, dovecot: &Rc<Server>, user: &str) -> World {
    let left = Mailbox::new(server);
    let right = Account::new(dovecot, user);
    let mut bridge = Bridge::new();
    bridge.between(&left, &right);
    World {
        left: Box::new(left),
        right: Box::new(right),
        bridge,
    }
}

/// Mail with the flags that both sides have.
fn some_mail(generator: Generator, count: usize) -> Vec<(String, Vec<Message>)> {
    let mut mail = mail(generator, count, &FOLDERS);
    for message in mail.iter_mut().flat_map(|(_, messages)| messages) {
        message.flags.retain(|flag| FLAGS.contains(&flag.as_str()));
    }
    mail
}

/// Mail on both sides, some of it on both; what is to become of it.
fn begin(world: &World) -> Contents {
    let left = some_mail(Generator::new(31), 36);
    let right = some_mail(Generator::new(32), 24);
    let both = some_mail(Generator::new(33).plain(), 12);
    for (store, own) in [(&world.left, &left), (&world.right, &right)] {
        fill(&**store, own);
        fill(&**store, &both);
    }
    contents(&[left, right, both].concat())
}

/// Flags, deletions, an edit against a deletion, moves and new mail, on both sides.
fn edit(world: &World, expected: &mut Contents) {
    let (left, right) = (&*world.left, &*world.right);
    let all: Vec<Entry> = expected.values().flatten().cloned().collect();
    let mut fresh = expected["INBOX"].clone();
    fresh.retain(|entry| all.iter().filter(|other| entry.is_copy_of(other)).count() == 1);
    let mut becomes = |old: &Entry, new: Option<Entry>| {
        let entries = expected.get_mut("INBOX").unwrap();
        let at = entries.iter().position(|entry| entry == old).unwrap();
        entries.remove(at);
        entries.extend(new);
        entries.sort();
    };
    let flag = |store: &dyn Store, entry: &Entry, add: &str| {
        let mut entry = entry.clone();
        entry.flags.insert(add.to_ascii_lowercase());
        let flags: Vec<&str> = entry.flags.iter().map(String::as_str).collect();
        store.set_flags("INBOX", &store.find("INBOX", &entry), &flags);
        entry
    };
    // Each side another flag of one message.
    let at = fresh
        .iter()
        .position(|e| !e.flags.contains("\\seen") && !e.flags.contains("\\flagged"));
    let one = fresh.remove(at.unwrap());
    flag(left, &one, "\\Flagged");
    let mut both = flag(right, &one, "\\Seen");
    both.flags.insert("\\flagged".to_owned());
    becomes(&one, Some(both));
    // A deletion on each side, and one against an edit.
    for store in [left, right] {
        let one = fresh.pop().unwrap();
        store.remove("INBOX", &[store.find("INBOX", &one)]);
        becomes(&one, None);
    }
    for (edits, deletes) in [(left, right), (right, left)] {
        let at = fresh
            .iter()
            .position(|entry| !entry.flags.contains("\\answered"));
        let one = fresh.remove(at.unwrap());
        let edited = flag(edits, &one, "\\Answered");
        deletes.remove("INBOX", &[deletes.find("INBOX", &one)]);
        becomes(&one, Some(edited));
    }
    // A move on each side.
    let mut moved = Vec::new();
    for store in [left, right] {
        let one = fresh.pop().unwrap();
        store.relocate("INBOX", &store.find("INBOX", &one), "Archive/2024");
        becomes(&one, None);
        moved.push(one);
    }
    insert(expected, "Archive/2024", moved);
    let left_new = some_mail(Generator::new(34), 9);
    let right_new = some_mail(Generator::new(35), 6);
    fill(left, &left_new);
    fill(right, &right_new);
    for (folder, entries) in contents(&[left_new, right_new].concat()) {
        insert(expected, &folder, entries);
    }
}

/// How many runs are killed in a row before one may come to its end.
const IN_A_ROW: u32 = 3;

#[test]
#[ignore = "needs the testbed"]
fn both_ways() {
    let dovecot = Rc::new(Server::start(Way::Plain));
    let world = world(&dovecot, "right");
    let mut expected = begin(&world);
    world.bridge.sync();
    world.holds(&expected, "after the first run");
    world.bridge.sync().is_quiet();
    edit(&world, &mut expected);
    world.bridge.sync();
    world.holds(&expected, "after edits");
    world.bridge.sync().is_quiet();
    // All keys and tickets are void: everything is listed, and recognised.
    world.left.void_ids("INBOX");
    world.bridge.sync();
    world.holds(&expected, "after all keys became void");
    world.bridge.sync().is_quiet();
    // Nothing is known any more.
    world.bridge.forget();
    world.bridge.sync();
    world.holds(&expected, "without the state");
    world.bridge.sync().is_quiet();
}

#[test]
#[ignore = "needs the testbed"]
fn killed_at_any_moment() {
    let mut random = Random::new(41);
    let dovecot = Rc::new(Server::start(Way::Plain));
    let mut times = [Duration::ZERO; 2];
    let mut kills = 0;
    for round in 0.. {
        let world = world(&dovecot, &format!("right{round}"));
        let mut expected = begin(&world);
        for (phase, time) in times.iter_mut().enumerate() {
            if phase > 0 {
                edit(&world, &mut expected);
            }
            for _ in 0..IN_A_ROW {
                // The first round shows how long it takes.
                let micros = u64::try_from(time.as_micros()).unwrap();
                if micros > 0 {
                    let delay = Duration::from_micros(random.below(micros));
                    println!("round {round}, phase {phase}: killed after {delay:?}");
                    kills += u32::from(world.bridge.kill_after(delay));
                    world.settle();
                }
            }
            let begin = Instant::now();
            world.bridge.sync();
            if round == 0 {
                *time = begin.elapsed();
            }
            world.holds(&expected, "after the kills");
            world.bridge.sync().is_quiet();
        }
        if kills >= 20 {
            return;
        }
    }
}

#[test]
#[ignore = "needs the testbed"]
fn cut_off_at_any_byte() {
    let mut random = Random::new(42);
    let dovecot = Rc::new(Server::start(Way::Plain));
    let mut passed = Vec::new();
    let mut cuts = 0;
    for round in 0.. {
        let world = world(&dovecot, &format!("right{round}"));
        let mut expected = begin(&world);
        for phase in 0..2 {
            if phase > 0 {
                edit(&world, &mut expected);
            }
            let proxies = [&world.left, &world.right].map(|store| store.proxy().unwrap());
            let at = usize::try_from(random.below(2)).unwrap();
            let proxy = proxies[at];
            if round == 0 {
                proxies.iter().for_each(|proxy| proxy.reset_counts());
                world.bridge.sync();
                passed.push(proxies.map(Proxy::counts));
            } else {
                let counts = passed[phase][at];
                let direction = match random.below(2) {
                    0 => Direction::ToServer,
                    _ => Direction::ToClient,
                };
                let bytes = match direction {
                    Direction::ToServer => counts.to_server,
                    Direction::ToClient => counts.to_client,
                };
                let after = random.below(bytes);
                println!("round {round}, phase {phase}, side {at}: {direction:?} after {after}");
                proxy.arm(Fault::Cut { direction, after });
                let first = world.bridge.run(&["sync", "--json"]);
                cuts += u32::from(proxy.has_fired());
                proxy.heal();
                if first.code != Some(0) {
                    assert_eq!(first.code, Some(1), "{first:?}");
                    world.settle();
                    world.bridge.sync();
                }
            }
            world.holds(&expected, "after the cut");
            world.bridge.sync().is_quiet();
        }
        if cuts >= 24 {
            return;
        }
    }
}

/// The server has done what it was asked to, and its answer is lost, or it asks for something first.
#[test]
#[ignore = "needs the testbed"]
fn lost_answers_and_statuses() {
    let dovecot = Rc::new(Server::start(Way::Plain));
    let faults: [(usize, fn() -> testing::Fault); 8] = [
        (0, || testing::Fault::on("Sync Email Add").cut_after()),
        (0, || testing::Fault::on("Sync Folder Add").cut_after()),
        (0, || testing::Fault::on("Sync Email Add").status(4104)),
        (0, || {
            testing::Fault::on("ItemOperations").nth(5).cut_answer(1000)
        }),
        (1, || testing::Fault::on("Sync Email Change").cut_after()),
        (1, || testing::Fault::on("Sync Email Delete").cut_after()),
        (1, || {
            testing::Fault::on("Sync Email GetChanges").status(4104)
        }),
        (1, || testing::Fault::on("Sync").nth(4).status(3204)),
    ];
    for (number, (phase, fault)) in faults.into_iter().enumerate() {
        println!("{:?} in sync {phase}", fault());
        let server = server();
        let world = between(&server, &dovecot, &format!("right{number}"));
        let mut expected = begin(&world);
        // A folder that is to be made.
        world.right.create("Neu");
        if phase > 0 {
            world.bridge.sync();
            edit(&world, &mut expected);
        }
        server.order(fault());
        let first = world.bridge.run(&["sync", "--json"]);
        if first.code != Some(0) {
            assert_eq!(first.code, Some(1), "{first:?}");
            world.bridge.sync();
        }
        assert_eq!(server.faults_waiting(), 0, "number {number}");
        world.holds(&expected, "after the fault");
        world.bridge.sync().is_quiet();
    }
}
