//! Search ([MS-ASCMD] section 2.2.1.16) and Find (section 2.2.1.2).

use super::account::Account;
use super::call::{Answer, Call};
use super::element::{Element, text};
use super::item::{Class, Item};
use super::mime::Message;
use super::options::Options;
use super::render;
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{
    AirSync as A, Email as E, Email2 as E2, Find as F, GAL, ItemOperations as I, Search as S,
};

/// Something that was found, with its folder.
type Hit<'a> = (&'a str, &'a Item);

pub(super) fn search(call: &Call<'_>, account: &Account) -> Answer {
    let store = call.root(S::Search).and_then(|root| root.child(S::Store));
    let Some(store) = store else {
        return super::carry_out::refuse("Search", 2);
    };
    let options = store.child(S::Options);
    let range = options.and_then(|options| options.find(S::Range));
    let found = match store.find(S::Name).as_deref() {
        Some("GAL") => {
            let query = store.find(S::Query).unwrap_or_default();
            let result = |person: &Vec<Element>| {
                Element::new(S::Result, [Element::new(S::Properties, person.clone())])
            };
            Ok(people(account, &query).into_iter().map(result).collect())
        }
        Some("Mailbox") => mailbox(call, account, store, options),
        _ => Err(2),
    };
    let answer = |code: u16, rest: Vec<Element>| {
        let code = Element::text(S::Status, code.to_string());
        let store = Element::new(S::Store, std::iter::once(code).chain(rest));
        let ok = Element::text(S::Status, "1");
        Answer::Tree(Element::new(
            S::Search,
            [ok, Element::new(S::Response, [store])],
        ))
    };
    match found.and_then(|all: Vec<Element>| page(&all, range.as_deref(), [S::Range, S::Total])) {
        Ok(page) => answer(1, page),
        Err(code) => answer(code, Vec::new()),
    }
}

/// A page of results, its range, and how many there are in all.
fn page(all: &[Element], range: Option<&str>, tags: [Tag; 2]) -> Result<Vec<Element>, u16> {
    let (from, to) = range.unwrap_or("0-99").split_once('-').ok_or(2_u16)?;
    let (from, to): (usize, usize) = (
        from.parse().map_err(|_| 2_u16)?,
        to.parse().map_err(|_| 2_u16)?,
    );
    let end = to.saturating_add(1).min(all.len());
    let Some(shown) = all.get(from..end.max(from)) else {
        return Err(12);
    };
    let mut page = shown.to_vec();
    if !page.is_empty() {
        let last = end.saturating_sub(1);
        page.push(Element::text(tags[0], format!("{from}-{last}")));
    }
    page.push(Element::text(tags[1], all.len().to_string()));
    Ok(page)
}

/// Everybody in whose entry the text is.
fn people<'a>(account: &'a Account, query: &str) -> Vec<&'a Vec<Element>> {
    let query = query.to_lowercase();
    let fits = |person: &&Vec<Element>| {
        let mut all = person.iter();
        all.any(|element| element.string().to_lowercase().contains(&query))
    };
    account.directory.iter().filter(fits).collect()
}

fn mailbox(
    call: &Call<'_>,
    account: &Account,
    store: &Element,
    options: Option<&Element>,
) -> Result<Vec<Element>, u16> {
    // Everything stands within one And.
    let query = store.child(S::Query).and_then(|query| query.child(S::And));
    let query = query.ok_or(8_u16)?;
    let folders: Vec<String> = query
        .children_of(A::CollectionId)
        .map(Element::string)
        .collect();
    let words = query.find(S::FreeText).unwrap_or_default();
    let shown = match options {
        Some(options) => Options::read(options, Class::Email).map_err(|_| 2_u16)?,
        None => Options::default(),
    };
    let limit = |tag: Tag| {
        let value = query.child(tag)?.find(S::Value)?;
        super::clock::parse_extended(&value)
    };
    let (after, before) = (limit(S::GreaterThan), limit(S::LessThan));
    let within = |item: &Item| {
        after.is_none_or(|after| item.received > after)
            && before.is_none_or(|before| item.received < before)
    };
    let found = mails(account, &folders, &words);
    let results = found.into_iter().filter(|(_, item)| within(item));
    Ok(results
        .map(|(folder, item)| {
            let properties = render::properties(item, Class::Email, call.version, &shown);
            Element::new(
                S::Result,
                [
                    Element::text(A::Class, "Email"),
                    Element::text(S::LongId, &item.id),
                    Element::text(A::CollectionId, folder),
                    Element::new(S::Properties, properties),
                ],
            )
        })
        .collect())
}

/// Mails in these folders, or in all, in whose bytes the text is.
fn mails<'a>(account: &'a Account, folders: &[String], words: &str) -> Vec<Hit<'a>> {
    let words = words.to_lowercase();
    let fits = |item: &Item| {
        let mime = item.mime.as_deref().unwrap_or_default();
        String::from_utf8_lossy(mime)
            .to_lowercase()
            .contains(&words)
    };
    let folders = account.folders.iter().filter(|(id, folder)| {
        folder.class() == Some(Class::Email) && (folders.is_empty() || folders.contains(id))
    });
    folders
        .flat_map(|(id, folder)| folder.items.values().map(move |item| (id.as_str(), item)))
        .filter(|(_, item)| fits(item))
        .collect()
}

pub(super) fn find(call: &Call<'_>, account: &Account) -> Answer {
    if call.version < 161 {
        return Answer::Http(501);
    }
    let root = call
        .root(F::Find)
        .filter(|root| root.child(F::SearchId).is_some());
    let Some(execute) = root.and_then(|root| root.child(F::ExecuteSearch)) else {
        return super::carry_out::refuse("Find", 2);
    };
    let (criterion, results) = if let Some(mail) = execute.child(F::MailBoxSearchCriterion) {
        let query = mail.child(F::Query);
        let folders: Vec<String> = query
            .iter()
            .flat_map(|query| query.children_of(A::CollectionId))
            .map(Element::string)
            .collect();
        let words = query.and_then(|query| query.find(F::FreeText));
        let found = mails(account, &folders, &words.unwrap_or_default());
        let results: Vec<Element> = found.into_iter().map(result).collect();
        (mail, results)
    } else if let Some(directory) = execute.child(F::GalSearchCriterion) {
        let query = directory.find(F::Query).unwrap_or_default();
        let found = people(account, &query).into_iter();
        let results = found
            .map(|person| Element::new(F::Result, [Element::new(F::Properties, person.clone())]));
        (directory, results.collect())
    } else {
        return super::carry_out::refuse("Find", 2);
    };
    let range = criterion.child(F::Options).and_then(|o| o.find(F::Range));
    if range
        .as_deref()
        .is_some_and(|range| !range.starts_with("0-"))
    {
        return super::carry_out::refuse("Find", 4);
    }
    let page = match page(&results, range.as_deref(), [F::Range, F::Total]) {
        Ok(page) => page,
        Err(code) => return super::carry_out::refuse("Find", code),
    };
    let head = [
        Element::text(I::Store, "Mailbox"),
        Element::text(F::Status, "1"),
    ];
    let response = Element::new(F::Response, head.into_iter().chain(page));
    let ok = Element::text(F::Status, "1");
    Answer::Tree(Element::new(F::Find, [ok, response]))
}

fn result((folder, item): Hit<'_>) -> Element {
    let tags = [
        E::Subject,
        E::DateReceived,
        E::DisplayTo,
        E::Importance,
        E::Read,
        E2::IsDraft,
        E::From,
    ];
    let mut all: Vec<Element> = tags
        .into_iter()
        .filter_map(|tag| item.property(tag).cloned())
        .collect();
    let message = Message::parse(item.mime.as_deref().unwrap_or_default());
    let preview: String = message.text.unwrap_or_default().chars().take(255).collect();
    all.push(Element::text(F::Preview, preview));
    let files = if item.attachments.is_empty() {
        "0"
    } else {
        "1"
    };
    all.push(Element::text(F::HasAttachments, files));
    Element::new(
        F::Result,
        [
            Element::text(A::Class, "Email"),
            Element::text(A::ServerId, &item.id),
            Element::text(A::CollectionId, folder),
            Element::new(F::Properties, all),
        ],
    )
}

/// ResolveRecipients ([MS-ASCMD] section 2.2.1.15).
pub(super) fn resolve(call: &Call<'_>, account: &Account) -> Answer {
    use crate::wire::wbxml::pages::ResolveRecipients as R;
    let Some(root) = call.root(R::ResolveRecipients) else {
        return super::carry_out::refuse("ResolveRecipients", 5);
    };
    let wanted = root.child(R::Options);
    let slots = match wanted.and_then(|options| options.child(R::Availability)) {
        None => None,
        Some(span) => match slots(span.find(R::StartTime), span.find(R::EndTime)) {
            Some(slots) => Some(slots),
            None => return super::carry_out::refuse("ResolveRecipients", 5),
        },
    };
    let mut all = vec![Element::text(R::Status, "1")];
    for to in root.children_of(R::To) {
        let found = people(account, &to.string());
        let code = match found.len() {
            0 => "4",
            1 => "1",
            _ => "2",
        };
        let mut said = vec![
            Element::text(R::To, to.string()),
            Element::text(R::Status, code),
            Element::text(R::RecipientCount, found.len().to_string()),
        ];
        for person in &found {
            let value = |tag: Tag| text(person, tag).unwrap_or_default();
            let mut recipient = vec![
                Element::text(R::Type, "1"),
                Element::text(R::DisplayName, value(GAL::DisplayName)),
                Element::text(R::EmailAddress, value(GAL::EmailAddress)),
            ];
            if let Some(slots) = slots {
                let own = value(GAL::EmailAddress) == account.address;
                recipient.push(Element::new(
                    R::Availability,
                    [
                        Element::text(R::Status, "1"),
                        Element::text(R::MergedFreeBusy, busy(account, own, slots)),
                    ],
                ));
            }
            said.push(Element::new(R::Recipient, recipient));
        }
        all.push(Element::new(R::Response, said));
    }
    Answer::Tree(Element::new(R::ResolveRecipients, all))
}

const SLOT: i64 = 1800;

/// Where a span of whole half hours begins, and how many there are.
fn slots(start: Option<String>, end: Option<String>) -> Option<(i64, i64)> {
    let start = super::clock::parse_extended(&start?)?;
    let end = end.map_or(Some(start.saturating_add(SLOT)), |end| {
        super::clock::parse_extended(&end)
    })?;
    let span = end.checked_sub(start)?;
    let days = span / 86_400;
    (span > 0 && span % SLOT == 0 && days <= 42).then_some((start, span / SLOT))
}

/// A digit for each half hour: 0 free, 2 busy, 4 for those of whom nothing is known.
fn busy(account: &Account, own: bool, (start, count): (i64, i64)) -> String {
    use crate::wire::wbxml::pages::Calendar as C;
    let calendar = account.of_type(8).and_then(|id| account.folders.get(&id));
    let time = |item: &Item, tag: Tag| super::clock::parse_compact(&item.text(tag)?);
    let taken: Vec<(i64, i64, String)> = calendar
        .iter()
        .flat_map(|folder| folder.items.values())
        .filter_map(|item| {
            let status = item.text(C::BusyStatus).unwrap_or_else(|| "2".to_owned());
            Some((time(item, C::StartTime)?, time(item, C::EndTime)?, status))
        })
        .collect();
    let digit = |n: i64| {
        let from = start.saturating_add(n.saturating_mul(SLOT));
        let to = from.saturating_add(SLOT);
        let mut here = taken
            .iter()
            .filter(|(begin, end, _)| *begin < to && *end > from);
        match (own, here.next()) {
            (false, _) => "4".to_owned(),
            (true, None) => "0".to_owned(),
            (true, Some((_, _, status))) => status.clone(),
        }
    };
    (0..count).map(digit).collect()
}
