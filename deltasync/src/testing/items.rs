//! `ItemOperations.aspx`, `Send.aspx` and `Settings.aspx`

use bytes::Bytes;

use super::account::{Account, Message};
use super::http::Answer;
use super::xml::{Node, escaped};
use crate::hu01::{FileHeader, Level, compress};

const XML: &str = "text/xml";

/// An answer to ItemOperations that says no more than a status.
pub(super) fn failure(status: u16) -> Answer {
    Answer::ok(
        XML,
        format!(
            "<ItemOperations xmlns=\"ItemOperations:\"><Status>{status}</Status></ItemOperations>"
        ),
    )
}

/// The message that a request asks for; `None` if it does not ask as clients did.
pub(super) fn wanted(root: &Node) -> Option<&str> {
    let fetch = root.get("ItemOperations: Fetch")?;
    let fits = root.name == "ItemOperations: ItemOperations"
        && fetch.value("ItemOperations: Class") == Some("Email")
        && fetch.value("HMMAIL: Compression") == Some("hm-compression")
        && fetch.value("HMMAIL: ResponseContentType") == Some("mtom");
    fetch.value("HMMAIL: ServerId").filter(|_| fits)
}

/// The answer to a Fetch.
pub(super) fn fetch(account: &Account, id: &str) -> Answer {
    let state = account.state();
    let Some(message) = state.find(id) else {
        return Answer::ok(
            XML,
            format!(
                "<ItemOperations xmlns:D=\"HMSYNC:\" xmlns=\"ItemOperations:\"><Status>1</Status>\
                 <Responses><Fetch><ServerId>{}</ServerId><Status>4403</Status></Fetch></Responses>\
                 </ItemOperations>",
                escaped(id)
            ),
        );
    };
    let header = FileHeader::default();
    match compress(&message.content, header, Level::Fast) {
        Ok(stream) => Answer::ok("application/xop+xml", frame(&message.id, &stream)),
        Err(_) => failure(5000),
    }
}

/// What is around a message, byte by byte as the service sent it.
pub(super) fn frame(id: &str, stream: &[u8]) -> Vec<u8> {
    const BOUNDARY: &str = "DeltaSync91ABCB4AF5D24B8F988B77ED7A19733D?MTOM";
    const PART: &str = "1.634715231374437235@example.org";
    let mut out = format!(
        "MIME-Version: 1.0\r\n\
         Content-Type: Multipart/Related;boundary={BOUNDARY};\r\n    \
         type=\"application/xop+xml\";\r\n    \
         start=\"<DeltaSyncMTOMFetchResponse@mail.services.live.com>\";\r\n\
         \r\n\
         --{BOUNDARY}\r\n\
         content-transfer-encoding: binary\r\n\
         content-type: application/xop+xml; charset=utf-8; type=\"application/xop+xml\"\r\n\
         content-id: <DeltaSyncMTOMFetchResponse@mail.services.live.com>\r\n\
         \r\n\
         <ItemOperations xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" xmlns:B=\"HMMAIL:\" \
         xmlns:D=\"HMSYNC:\" xmlns=\"ItemOperations:\"><Status>1</Status><Responses><Fetch>\
         <ServerId>{id}</ServerId><Status>1</Status><Message><xop:Include href=\"cid:{PART}\" />\
         </Message></Fetch></Responses></ItemOperations>\r\n\
         --{BOUNDARY}\r\n\
         content-transfer-encoding: binary\r\n\
         content-type: application/octet-stream\r\n\
         content-id: <{PART}>\r\n\
         \r\n"
    )
    .into_bytes();
    out.extend_from_slice(stream);
    out.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    out
}

/// The answer to Send.
pub(super) fn send(account: &Account, root: &Node, parts: &[(String, Bytes)]) -> Option<String> {
    let item = root.get("Send: SendItem")?;
    let recipients = item.get("Send: Recipients")?;
    let count: usize = recipients
        .children
        .iter()
        .map(|list| list.children.len())
        .sum();
    let include = item.at(&[
        "Send: Item",
        "http://www.w3.org/2004/08/xop/include Include",
    ])?;
    let href = include.attribute("href")?;
    let (_, content) = parts.iter().find(|(id, _)| id == href)?;
    let mut state = account.state();
    let status = if count > 0 { 1 } else { 4202 };
    let mut saved = String::new();
    if count > 0 {
        state.sent.push(content.clone());
        if root.get("Send: SaveItem").is_some() {
            let folder = "00000000-0000-0000-0000-000000000003";
            let id = state.put(folder, Message::new(content.clone()))?;
            saved = format!("<SaveItem><Status>1</Status><ServerId>{id}</ServerId></SaveItem>");
        }
    }
    Some(format!(
        "<Send xmlns:D=\"HMSYNC:\" xmlns=\"Send:\"><Status>1</Status><Responses><SendItem>\
         <Status>{status}</Status></SendItem>{saved}</Responses></Send>"
    ))
}

/// The answer to Settings.
pub(super) fn settings(status: u16) -> String {
    if status != 1 {
        return format!("<Settings xmlns=\"HMSETTINGS:\"><Status>{status}</Status></Settings>");
    }
    "<Settings xmlns=\"HMSETTINGS:\"><Status>1</Status><ServiceSettings><Status>1</Status>\
     <Properties><Status>1</Status><Get><MinSyncPollInterval>300</MinSyncPollInterval>\
     <MaxNumberOfEmailAdds>100</MaxNumberOfEmailAdds></Get></Properties></ServiceSettings>\
     <AccountSettings><Status>1</Status><Get><Properties><AccountStatus>OK</AccountStatus>\
     <MaxMessageSize>26214400</MaxMessageSize></Properties></Get></AccountSettings></Settings>"
        .to_owned()
}
