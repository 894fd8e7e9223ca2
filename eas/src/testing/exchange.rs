//! One HTTP request and its answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Request as HttpRequest;
use sync_core::testing::server::http;
use tokio::time::Instant;

use super::autodiscover;
use super::call::{Answer, Call};
use super::carry_out::{carry_out, refuse};
use super::element::Element;
use super::fault::{End, Fault, Moment};
use super::profile::{Quirk, tens};
use super::query::Query;
use super::server::{SeenRequest, Shared};
use super::store::Store;
use crate::wire::wbxml::pages::AirSync;
use crate::wire::wbxml::to_xml;

const PATH: &str = "/microsoft-server-activesync";
const WBXML: &str = "application/vnd.ms-sync.wbxml";

/// What is answered over HTTP.
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Reply {
    const fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    fn content(kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", kind.to_owned())],
            body: body.into(),
        }
    }
}

/// What came.
struct Request {
    method: String,
    path: String,
    query: Query,
    version: String,
    policy_key: Option<String>,
    multipart: bool,
    host: String,
    body: Bytes,
}

/// Carries a request out and answers it, faults permitting; `None` cuts the connection.
pub(super) async fn answer(
    shared: &Shared,
    connection: u64,
    request: HttpRequest<Bytes>,
) -> Option<http::Answer> {
    let (parts, body) = request.into_parts();
    let header = |name: &str| {
        let value = parts.headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let query = Query::parse(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    let version = match query.version {
        Some(code) => format!("{}.{}", code / 10, code % 10),
        None => header("ms-asprotocolversion").unwrap_or_default(),
    };
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_ascii_lowercase(),
        policy_key: query.policy_key.clone().or(header("x-ms-policykey")),
        multipart: query.multipart || header("ms-asacceptmultipart").as_deref() == Some("T"),
        host: header("host").unwrap_or_default(),
        query,
        version,
        body,
    };
    let command = request.command();
    let text = match to_xml(&request.body) {
        Ok(xml) => xml,
        Err(_) => String::from_utf8_lossy(&request.body).into_owned(),
    };
    let authorization = header("authorization");
    let store = user(shared, authorization.as_deref());
    let log = shared.log.push(SeenRequest {
        connection,
        command: command.clone(),
        version: request.version.clone(),
        device: request.query.device.clone(),
        policy_key: request.policy_key.clone(),
        cookie: header("cookie"),
        authorized: authorization.is_some(),
        body: text.clone(),
        status: None,
    });
    let mut fault = shared.faults.strike(|fault| fault.fits(&command, &text));
    if let Some(delay) = fault.as_ref().and_then(|fault| fault.delay) {
        tokio::time::sleep(delay).await;
    }
    strike(&mut fault, Moment::Received, store.as_ref());
    let end = fault.as_ref().and_then(|fault| fault.end.clone());
    let mut reply = match &end {
        Some(End::CutBefore) => {
            restore(shared, fault);
            return None;
        }
        Some(End::Http(status, headers)) => Reply {
            headers: headers.clone(),
            ..Reply::status(*status)
        },
        Some(End::Status(code)) => reply(refuse(&command, *code)),
        Some(End::Bytes(bytes)) => Reply::content(WBXML, bytes.clone()),
        _ => match &store {
            Some(store) => {
                if end == Some(End::RefuseKeys) {
                    forget_keys(&request.body, store);
                }
                request.carry_out(shared, store).await
            }
            // Discovery of version 2 wants no credentials.
            None if request.path.ends_with("autodiscover.json") => request.discover(shared),
            None => Reply {
                headers: vec![("www-authenticate", "Basic realm=\"eas\"".to_owned())],
                ..Reply::status(401)
            },
        },
    };
    strike(&mut fault, Moment::Answering, store.as_ref());
    restore(shared, fault);
    shared
        .log
        .amend(log, |seen| seen.status = Some(reply.status));
    let cut = match end {
        Some(End::CutAnswer(0)) => return None,
        Some(End::CutAnswer(bytes)) => Some(bytes),
        _ => None,
    };
    if end == Some(End::Halve) {
        reply.body.truncate(reply.body.len() / 2);
    }
    Some(http::Answer {
        status: reply.status,
        headers: reply.headers,
        body: reply.body.into(),
        cut,
        closes: shared.profile.has(Quirk::ClosesSilently),
    })
}

fn strike(fault: &mut Option<Fault>, moment: Moment, store: Option<&Store>) {
    if let (Some(fault), Some(store)) = (fault, store) {
        fault.strike_at(moment, store);
    }
}

fn restore(shared: &Shared, fault: Option<Fault>) {
    if let Some(fault) = fault {
        shared.faults.restore(fault);
    }
}

fn forget_keys(body: &[u8], store: &Store) {
    let Ok(root) = Element::parse(body) else {
        return;
    };
    let collections = root.child(AirSync::Collections);
    for collection in collections.iter().flat_map(|all| &all.children) {
        if let Some(id) = collection.find(AirSync::CollectionId) {
            store.forget_keys(&id);
        }
    }
}

/// The folders of the user whose credentials a request bears.
fn user(shared: &Shared, header: Option<&str>) -> Option<Store> {
    let (scheme, rest) = header?.split_once(' ')?;
    let user = match scheme.to_ascii_lowercase().as_str() {
        "basic" => {
            let plain = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
            let (name, password) = plain.split_once(':')?;
            let user = shared.users.get(name)?;
            (user.password == password).then_some(user)?
        }
        "bearer" if rest.trim() == shared.token => shared.users.values().next()?,
        _ => return None,
    };
    Some(user.store.clone())
}

impl Request {
    /// By what faults and the log know it.
    fn command(&self) -> String {
        match self.method.as_str() {
            _ if self.path.starts_with("/autodiscover/") => "Autodiscover".to_owned(),
            "POST" => self.query.command.clone(),
            method => method.to_owned(),
        }
    }

    async fn carry_out(&self, shared: &Shared, store: &Store) -> Reply {
        let profile = &shared.profile;
        if self.path.starts_with("/autodiscover/") {
            return self.discover(shared);
        }
        if self.path != PATH {
            return Reply::status(404);
        }
        match self.method.as_str() {
            "OPTIONS" => return options(shared),
            "POST" => {}
            _ => return Reply::status(405),
        }
        let offered = profile.versions.contains(&self.version.as_str());
        let version = tens(&self.version).filter(|_| offered);
        let device = &self.query.device;
        let fits = (1..=32).contains(&device.len()) && !self.query.device_type.is_empty();
        let (Some(version), true) = (version, fits) else {
            return Reply::status(400);
        };
        let root = match self.is_message(version) || self.body.is_empty() {
            true => None,
            false => match Element::parse(&self.body) {
                Ok(root) => Some(root),
                Err(_) => return Reply::status(400),
            },
        };
        let mut call = Call {
            version,
            query: &self.query,
            root,
            body: &self.body,
            policy_key: self.policy_key.as_deref(),
            multipart: self.multipart,
            profile,
            is_late: false,
        };
        let mut until: Option<Instant> = None;
        loop {
            // What happens while the account is looked at is news, too.
            let mut news = store.news();
            let wait = match store.with(|account| carry_out(&call, account)) {
                Answer::Wait(wait) => wait,
                answer => return reply(answer),
            };
            let until = *until.get_or_insert_with(|| Instant::now() + wait);
            if tokio::time::timeout_at(until, news.changed())
                .await
                .is_err()
            {
                call.is_late = true;
            }
        }
    }

    fn is_message(&self, version: u16) -> bool {
        let mails = ["SendMail", "SmartReply", "SmartForward"];
        version < 140 && mails.contains(&self.query.command.as_str())
    }

    fn discover(&self, shared: &Shared) -> Reply {
        let scheme = match self.host.ends_with(&format!(":{}", shared.tls_port())) {
            true => "https",
            false => "http",
        };
        let url = format!("{scheme}://{}/Microsoft-Server-ActiveSync", self.host);
        match self.path.ends_with(".json") {
            true => Reply::content("application/json", autodiscover::json(&url)),
            false => {
                let request = String::from_utf8_lossy(&self.body);
                Reply::content("text/xml; charset=utf-8", autodiscover::xml(&request, &url))
            }
        }
    }
}

fn options(shared: &Shared) -> Reply {
    let profile = &shared.profile;
    let newest = profile.versions.last().copied().unwrap_or_default();
    let mut headers = vec![
        ("allow", "OPTIONS,POST".to_owned()),
        ("public", "OPTIONS,POST".to_owned()),
        ("ms-server-activesync", newest.to_owned()),
        // Exchange Online finds the mailbox by it, and wants it back.
        (
            "set-cookie",
            "X-BackEndCookie=route; path=/; secure; HttpOnly".to_owned(),
        ),
    ];
    let times = if profile.has(Quirk::DoublesHeaders) {
        2
    } else {
        1
    };
    for _ in 0..times {
        headers.push(("ms-asprotocolversions", profile.versions.join(",")));
        headers.push(("ms-asprotocolcommands", profile.commands()));
    }
    Reply {
        headers,
        ..Reply::status(200)
    }
}

fn reply(answer: Answer) -> Reply {
    match answer {
        Answer::Tree(root) => Reply::content(WBXML, root.document()),
        Answer::Nothing | Answer::Wait(_) => Reply::content(WBXML, Vec::new()),
        Answer::Http(status) => Reply::status(status),
        Answer::Bytes(kind, bytes) => Reply::content(&kind, bytes),
    }
}
