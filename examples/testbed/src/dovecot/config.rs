//! The text of `dovecot.conf`, in the language of Dovecot 2.3.

use std::path::Path;

use super::{Builder, account::Account};
use crate::certificates::Certificates;

/// Where the server listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) imap: u16,
    pub(crate) imaps: u16,
    pub(crate) pop3: u16,
    pub(crate) pop3s: u16,
}

/// The whole configuration of a server that lives in `folder`.
pub(crate) fn text(
    wish: &Builder,
    folder: &Path,
    greeting: &str,
    ports: Ports,
    certificates: &Certificates,
    account: &Account,
) -> String {
    let folder = folder.display();
    [
        general(&folder.to_string(), greeting, account),
        mail(wish, account),
        tls(wish, certificates),
        logins(&folder.to_string(), account),
        listeners(ports),
        services(account),
        wish.extra.clone(),
    ]
    .join("\n")
}

/// What OAuth 2.0 tokens are checked with; the key lies in `folder/oauth2/keys`.
pub(crate) fn oauth2(folder: &Path) -> String {
    format!(
        "introspection_mode = local
local_validation_key_dict = fs:posix:prefix={}/oauth2/keys/
username_attribute = sub
",
        folder.display()
    )
}

fn general(folder: &str, greeting: &str, account: &Account) -> String {
    let (internal, login) = (&account.internal_user, &account.login_user);
    format!(
        "protocols = imap pop3
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = testbed
login_greeting = {greeting}
log_path = {folder}/dovecot.log
auth_verbose = yes
default_internal_user = {internal}
default_internal_group = {}
default_login_user = {login}
",
        account.internal_group
    )
}

fn mail(wish: &Builder, account: &Account) -> String {
    let capability = match &wish.imap_capability {
        Some(list) => format!("imap_capability = {list}"),
        None => String::new(),
    };
    format!(
        "first_valid_uid = {uid}
mail_uid = {user}
mail_gid = {group}
mail_location = {location}
mail_fsync = never
mailbox_list_index = yes
mail_max_userip_connections = 200
mail_plugins = quota
imap_metadata = yes
imap_id_retain = yes
mail_attribute_dict = file:%h/dovecot-attributes

namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = create
  }}
  mailbox Archive {{
    special_use = \\Archive
    auto = no
  }}
}}

protocol imap {{
  mail_plugins = $mail_plugins imap_quota imap_zlib
  {capability}
}}
protocol pop3 {{
  pop3_uidl_format = %08Xu%08Xv
  pop3_no_flag_updates = no
}}
plugin {{
  quota = count:User quota
  quota_rule = *:storage=4G
  quota_vsizes = yes
}}
",
        uid = account.mail_uid.min(500),
        user = account.mail_user,
        group = account.mail_group,
        location = wish.mail_location,
    )
}

fn tls(wish: &Builder, certificates: &Certificates) -> String {
    if wish.without_tls {
        return "ssl = no\ndisable_plaintext_auth = no\n".into();
    }
    format!(
        "ssl = yes
ssl_cert = <{}
ssl_key = <{}
ssl_dh =
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
",
        certificates.chain.display(),
        certificates.key.display()
    )
}

fn logins(folder: &str, account: &Account) -> String {
    format!(
        "auth_mechanisms = plain login cram-md5 apop scram-sha-1 scram-sha-256 oauthbearer xoauth2
auth_failure_delay = 0
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {folder}/oauth2/oauth2.conf
}}
# Its mechanisms are named, or a bad token would be tried as a password too.
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 apop scram-sha-1 scram-sha-256
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={} gid={} home={folder}/home/%u allow_all_users=yes
}}
",
        account.mail_user, account.mail_group
    )
}

fn listeners(ports: Ports) -> String {
    let Ports {
        imap,
        imaps,
        pop3,
        pop3s,
    } = ports;
    format!(
        "service imap-login {{
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  service_count = 0
  process_min_avail = 1
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3}
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {pop3s}
    ssl = yes
  }}
}}
"
    )
}

fn services(account: &Account) -> String {
    let mut text = String::from(
        "# Processes are used again: tests log in hundreds of times.
service imap {
  service_count = 256
}
service pop3 {
  service_count = 256
}
service auth {
  client_limit = 4096
}
service anvil {
  # No growing delay after failed logins.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
",
    );
    if !account.is_root {
        // Only root may change root folders.
        for service in ["imap-login", "pop3-login", "anvil", "stats"] {
            text.push_str(&format!("service {service} {{\n  chroot =\n}}\n"));
        }
    }
    text
}
