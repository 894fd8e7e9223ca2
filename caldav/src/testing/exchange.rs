//! One request and its answer.

use bytes::Bytes;
use hyper::Request as HttpRequest;
use sync_core::testing::server::http::Answer;

use super::fault::{End, Fault, Moment};
use super::message::{Reply, Request};
use super::place::Urls;
use super::profile::Quirk;
use super::server::{SeenRequest, Shared};
use super::store::Store;
use super::{auth, propfind, report, resource};

/// Carries a request out and answers it, faults permitting; `None` cuts the connection.
pub(super) async fn answer(
    shared: &Shared,
    connection: u64,
    request: HttpRequest<Bytes>,
) -> Option<Answer> {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8_lossy(&body).into_owned();
    let method = parts.method.as_str();
    let path = parts.uri.path().to_owned();
    let line = format!("{method} {path}");
    let header = |name: &str| {
        let value = parts.headers.get(name)?;
        std::str::from_utf8(value.as_bytes())
            .ok()
            .map(str::to_owned)
    };
    let host = header("host").unwrap_or_default();
    let target = parts.uri.path_and_query().map_or("", |p| p.as_str());
    let user = auth::user(shared, header("authorization").as_deref(), method, target);
    let store = match user {
        Some(user) => shared.users.get(user).map(|user| user.store.clone()),
        None => None,
    };
    let log = shared.log.push(SeenRequest {
        connection,
        method: method.to_owned(),
        path: path.clone(),
        host: host.clone(),
        headers: logged_headers(&parts.headers),
        authorized: header("authorization").is_some(),
        body: body.clone(),
        status: None,
    });
    if !shared.latency.is_zero() {
        tokio::time::sleep(shared.latency).await;
    }
    let mut fault = shared.faults.strike(|fault| fault.fits(&line, &body));
    if let Some(delay) = fault.as_ref().and_then(|fault| fault.delay) {
        tokio::time::sleep(delay).await;
    }
    strike(&mut fault, Moment::Received, store.as_ref());
    let end = fault.as_ref().and_then(|fault| fault.end.clone());
    let reply = match (&end, path.strip_prefix("/.well-known/")) {
        (Some(End::CutBefore), _) => {
            restore(shared, fault);
            return None;
        }
        (Some(End::Status(status, pause)), _) => {
            let reply = Reply::status(*status);
            match pause {
                Some(seconds) => reply.with("retry-after", seconds.to_string()),
                None => reply,
            }
        }
        (_, Some(_)) => well_known(shared),
        (_, None) => match (user, &store) {
            (Some(user), Some(store)) => {
                let urls = Urls::new(&shared.profile, user, &host);
                carry_out(&Request {
                    method,
                    path: &path,
                    headers: &parts.headers,
                    body: &body,
                    store,
                    urls: &urls,
                    profile: &shared.profile,
                })
            }
            _ => refuse(shared),
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
    let reply = match end {
        Some(End::EmptyMultistatus) => reply.shortened(0),
        Some(End::ShortMultistatus(n)) => reply.shortened(n),
        Some(End::TruncatedMultistatus) => reply.halved(),
        _ => reply,
    };
    Some(Answer {
        status: reply.status,
        headers: reply.headers,
        body: reply.body,
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

fn carry_out(request: &Request<'_>) -> Reply {
    match request.method {
        "OPTIONS" => {
            let allow = "OPTIONS, GET, HEAD, PUT, DELETE, MOVE, MKCOL, MKCALENDAR, PROPFIND, \
                         PROPPATCH, REPORT";
            Reply::status(200)
                .with("dav", request.profile.dav())
                .with("allow", allow)
        }
        "PROPFIND" => propfind::propfind(request),
        "PROPPATCH" => propfind::proppatch(request),
        "REPORT" => report::report(request),
        "GET" | "HEAD" => resource::get(request),
        "PUT" => resource::put(request),
        "DELETE" => resource::delete(request),
        "MOVE" => resource::r#move(request),
        "MKCALENDAR" | "MKCOL" => resource::make(request),
        _ => Reply::status(405),
    }
}

fn well_known(shared: &Shared) -> Reply {
    let profile = &shared.profile;
    if profile.has(Quirk::WellKnownIsHtml) {
        let page = "<!DOCTYPE html>\n<html><head><title>Login</title></head>\n\
                    <body><p>Who are you?<br></body></html>\n";
        return Reply::content(200, "text/html; charset=utf-8", page);
    }
    if profile.has(Quirk::NoWellKnown) {
        return Reply::status(404);
    }
    Reply::status(301).with("location", profile.layout.context())
}

fn refuse(shared: &Shared) -> Reply {
    let challenges = auth::challenges(shared.profile.auth);
    challenges
        .into_iter()
        .fold(Reply::status(401), |reply, challenge| {
            reply.with("www-authenticate", challenge)
        })
}

/// The headers that tests look at.
fn logged_headers(headers: &hyper::HeaderMap) -> Vec<(String, String)> {
    let wanted = [
        "depth",
        "if-match",
        "if-none-match",
        "if-schedule-tag-match",
        "schedule-reply",
        "destination",
        "overwrite",
        "content-type",
        "content-length",
        "accept",
        "prefer",
    ];
    let told = wanted.into_iter().filter_map(|name| {
        let value = std::str::from_utf8(headers.get(name)?.as_bytes()).ok()?;
        Some((name.to_owned(), value.to_owned()))
    });
    told.collect()
}
