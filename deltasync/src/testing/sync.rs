//! `Sync.aspx`

use std::fmt::Write as _;

use base64::Engine as _;
use bytes::Bytes;

use super::account::{Account, DELETED, Known, Message, State};
use super::server::Profile;
use super::time;
use super::xml::{Node, element, escaped};

/// What one request asks of one collection.
struct Ask<'a> {
    class: &'a str,
    folder: &'a str,
    node: &'a Node,
    server_wins: bool,
    deletes_as_moves: bool,
    parts: &'a [(String, Bytes)],
}

/// How the line of a request describes it: the class and what is in it.
pub(super) fn describe(root: &Node) -> String {
    let mut line = String::new();
    let collections = root.get("AirSync: Collections");
    for collection in collections.map_or(&[][..], |all| &all.children) {
        let class = collection.value("AirSync: Class").unwrap_or("?");
        let _ = write!(line, " {class}");
        let commands = collection.get("AirSync: Commands");
        for command in commands.map_or(&[][..], |all| &all.children) {
            let name = command.name.split(' ').nth(1).unwrap_or_default();
            if !line.ends_with(name) {
                let _ = write!(line, " {name}");
            }
        }
        if collection.get("AirSync: GetChanges").is_some() {
            line.push_str(" GetChanges");
        }
    }
    line
}

/// A whole answer that says no more than a status.
pub(super) fn failure(status: u16) -> String {
    format!(
        "<Sync xmlns:D=\"HMSYNC:\" xmlns=\"AirSync:\"><D:Status>{status}</D:Status><D:Fault>\
         <D:Faultcode>Sender</D:Faultcode><D:Faultstring>refused</D:Faultstring>\
         <D:Detail></D:Detail></D:Fault></Sync>"
    )
}

pub(super) fn answer(
    account: &Account,
    profile: &Profile,
    root: &Node,
    parts: &[(String, Bytes)],
) -> String {
    let Some(collections) = root.get("AirSync: Collections") else {
        return failure(4102);
    };
    let conflict = root.at(&["HMSYNC: Options", "HMSYNC: Conflict"]);
    let mut body = String::new();
    let mut state = account.state();
    for node in &collections.children {
        let class = node.value("AirSync: Class").unwrap_or_default();
        let commands = node
            .get("AirSync: Commands")
            .map_or(0, |all| all.children.len());
        if commands > profile.most_commands {
            return failure(4301);
        }
        let ask = Ask {
            class,
            folder: node.value("AirSync: CollectionId").unwrap_or_default(),
            node,
            server_wins: conflict.is_some_and(|conflict| conflict.text == "1"),
            deletes_as_moves: root.get("HMSYNC: DeletesAsMoves").is_some(),
            parts,
        };
        match collection(&mut state, &ask) {
            Ok(text) => body.push_str(&text),
            Err(4104) if profile.key_errors_at_root => return failure(4104),
            Err(4102) => return failure(4102),
            Err(status) => {
                body.push_str("<Collection>");
                element(&mut body, "Class", class);
                element(&mut body, "Status", &status.to_string());
                body.push_str("</Collection>");
            }
        }
    }
    format!(
        "<Sync xmlns:A=\"EMAIL:\" xmlns:B=\"HMMAIL:\" xmlns:C=\"HMFOLDER:\" xmlns:D=\"HMSYNC:\" \
         xmlns=\"AirSync:\"><D:Status>1</D:Status><Collections>{body}</Collections></Sync>"
    )
}

fn collection(state: &mut State, ask: &Ask<'_>) -> Result<String, u16> {
    let key = ask.node.value("AirSync: SyncKey").ok_or(4102_u16)?;
    // Ids are taken in either case.
    let folder = ask.folder.to_ascii_uppercase();
    if ask.class == "Email" && !state.folders.contains_key(&folder) {
        return Err(4402);
    }
    if !matches!(ask.class, "Email" | "Folder") {
        return Err(4102);
    }
    let mut known = state.known(&folder, key).ok_or(4104_u16)?;
    let mut responses = String::new();
    let commands = ask.node.get("AirSync: Commands");
    for command in commands.map_or(&[][..], |all| &all.children) {
        let response = match ask.class {
            "Email" => mail_command(state, ask, &folder, &mut known, command),
            _ => folder_command(state, &mut known, command),
        };
        responses.push_str(&response?);
    }
    let mut commands = String::new();
    let mut more = false;
    if ask.node.get("AirSync: GetChanges").is_some() {
        let window = match ask.node.value("AirSync: WindowSize") {
            Some(text) => text.parse().map_err(|_| 4102_u16)?,
            None => 2000,
        };
        (commands, more) = changes(state, ask.class, &folder, &mut known, window);
    }
    let key = state.key(&folder, known);
    let mut out = String::from("<Collection>");
    element(&mut out, "Class", ask.class);
    element(&mut out, "SyncKey", &key);
    element(&mut out, "Status", "1");
    for (name, content) in [("Commands", commands), ("Responses", responses)] {
        if !content.is_empty() {
            let _ = write!(out, "<{name}>{content}</{name}>");
        }
    }
    if more {
        out.push_str("<MoreAvailable/>");
    }
    out.push_str("</Collection>");
    Ok(out)
}

/// What there is and the holder of the key does not know: deletions, then changes, then what is new.
fn changes(
    state: &State,
    class: &str,
    folder: &str,
    known: &mut Known,
    window: usize,
) -> (String, bool) {
    let now: Vec<(String, u64, String)> = match class {
        "Email" => {
            let messages = state.folders.get(folder).map_or(&[][..], |f| &f.messages);
            let all = messages.iter();
            all.map(|m| (m.id.clone(), m.version, message_data(m, folder)))
                .collect()
        }
        _ => {
            let all = state.folders.iter();
            all.map(|(id, f)| {
                let mut data = String::new();
                element(&mut data, "C:DisplayName", &f.name);
                element(&mut data, "C:ParentId", &f.parent);
                element(&mut data, "C:Version", "1");
                (id.clone(), f.version, data)
            })
            .collect()
        }
    };
    let gone: Vec<String> = known
        .keys()
        .filter(|id| !now.iter().any(|(there, ..)| there == *id))
        .cloned()
        .collect();
    let mut out = String::new();
    let mut left = window;
    let mut more = false;
    let mut room = || {
        more |= left == 0;
        let fits = left > 0;
        left = left.saturating_sub(1);
        fits
    };
    for id in gone {
        if room() {
            let _ = write!(out, "<Delete><ServerId>{id}</ServerId></Delete>");
            known.remove(&id);
        }
    }
    for new in [false, true] {
        for (id, version, data) in &now {
            let before = known.get(id);
            if before == Some(version) || before.is_none() != new || !room() {
                continue;
            }
            let name = if new { "Add" } else { "Change" };
            let _ = write!(
                out,
                "<{name}><ServerId>{id}</ServerId><ApplicationData>{data}</ApplicationData></{name}>"
            );
            known.insert(id.clone(), *version);
        }
    }
    (out, more)
}

fn message_data(message: &Message, folder: &str) -> String {
    let flag = match message.flag {
        0 => "<B:Flag/>".to_owned(),
        state => format!("<B:Flag><B:State>{state}</B:State></B:Flag>"),
    };
    format!(
        "<A:Read>{}</A:Read><A:From>{}</A:From><A:Subject>{}</A:Subject>\
         <A:DateReceived>{}</A:DateReceived><A:Importance>1</A:Importance>\
         <A:MessageClass>IPM.Note</A:MessageClass><B:FolderId>{folder}</B:FolderId>\
         <B:Size>{}</B:Size><B:HasAttachments>0</B:HasAttachments>\
         <B:ReplyToOrForwardState>{}</B:ReplyToOrForwardState>{flag}",
        u8::from(message.read),
        escaped(&message.from),
        escaped(&message.subject),
        time::format(message.received),
        message.content.len(),
        message.reply_state,
    )
}

fn mail_command(
    state: &mut State,
    ask: &Ask<'_>,
    folder: &str,
    known: &mut Known,
    command: &Node,
) -> Result<String, u16> {
    let data = command.get("AirSync: ApplicationData");
    if command.name == "AirSync: Add" {
        let (client_id, message) = new_message(ask, command).ok_or(4102_u16)?;
        let id = state.put(folder, message).ok_or(4402_u16)?;
        let version = state.find(&id).map_or(0, |message| message.version);
        known.insert(id.clone(), version);
        return Ok(format!(
            "<Add><ClientId>{}</ClientId><ServerId>{id}</ServerId><Status>1</Status></Add>",
            escaped(&client_id)
        ));
    }
    let id = command.value("AirSync: ServerId").ok_or(4102_u16)?;
    let there = state.find_mut(folder, id);
    let there = there.map(|message| (message.id.clone(), message.version));
    let status = match (command.name.as_str(), &there) {
        ("AirSync: Change" | "AirSync: Delete", None) => 4403,
        ("AirSync: Change", Some((id, version)))
            if ask.server_wins && known.get(id).is_some_and(|seen| seen != version) =>
        {
            4404
        }
        ("AirSync: Change", Some((id, _))) => {
            change(state, folder, id, known, data.ok_or(4102_u16)?)?
        }
        ("AirSync: Delete", Some((id, _))) => {
            let message = state.take(folder, id);
            known.remove(id);
            if let (true, Some(message)) = (ask.deletes_as_moves, message) {
                state.put(DELETED, message);
            }
            1
        }
        _ => return Err(4102),
    };
    let name = command.name.split(' ').nth(1).unwrap_or_default();
    Ok(format!(
        "<{name}><ServerId>{}</ServerId><Status>{status}</Status></{name}>",
        escaped(&id.to_ascii_uppercase())
    ))
}

fn change(
    state: &mut State,
    folder: &str,
    id: &str,
    known: &mut Known,
    data: &Node,
) -> Result<u16, u16> {
    if let Some(to) = data.value("HMMAIL: FolderId") {
        let to = to.to_ascii_uppercase();
        if !state.folders.contains_key(&to) {
            return Ok(4402);
        }
        if let Some(message) = state.take(folder, id) {
            state.put(&to, message);
        }
        known.remove(id);
        return Ok(1);
    }
    let version = state.next();
    let message = state.find_mut(folder, id).ok_or(4403_u16)?;
    if let Some(read) = data.value("EMAIL: Read") {
        message.read = read == "1";
    }
    if let Some(reply) = data.value("HMMAIL: ReplyToOrForwardState") {
        message.reply_state = reply.parse().map_err(|_| 4102_u16)?;
    }
    if let Some(flag) = data.get("HMMAIL: Flag") {
        let state = flag.value("HMMAIL: State").unwrap_or("0");
        message.flag = state.parse().map_err(|_| 4102_u16)?;
    }
    message.version = version;
    known.insert(id.to_owned(), version);
    Ok(1)
}

/// An upload: all that the one client known to upload sent has to be there.
fn new_message(ask: &Ask<'_>, command: &Node) -> Option<(String, Message)> {
    let client_id = command.value("AirSync: ClientId")?;
    let data = command.get("AirSync: ApplicationData")?;
    for name in [
        "EMAIL: Importance",
        "EMAIL: MessageClass",
        "HMMAIL: FolderId",
        "HMMAIL: ConversationTopic",
        "HMMAIL: Sensitivity",
        "HMMAIL: HasAttachments",
        "HMMAIL: TrustedSource",
        "HMMAIL: Version",
    ] {
        data.get(name)?;
    }
    let include = data.at(&[
        "HMMAIL: Message",
        "http://www.w3.org/2004/08/xop/include Include",
    ])?;
    let href = include.attribute("href")?;
    let href = href.strip_prefix("cid:").unwrap_or(href);
    let (_, content) = ask.parts.iter().find(|(id, _)| id == href)?;
    let size: usize = data.value("HMMAIL: Size")?.parse().ok()?;
    if size != content.len() {
        return None;
    }
    let mut message = Message::new(content.clone());
    message.read = data.value("EMAIL: Read")? == "1";
    message.reply_state = data.value("HMMAIL: ReplyToOrForwardState")?.parse().ok()?;
    let flag = data.at(&["HMMAIL: Flag", "HMMAIL: State"]);
    message.flag = flag.map_or(Some(0), |state| state.text.parse().ok())?;
    message.received = time::parse(data.value("EMAIL: DateReceived")?)?;
    data.value("EMAIL: Subject")?
        .clone_into(&mut message.subject);
    data.value("EMAIL: From")?.clone_into(&mut message.from);
    Some((client_id.to_owned(), message))
}

fn folder_command(state: &mut State, known: &mut Known, command: &Node) -> Result<String, u16> {
    let data = command.get("AirSync: ApplicationData");
    let name = data.and_then(|data| data.get("HMFOLDER: DisplayName"));
    let name = name.and_then(|name| match name.attribute("encoding") {
        Some("2") => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(&name.text);
            String::from_utf8(bytes.ok()?).ok()
        }
        _ => Some(name.text.clone()),
    });
    if command.name == "AirSync: Add" {
        let client_id = command.value("AirSync: ClientId").ok_or(4102_u16)?;
        let parent = data.and_then(|data| data.value("HMFOLDER: ParentId"));
        let parent = parent.ok_or(4102_u16)?.to_ascii_uppercase();
        let id = state.add_folder(&name.ok_or(4102_u16)?, &parent);
        let version = state.folders.get(&id).map_or(0, |folder| folder.version);
        known.insert(id.clone(), version);
        return Ok(format!(
            "<Add><ClientId>{}</ClientId><ServerId>{id}</ServerId><Status>1</Status></Add>",
            escaped(client_id)
        ));
    }
    let id = command
        .value("AirSync: ServerId")
        .ok_or(4102_u16)?
        .to_ascii_uppercase();
    let version = state.next();
    let status = match (command.name.as_str(), state.folders.get_mut(&id)) {
        (_, None) => 4402,
        ("AirSync: Change", Some(folder)) => {
            folder.name = name.ok_or(4102_u16)?;
            folder.version = version;
            known.insert(id.clone(), version);
            1
        }
        _ => {
            state.folders.remove(&id);
            known.remove(&id);
            1
        }
    };
    let name = command.name.split(' ').nth(1).unwrap_or_default();
    Ok(format!(
        "<{name}><ServerId>{id}</ServerId><Status>{status}</Status></{name}>"
    ))
}
