//! The suite that every source passes.

use async_trait::async_trait;
use eas::client::{ClientOptions, Device};
use eas::source::{EasConfig, EasSource};
use eas::testing::{Profile, Server};
use sync_core::model::{Collection, CollectionId, ItemKind, NewItem, SystemFlags};
use sync_core::net::{Credential, Tls, TlsOptions};
use sync_core::testing::conformance::{self, Harness};
use sync_core::{Result, Source};

use crate::postman::Postman;

/// alice's source, as this device.
pub(super) fn source(server: &Server, device: &str) -> EasSource {
    let login = Credential::password("alice", "alicepw");
    let tls = Tls::new(&TlsOptions::default()).unwrap();
    let url = server.url().parse().unwrap();
    let mut options = ClientOptions::new(url, "alice", login, Device::new(device), tls);
    options.http.plaintext = true;
    let mut config = EasConfig::new("alice", options);
    config.zone = Some("Europe/Berlin".into());
    config.window = 10;
    EasSource::new(config).unwrap()
}

struct Account<'a> {
    server: &'a Server,
    profile: conformance::Profile,
    devices: usize,
}

#[async_trait]
impl Harness for Account<'_> {
    async fn connect(&mut self) -> Result<Box<dyn Source>> {
        // One device is the source under test, also after a restart, the other one the third party.
        self.devices += 1;
        let eas = source(self.server, ["device2", "device1"][self.devices % 2]);
        let store = self.server.store();
        let deliver = move |folder: &Collection, new: &NewItem| {
            let id = folder.id.as_str();
            let mime = new.body.read(u64::MAX).unwrap();
            let item = match new.date {
                Some(date) => store.add_mail_at(id, mime, date.seconds),
                None => store.add_mail(id, mime),
            };
            let item = item.unwrap();
            let has = |flag| new.flags.system.contains(flag);
            store.set_read(id, &item, has(SystemFlags::SEEN));
            store.set_flagged(id, &item, has(SystemFlags::FLAGGED));
        };
        Ok(match self.profile.kind {
            ItemKind::Message => Box::new(Postman::new(eas, Box::new(deliver))),
            _ => Box::new(eas),
        })
    }

    fn profile(&self) -> conformance::Profile {
        self.profile.clone()
    }

    async fn lose_cursors(&mut self, c: &CollectionId) -> Result<bool> {
        self.server.store().forget_keys(c.as_str());
        Ok(true)
    }
}

const NO_ANSWERED: &str = "\\Answered cannot be set";
const DAYS: &str = "a weekly rule says its days";

const ANEW: &str = "who lists the folders anew begins anew in each";

const SKIP: &[(&str, &str)] = &[
    ("a_cursor_serves_another_source", ANEW),
    ("flags_are_kept", NO_ANSWERED),
    ("flags_named_by_neither_stay", NO_ANSWERED),
    ("overrides_may_come_first", DAYS),
];

/// A name is told without the blanks at its ends, which the titles of these cases have.
const TRIMS: &[(&str, &str)] = &[
    ("eight_bit_and_long_lines_are_kept", "names are trimmed"),
    ("a_large_content_is_kept", "names are trimmed"),
];

async fn conform(server: Profile, profile: conformance::Profile) -> String {
    let server = Server::builder().profile(server).start().unwrap();
    let mut failed = String::new();
    let trims = match profile.kind {
        ItemKind::Contact => TRIMS,
        _ => &[],
    };
    for case in conformance::cases() {
        if SKIP.iter().chain(trims).any(|(name, _)| *name == case.name) {
            continue;
        }
        let mut account = Account {
            server: &server,
            profile: conformance::Profile {
                keywords: false,
                any_bytes: false,
                pages: true,
                ..profile.clone()
            },
            devices: 0,
        };
        if let Err(why) = case.run(&mut account).await {
            failed.push_str(&format!("{}: {}: {why}\n", profile.kind, case.name));
        }
    }
    failed
}

fn of(kind: ItemKind) -> conformance::Profile {
    conformance::Profile {
        kind,
        nested: kind == ItemKind::Message,
        large: 20_000,
        ..conformance::Profile::default()
    }
}

#[tokio::test]
async fn of_16_1() {
    let mut failed = String::new();
    for kind in ItemKind::ALL {
        failed.push_str(&conform(Profile::full(), of(kind)).await);
    }
    assert!(failed.is_empty(), "{failed}");
}

#[tokio::test]
async fn of_14_1() {
    let mut failed = String::new();
    for kind in ItemKind::ALL {
        let server = Profile::exchange_2013();
        failed.push_str(&conform(server, of(kind)).await);
    }
    assert!(failed.is_empty(), "{failed}");
}
