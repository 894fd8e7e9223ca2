//! Ping ([MS-ASCMD] section 2.2.1.13).

use std::time::Duration;

use super::account::Account;
use super::call::{Answer, Call, in_order};
use super::element::Element;
use super::sync;
use crate::wire::wbxml::pages::Ping as P;

const SHORTEST: u64 = 60;
const LONGEST: u64 = 3540;
const MOST_FOLDERS: usize = 300;

pub(super) fn ping(call: &Call<'_>, account: &mut Account) -> Answer {
    let status = |code: u16| Element::text(P::Status, code.to_string());
    let answer = |rest: Vec<Element>| Answer::Tree(Element::new(P::Ping, rest));
    if let Some(root) = &call.root {
        let order = [P::HeartbeatInterval, P::Folders];
        if root.tag != P::Ping || !in_order(root, &order) {
            return answer(vec![status(4)]);
        }
        let before = account.device(call.device()).ping.clone();
        let heartbeat = root.number(P::HeartbeatInterval);
        let heartbeat = heartbeat.or(before.as_ref().map(|(heartbeat, _)| *heartbeat));
        let folders = root.child(P::Folders).map(|all| {
            let ids = all.children.iter().filter_map(|folder| folder.find(P::Id));
            ids.collect::<Vec<_>>()
        });
        let folders = folders.or(before.map(|(_, folders)| folders));
        account.device(call.device()).ping = heartbeat.zip(folders);
    }
    let Some((heartbeat, folders)) = account.device(call.device()).ping.clone() else {
        return answer(vec![status(3)]);
    };
    if !(SHORTEST..=LONGEST).contains(&heartbeat) {
        let nearest = heartbeat.clamp(SHORTEST, LONGEST).to_string();
        return answer(vec![
            status(5),
            Element::text(P::HeartbeatInterval, nearest),
        ]);
    }
    if folders.len() > MOST_FOLDERS {
        let most = Element::text(P::MaxFolders, MOST_FOLDERS.to_string());
        return answer(vec![status(6), most]);
    }
    // Folders that are gone, or that the device has not begun with, are told by FolderSync.
    let known = |account: &mut Account, id: &String| {
        account.folders.contains_key(id) && account.device(call.device()).synced.contains_key(id)
    };
    if !folders.iter().all(|id| known(account, id)) {
        return answer(vec![status(7)]);
    }
    let changed: Vec<Element> = folders
        .iter()
        .filter(|id| sync::has_news(account, call, id))
        .map(|id| Element::text(P::Folder, id))
        .collect();
    match (changed.is_empty(), call.is_late) {
        (false, _) => answer(vec![status(2), Element::new(P::Folders, changed)]),
        (true, true) => answer(vec![status(1)]),
        (true, false) => Answer::Wait(Duration::from_secs(heartbeat)),
    }
}
