//! Which command is carried out where.

use super::account::Account;
use super::call::{Answer, Call};
use super::element::Element;
use super::{compose, folders, meeting, operations, ping, provision, search, settings, sync};
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{
    AirSync, ComposeMail, Find, FolderHierarchy, GetItemEstimate, ItemOperations, MeetingResponse,
    Move, Ping, Provision, ResolveRecipients, Search, Settings, ValidateCert,
};

/// Carries a command out, unless the device has to provision first.
pub(super) fn carry_out(call: &Call<'_>, account: &mut Account) -> Answer {
    let command = call.query.command.as_str();
    if command != "Provision"
        && let Some(code) = provision::demand(call, account)
    {
        return match call.version {
            0..140 => Answer::Http(449),
            _ => refuse(command, code),
        };
    }
    match command {
        "Provision" => provision::provision(call, account),
        "FolderSync" => folders::sync(call, account),
        "FolderCreate" => folders::create(call, account),
        "FolderUpdate" => folders::update(call, account),
        "FolderDelete" => folders::delete(call, account),
        "Sync" => sync::sync(call, account),
        "GetItemEstimate" => operations::estimate(call, account),
        "ItemOperations" => operations::operate(call, account),
        "GetAttachment" => operations::get_attachment(call, account),
        "MoveItems" => operations::move_items(call, account),
        "Ping" => ping::ping(call, account),
        "SendMail" | "SmartReply" | "SmartForward" => compose::compose(call, account),
        "MeetingResponse" => meeting::respond(call, account),
        "Search" => search::search(call, account),
        "Find" => search::find(call, account),
        "Settings" => settings::settings(call, account),
        "ResolveRecipients" => search::resolve(call, account),
        "ValidateCert" => settings::validate(call),
        _ => Answer::Http(501),
    }
}

/// A command's element with nothing but a status in it.
pub(super) fn refuse(command: &str, code: u16) -> Answer {
    let Some((root, status)) = root_of(command) else {
        return Answer::Http(501);
    };
    let status = Element::text(status, code.to_string());
    Answer::Tree(Element::new(root, [status]))
}

/// A command's element, and that of its status.
fn root_of(command: &str) -> Option<(Tag, Tag)> {
    use FolderHierarchy as F;
    Some(match command {
        "Sync" => (AirSync::Sync, AirSync::Status),
        "FolderSync" => (F::FolderSync, F::Status),
        "FolderCreate" => (F::FolderCreate, F::Status),
        "FolderUpdate" => (F::FolderUpdate, F::Status),
        "FolderDelete" => (F::FolderDelete, F::Status),
        "Provision" => (Provision::Provision, Provision::Status),
        "Ping" => (Ping::Ping, Ping::Status),
        "SendMail" => (ComposeMail::SendMail, ComposeMail::Status),
        "SmartReply" => (ComposeMail::SmartReply, ComposeMail::Status),
        "SmartForward" => (ComposeMail::SmartForward, ComposeMail::Status),
        "GetItemEstimate" => (GetItemEstimate::GetItemEstimate, GetItemEstimate::Status),
        "ItemOperations" => (ItemOperations::ItemOperations, ItemOperations::Status),
        "MoveItems" => (Move::MoveItems, Move::Status),
        "MeetingResponse" => (MeetingResponse::MeetingResponse, MeetingResponse::Status),
        "Search" => (Search::Search, Search::Status),
        "Find" => (Find::Find, Find::Status),
        "Settings" => (Settings::Settings, Settings::Status),
        "ResolveRecipients" => (
            ResolveRecipients::ResolveRecipients,
            ResolveRecipients::Status,
        ),
        "ValidateCert" => (ValidateCert::ValidateCert, ValidateCert::Status),
        _ => return None,
    })
}
