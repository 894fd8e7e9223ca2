//! ItemOperations ([MS-ASCMD] section 2.2.1.10) and GetAttachment (section 2.2.1.8).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::account::{Account, Folder};
use super::call::{Answer, Call};
use super::commands::whole;
use super::element::Element;
use super::item::Attachment;
use super::options::Options;
use super::render;
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{
    AirSync as A, AirSyncBase as B, ItemOperations as I, Provision as P, Search as S,
};

const MOST: usize = 100;
const MULTIPART: &str = "application/vnd.ms-sync.multipart";

pub(super) fn operate(call: &Call<'_>, account: &mut Account) -> Answer {
    let status = |code: u16| Element::text(I::Status, code.to_string());
    let root = call.root(I::ItemOperations);
    let Some(root) = root.filter(|root| (1..=MOST).contains(&root.children.len())) else {
        return Answer::Tree(Element::new(I::ItemOperations, [status(2)]));
    };
    let mut answers = Vec::new();
    let mut parts = Vec::new();
    for operation in &root.children {
        let answer = match operation.tag {
            I::Fetch => {
                let (code, mut said) = fetch(call, account, operation);
                if call.multipart {
                    said.iter_mut().for_each(|e| take_parts(e, &mut parts));
                }
                said.insert(0, status(code));
                Element::new(I::Fetch, said)
            }
            I::EmptyFolderContents => {
                let id = operation.find(A::CollectionId).unwrap_or_default();
                let code = empty(account, operation, &id);
                let id = Element::text(A::CollectionId, id);
                Element::new(I::EmptyFolderContents, [status(code), id])
            }
            _ => return Answer::Tree(Element::new(I::ItemOperations, [status(2)])),
        };
        answers.push(answer);
    }
    let response = Element::new(I::Response, answers);
    let root = Element::new(I::ItemOperations, [status(1), response]);
    match call.multipart {
        true => Answer::Bytes(MULTIPART.to_owned(), multipart(&root, &parts)),
        false => Answer::Tree(root),
    }
}

/// A status, and what is said beside it.
fn fetch(call: &Call<'_>, account: &Account, operation: &Element) -> (u16, Vec<Element>) {
    let ids = [A::CollectionId, A::ServerId, S::LongId, B::FileReference];
    let said: Vec<Element> = operation
        .children
        .iter()
        .filter(|child| ids.contains(&child.tag))
        .cloned()
        .collect();
    let fetched = match operation.find(I::Store).as_deref() {
        Some("Mailbox") => match operation.find(B::FileReference) {
            Some(reference) => file(account, operation, &reference),
            None => item(call, account, operation),
        },
        _ => Err(9),
    };
    match fetched {
        Ok(more) => (1, said.into_iter().chain(more).collect()),
        Err(code) => (code, said),
    }
}

fn item(call: &Call<'_>, account: &Account, operation: &Element) -> Result<Vec<Element>, u16> {
    let long = operation.find(S::LongId);
    let id = long.or_else(|| operation.find(A::ServerId)).ok_or(2_u16)?;
    let folder = match operation.find(A::CollectionId) {
        Some(folder) => folder,
        None => folder_of(account, &id).ok_or(6_u16)?,
    };
    let place = account.folders.get(&folder).ok_or(6_u16)?;
    let class = place.class().ok_or(6_u16)?;
    let item = place.items.get(&id).ok_or(6_u16)?;
    let mut options = match operation.child(I::Options) {
        None => Options::default(),
        Some(options) => Options::read(options, class).map_err(|_| 2_u16)?,
    };
    if options.bodies.is_empty() {
        options = whole(&options);
    }
    let properties = render::properties(item, class, call.version, &options);
    let class = Element::text(A::Class, class.as_str());
    Ok(vec![class, Element::new(I::Properties, properties)])
}

/// Where an item is.
pub(super) fn folder_of(account: &Account, id: &str) -> Option<String> {
    let mut all = account.folders.iter();
    let found = all.find(|(_, folder)| folder.items.contains_key(id));
    found.map(|(folder, _)| folder.clone())
}

fn attachment<'a>(account: &'a Account, reference: &str) -> Option<&'a Attachment> {
    let items = account
        .folders
        .values()
        .flat_map(|folder| folder.items.values());
    let mut all = items.flat_map(|item| &item.attachments);
    all.find(|attachment| attachment.reference == reference)
}

/// The most bytes of a file that the policy allows.
fn limit(account: &Account) -> Option<usize> {
    let policy = account.policy.as_deref().unwrap_or_default();
    super::element::text(policy, P::MaxAttachmentSize)?
        .parse()
        .ok()
}

fn file(account: &Account, operation: &Element, reference: &str) -> Result<Vec<Element>, u16> {
    let found = attachment(account, reference).ok_or(15_u16)?;
    let content = &found.content;
    if limit(account).is_some_and(|limit| content.len() > limit) {
        return Err(11);
    }
    let mut properties = Vec::new();
    let range = operation.child(I::Options).and_then(|o| o.find(I::Range));
    let shown = match range {
        None => content.as_slice(),
        Some(range) => {
            let (from, to) = range.split_once('-').ok_or(8_u16)?;
            let (from, to): (usize, usize) = (
                from.parse().map_err(|_| 8_u16)?,
                to.parse().map_err(|_| 8_u16)?,
            );
            let end = to.saturating_add(1).min(content.len());
            let shown = content.get(from..end).filter(|part| !part.is_empty());
            let last = end.saturating_sub(1);
            properties.push(Element::text(I::Range, format!("{from}-{last}")));
            properties.push(Element::text(I::Total, content.len().to_string()));
            shown.ok_or(8_u16)?
        }
    };
    properties.push(Element::text(B::ContentType, &found.content_type));
    properties.push(Element::text(I::Data, STANDARD.encode(shown)));
    Ok(vec![Element::new(I::Properties, properties)])
}

fn empty(account: &mut Account, operation: &Element, id: &str) -> u16 {
    if !account.folders.contains_key(id) {
        return 6;
    }
    let options = operation.child(I::Options);
    let deep = options.is_some_and(|options| options.flag(I::DeleteSubFolders) == Some(true));
    account.tick();
    if deep {
        account
            .folders
            .retain(|_, folder| folder.place.parent != id);
    }
    if let Some(folder) = account.folders.get_mut(id) {
        folder.items.clear();
    }
    1
}

/// Puts the bytes of bodies and attachments into parts of their own, and their numbers in their place.
fn take_parts(element: &mut Element, parts: &mut Vec<Vec<u8>>) {
    for child in &mut element.children {
        let bytes = match child.tag {
            B::Data => Some(std::mem::take(&mut child.value)),
            I::Data => STANDARD.decode(&child.value).ok(),
            _ => None,
        };
        match bytes {
            Some(bytes) => {
                parts.push(bytes);
                *child = Element::text(I::Part, parts.len().to_string());
            }
            None => take_parts(child, parts),
        }
    }
}

/// Counts and places in front, the document first ([MS-ASCMD] section 2.2.1.10.1).
fn multipart(root: &Element, parts: &[Vec<u8>]) -> Vec<u8> {
    let document = root.document();
    let all: Vec<&[u8]> = std::iter::once(document.as_slice())
        .chain(parts.iter().map(Vec::as_slice))
        .collect();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut out = Vec::from(number(all.len()));
    let mut at = all.len().saturating_mul(8).saturating_add(4);
    for part in &all {
        out.extend(number(at));
        out.extend(number(part.len()));
        at = at.saturating_add(part.len());
    }
    out.extend(all.concat());
    out
}

/// The bytes of a file, up to 12.1.
pub(super) fn get_attachment(call: &Call<'_>, account: &Account) -> Answer {
    if call.version >= 140 {
        return Answer::Http(501);
    }
    let name = call.query.parameter("AttachmentName").unwrap_or_default();
    match attachment(account, name) {
        Some(found) => Answer::Bytes(found.content_type.clone(), found.content.clone()),
        None => Answer::Http(500),
    }
}

/// GetItemEstimate ([MS-ASCMD] section 2.2.1.9).
pub(super) fn estimate(call: &Call<'_>, account: &mut Account) -> Answer {
    use crate::wire::wbxml::pages::GetItemEstimate as G;
    let Some(root) = call.root(G::GetItemEstimate) else {
        return super::carry_out::refuse("GetItemEstimate", 103);
    };
    let key_of = |e: &Element, tags: [Tag; 2]| tags.into_iter().find_map(|tag| e.find(tag));
    let mut all = Vec::new();
    for collection in root
        .child(G::Collections)
        .iter()
        .flat_map(|all| &all.children)
    {
        let id = key_of(collection, [G::CollectionId, A::CollectionId]).unwrap_or_default();
        let key = collection.find(A::SyncKey).unwrap_or_default();
        let class = account.folders.get(&id).and_then(Folder::class);
        let options = collection.child(A::Options).zip(class);
        let options = options.and_then(|(options, class)| Options::read(options, class).ok());
        let count = match class {
            None => Err(2),
            Some(_) if key == "0" => Err(3),
            Some(_) => super::sync::estimate(account, call, &id, &key, options),
        };
        let code = count.err().unwrap_or(1);
        let mut said = vec![Element::text(G::Status, code.to_string())];
        if let Ok(count) = count {
            let id = Element::text(G::CollectionId, id);
            let count = Element::text(G::Estimate, count.to_string());
            said.push(Element::new(G::Collection, [id, count]));
        }
        all.push(Element::new(G::Response, said));
    }
    Answer::Tree(Element::new(G::GetItemEstimate, all))
}

/// MoveItems ([MS-ASCMD] section 2.2.1.12).
pub(super) fn move_items(call: &Call<'_>, account: &mut Account) -> Answer {
    use crate::wire::wbxml::pages::Move as M;
    let Some(root) = call.root(M::MoveItems) else {
        return super::carry_out::refuse("MoveItems", 103);
    };
    let mut all = Vec::new();
    for one in &root.children {
        let text = |tag: Tag| one.find(tag).unwrap_or_default();
        let (id, from, to) = (text(M::SrcMsgId), text(M::SrcFldId), text(M::DstFldId));
        let class = |folder: &str| account.folders.get(folder).and_then(Folder::class);
        let (code, new) = match (class(&from), class(&to)) {
            _ if account.item(&from, &id).is_none() => (1, None),
            (_, None) => (2, None),
            _ if from == to => (4, None),
            (here, there) if here != there => (5, None),
            _ => {
                let item = account.delete(&from, &id);
                (3, item.and_then(|item| account.add(&to, item)))
            }
        };
        let mut said = vec![
            Element::text(M::SrcMsgId, id),
            Element::text(M::Status, code.to_string()),
        ];
        said.extend(new.map(|id| Element::text(M::DstMsgId, id)));
        all.push(Element::new(M::Response, said));
    }
    Answer::Tree(Element::new(M::MoveItems, all))
}
