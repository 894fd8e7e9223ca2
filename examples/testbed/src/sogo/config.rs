//! What SOGo and the others are told.

use std::path::Path;

use super::{DOMAIN, MORE_USERS, Sogo, USERS};

/// Where the servers listen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) http: u16,
    pub(super) imap: u16,
    pub(super) smtp: u16,
    pub(super) cache: u16,
    pub(super) database: u16,
}

/// SOGo's settings, which win over `/etc/sogo/sogo.conf` since they are given as arguments.
pub(super) fn sogo(folder: &Path, ports: Ports) -> Vec<(&'static str, String)> {
    let folder = folder.display();
    let table = |name: &str| {
        let port = ports.database;
        format!("postgresql://postgres:x@127.0.0.1:{port}/sogo/{name}")
    };
    let users = format!(
        "({{type = sql; id = directory; viewURL = \"{}\"; canAuthenticate = YES; \
         isAddressBook = YES; displayName = \"Directory\"; userPasswordAlgorithm = plain;}})",
        table("users")
    );
    let text = |value: &str| value.to_owned();
    vec![
        ("WOPort", format!("127.0.0.1:{}", ports.http)),
        ("WONoDetach", text("YES")),
        // A waiting ActiveSync Ping takes one of them. Where requests outnumber them, a few get no answer.
        ("WOWorkersCount", text("12")),
        ("WOListenQueueSize", text("64")),
        ("WOPidFile", format!("{folder}/run/sogod.pid")),
        ("WOLogFile", text("-")),
        ("SxVMemLimit", text("1024")),
        ("SOGoMailSpoolPath", format!("{folder}/spool")),
        ("SOGoMemcachedHost", format!("127.0.0.1:{}", ports.cache)),
        ("SOGoProfileURL", table("profiles")),
        ("OCSFolderInfoURL", table("folder_info")),
        ("OCSSessionsFolderURL", table("sessions")),
        ("OCSStoreURL", table("store")),
        ("OCSAclURL", table("acl")),
        ("OCSCacheFolderURL", table("cache")),
        ("OCSAdminURL", table("admin")),
        ("SOGoUserSources", users),
        ("SOGoMailDomain", text(DOMAIN)),
        (
            "SOGoIMAPServer",
            format!("imap://127.0.0.1:{}/?tls=NO", ports.imap),
        ),
        ("SOGoMailingMechanism", text("smtp")),
        ("SOGoSMTPServer", format!("smtp://127.0.0.1:{}", ports.smtp)),
        ("SOGoSentFolderName", text("Sent")),
        ("SOGoTrashFolderName", text("Trash")),
        ("SOGoDraftsFolderName", text("Drafts")),
        ("SOGoJunkFolderName", text("Junk")),
        ("SOGoLanguage", text("English")),
        // ActiveSync stores events in this zone; what it says of UTC is partly garbage.
        ("SOGoTimeZone", text("Europe/Paris")),
        ("SOGoAppointmentSendEMailNotifications", text("YES")),
        ("SOGoEnableEMailAlarms", text("NO")),
        ("SOGoSieveScriptsEnabled", text("NO")),
        ("SOGoMaximumPingInterval", text("30")),
        ("SOGoMaximumSyncInterval", text("30")),
        // Shorter, and a Ping lasts longer than it should.
        ("SOGoInternalSyncInterval", text("5")),
    ]
}

/// The table of users.
pub(super) fn users() -> String {
    let rows = USERS.map(|(user, name)| {
        let (password, address) = (Sogo::password(user), Sogo::address(user));
        format!("('{user}', '{user}', '{password}', '{name}', '{address}')")
    });
    format!(
        "CREATE TABLE users (c_uid VARCHAR(64) PRIMARY KEY, c_name VARCHAR(64), \
         c_password VARCHAR(255), c_cn VARCHAR(128), mail VARCHAR(128));
INSERT INTO users VALUES {};
INSERT INTO users SELECT 'user' || n, 'user' || n, 'user' || n || 'pw', 'User ' || n, \
         'user' || n || '@{DOMAIN}' FROM generate_series(1, {MORE_USERS}) n;
",
        rows.join(", ")
    )
}

/// A Dovecot that runs as one user throughout.
pub(super) fn dovecot(folder: &Path, ports: Ports, owner: &(String, String)) -> String {
    let folder = folder.display();
    let (user, group) = owner;
    let port = ports.imap;
    let mailboxes = ["Drafts", "Sent", "Trash", "Junk"].map(|name| {
        format!("  mailbox {name} {{\n    auto = subscribe\n    special_use = \\{name}\n  }}\n")
    });
    format!(
        "base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Ln
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%n/Maildir
mailbox_list_index = yes
maildir_stat_dirs = yes
mail_fsync = never
mail_max_userip_connections = 200
passdb {{
  driver = static
  args = password=%npw
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%n
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
{mailboxes}}}
",
        mailboxes = mailboxes.concat()
    )
}
