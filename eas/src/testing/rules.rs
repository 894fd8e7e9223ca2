//! What a client may send, by class and version.

use super::call::in_order;
use super::clock::{parse_compact, parse_extended};
use super::element::{Element, find, text};
use super::item::Class;
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{
    AirSyncBase as B, Calendar as C, Contacts as Co, Contacts2 as Co2, Email as E, Email2 as E2,
    Notes as N, Tasks as T,
};

/// The item cannot be taken as it is.
const INVALID: u16 = 6;
/// Base64 of the largest picture.
const LARGEST_PICTURE: usize = 48 << 10;
const MOST_CATEGORIES: usize = 300;

/// What is sent, and where it is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sending {
    pub(super) class: Class,
    pub(super) version: u16,
    /// A new item, not a change of one.
    pub(super) new: bool,
    /// An occurrence of a series.
    pub(super) instance: bool,
    /// To the folder of drafts.
    pub(super) draft: bool,
}

/// Checks the children of `ApplicationData`.
///
/// # Errors
/// The status of the item.
pub(super) fn check(data: &[Element], sending: &Sending) -> Result<(), u16> {
    let pages: &[u8] = match sending.class {
        Class::Email => &[E::To.page(), E2::Sender.page()],
        Class::Calendar => &[C::Subject.page()],
        Class::Contacts => &[Co::Title.page(), Co2::MMS.page()],
        Class::Tasks => &[T::Subject.page()],
        Class::Notes => &[N::Subject.page()],
    };
    for element in data {
        let base = [B::Body, B::Attachments, B::Location].contains(&element.tag);
        if !(base || pages.contains(&element.tag.page())) || element.tag.name().is_none() {
            return Err(INVALID);
        }
        if data.iter().filter(|other| other.tag == element.tag).count() > 1 {
            return Err(INVALID);
        }
    }
    body(data, sending)?;
    let categories = data.iter().filter(|e| e.tag.name() == Some("Categories"));
    if categories
        .into_iter()
        .any(|e| e.children.len() > MOST_CATEGORIES)
    {
        return Err(INVALID);
    }
    if sending.version < 160 && find(data, B::Location).is_some() {
        return Err(INVALID);
    }
    if let Some(files) = find(data, B::Attachments) {
        let has_files = matches!(sending.class, Class::Calendar | Class::Email);
        let fits = |file: &Element| is_file(file, sending.class);
        if sending.version < 160 || !has_files || !files.children.iter().all(fits) {
            return Err(INVALID);
        }
    }
    match sending.class {
        Class::Email => mail(data, sending),
        Class::Calendar => event(data, sending),
        Class::Contacts => contact(data, sending),
        Class::Tasks => task(data),
        Class::Notes => note(data),
    }
}

/// A body has a type and data, and from 16.0 on nothing else.
fn body(data: &[Element], sending: &Sending) -> Result<(), u16> {
    let Some(body) = find(data, B::Body) else {
        return Ok(());
    };
    let mut order = vec![B::Type];
    if sending.version < 160 {
        order.extend([B::EstimatedDataSize, B::Truncated]);
    }
    order.push(B::Data);
    let typed = matches!(body.find(B::Type).as_deref(), Some("1" | "2" | "3" | "4"));
    match in_order(body, &order) && typed && body.child(B::Data).is_some() {
        true => Ok(()),
        false => Err(INVALID),
    }
}

/// A file that is added, or taken away ([MS-ASAIRS] sections 2.2.2.2 and 2.2.2.16).
fn is_file(file: &Element, class: Class) -> bool {
    let has = |tag: &Tag| file.children_of(*tag).count() == 1;
    let needed: &[Tag] = match file.tag {
        B::Add => &[B::ClientId, B::Content, B::DisplayName, B::Method],
        B::Delete => return has(&B::FileReference),
        _ => return false,
    };
    // Only a draft has messages for files.
    let method = match file.number(B::Method) {
        Some(5_u8) => class == Class::Email,
        method => method == Some(1),
    };
    method && needed.iter().all(has)
}

/// Whether what is taken away is among these.
pub(super) fn names_files(data: &[Element], references: &[String]) -> bool {
    let files = find(data, B::Attachments);
    let mut gone = files.into_iter().flat_map(|all| all.children_of(B::Delete));
    gone.all(|file| {
        file.find(B::FileReference)
            .is_some_and(|reference| references.contains(&reference))
    })
}

fn mail(data: &[Element], sending: &Sending) -> Result<(), u16> {
    let changeable = [E::Read, E::Flag, E::Categories];
    let drafted = [
        E::To,
        E::Cc,
        E2::Bcc,
        E::Subject,
        E::Importance,
        E::ReplyTo,
        B::Attachments,
        B::Body,
    ];
    // A whole message says itself whom it goes to.
    let form = find(data, B::Body).and_then(|body| body.find(B::Type));
    let drafted: &[Tag] = match form.as_deref() {
        Some("4") => &[E::Importance, B::Attachments, B::Body],
        _ => &drafted,
    };
    let is_draft = sending.draft && sending.version >= 160;
    if sending.new && !is_draft {
        return Err(INVALID);
    }
    for element in data {
        let fits = changeable.contains(&element.tag)
            && (sending.version >= 140 || element.tag != E::Categories)
            || is_draft && drafted.contains(&element.tag);
        if !fits {
            return Err(INVALID);
        }
    }
    let Some(flag) = find(data, E::Flag).filter(|flag| !flag.is_empty()) else {
        return Ok(());
    };
    let has = |tag: Tag| flag.child(tag).is_some();
    let dates = [T::StartDate, T::UtcStartDate, T::DueDate, T::UtcDueDate];
    let dates = dates.into_iter().filter(|tag| has(*tag)).count();
    let fits = match flag.find(E::Status).as_deref() {
        Some("0" | "2") => has(E::FlagType) || flag.find(E::Status).as_deref() == Some("0"),
        Some("1") => has(E::CompleteTime) && has(T::DateCompleted),
        _ => false,
    };
    match fits && matches!(dates, 0 | 4) {
        true => Ok(()),
        false => Err(INVALID),
    }
}

fn event(data: &[Element], sending: &Sending) -> Result<(), u16> {
    let modern = sending.version >= 160;
    let forbidden: &[Tag] = match modern {
        true => &[
            C::UID,
            C::DtStamp,
            C::OrganizerName,
            C::OrganizerEmail,
            C::Location,
            C::ExceptionStartTime,
        ],
        false => &[C::ClientUid],
    };
    let told = [
        C::AppointmentReplyTime,
        C::ResponseType,
        C::OnlineMeetingConfLink,
        C::OnlineMeetingExternalLink,
    ];
    let has = |tag: Tag| find(data, tag).is_some_and(|e| !e.is_empty());
    if data
        .iter()
        .any(|e| forbidden.contains(&e.tag) || told.contains(&e.tag))
    {
        return Err(INVALID);
    }
    if modern && !sending.new && (has(C::ClientUid) || find(data, C::Exceptions).is_some()) {
        return Err(INVALID);
    }
    if modern && sending.new && !has(C::ClientUid) {
        return Err(INVALID);
    }
    let all_day = text(data, C::AllDayEvent).as_deref() == Some("1");
    if has(C::Timezone) && modern && (all_day || sending.instance) {
        return Err(INVALID);
    }
    if sending.new && !has(C::StartTime) || has(C::EndTime) && !has(C::StartTime) {
        return Err(INVALID);
    }
    if modern && has(C::StartTime) != has(C::EndTime) {
        return Err(INVALID);
    }
    event_values(data, modern && all_day)?;
    for attendee in find(data, C::Attendees).iter().flat_map(|e| &e.children) {
        let named = attendee.child(C::Email).is_some() && attendee.child(C::Name).is_some();
        if !named || modern && attendee.child(C::AttendeeStatus).is_some() {
            return Err(INVALID);
        }
    }
    if let Some(rule) = find(data, C::Recurrence).filter(|rule| !rule.is_empty()) {
        recurrence(rule, &EVENT_RULE)?;
    }
    for exception in find(data, C::Exceptions).iter().flat_map(|e| &e.children) {
        let start = match modern {
            true => exception.find(B::InstanceId),
            false => exception.find(C::ExceptionStartTime),
        };
        start.as_deref().and_then(parse_compact).ok_or(INVALID)?;
        event_values(&exception.children, false)?;
    }
    Ok(())
}

/// Numbers and dates of an appointment or of one of its exceptions.
fn event_values(data: &[Element], whole_days: bool) -> Result<(), u16> {
    for element in data {
        let value = element.string();
        let number = || value.parse::<u32>().ok();
        let fits = match element.tag {
            _ if element.is_empty() => true,
            C::StartTime | C::EndTime | C::DtStamp => {
                let time = parse_compact(&value);
                time.is_some_and(|time| !whole_days || time % 86_400 == 0)
            }
            C::BusyStatus => number().is_some_and(|n| n <= 3),
            C::Sensitivity => number().is_some_and(|n| n <= 3),
            C::AllDayEvent | C::ResponseRequested | C::DisallowNewTimeProposal => {
                matches!(value.as_str(), "0" | "1")
            }
            C::MeetingStatus => {
                matches!(number(), Some(0 | 1 | 3 | 5 | 7 | 9 | 11 | 13 | 15))
            }
            C::Reminder => number().is_some(),
            C::UID | C::ClientUid => value.len() <= 300,
            _ => true,
        };
        if !fits {
            return Err(INVALID);
        }
    }
    Ok(())
}

/// The names of a rule's elements on one code page.
struct Rule {
    order: &'static [Tag],
    rule_type: Tag,
    until: Tag,
    occurrences: Tag,
    interval: Tag,
    day_of_week: Tag,
    day_of_month: Tag,
    week_of_month: Tag,
    month_of_year: Tag,
}

const EVENT_RULE: Rule = Rule {
    order: &[
        C::CalendarType,
        C::IsLeapMonth,
        C::Type,
        C::Interval,
        C::Occurrences,
        C::Until,
        C::DayOfWeek,
        C::DayOfMonth,
        C::WeekOfMonth,
        C::MonthOfYear,
        C::FirstDayOfWeek,
    ],
    rule_type: C::Type,
    until: C::Until,
    occurrences: C::Occurrences,
    interval: C::Interval,
    day_of_week: C::DayOfWeek,
    day_of_month: C::DayOfMonth,
    week_of_month: C::WeekOfMonth,
    month_of_year: C::MonthOfYear,
};

const TASK_RULE: Rule = Rule {
    order: &[
        T::CalendarType,
        T::IsLeapMonth,
        T::Regenerate,
        T::DeadOccur,
        T::Type,
        T::Start,
        T::Interval,
        T::Occurrences,
        T::Until,
        T::DayOfWeek,
        T::DayOfMonth,
        T::WeekOfMonth,
        T::MonthOfYear,
        T::FirstDayOfWeek,
    ],
    rule_type: T::Type,
    until: T::Until,
    occurrences: T::Occurrences,
    interval: T::Interval,
    day_of_week: T::DayOfWeek,
    day_of_month: T::DayOfMonth,
    week_of_month: T::WeekOfMonth,
    month_of_year: T::MonthOfYear,
};

fn recurrence(rule: &Element, names: &Rule) -> Result<(), u16> {
    let number = |tag: Tag| rule.number::<u32>(tag);
    let has = |tag: Tag| rule.child(tag).is_some();
    let within =
        |tag: Tag, from: u32, to: u32| number(tag).is_some_and(|n| (from..=to).contains(&n));
    let optional = |tag: Tag, from: u32, to: u32| !has(tag) || within(tag, from, to);
    let days = within(names.day_of_week, 1, 127);
    let nth = within(names.week_of_month, 1, 5);
    let day = within(names.day_of_month, 1, 31);
    let month = within(names.month_of_year, 1, 12);
    let fits = match number(names.rule_type) {
        Some(0) => optional(names.day_of_week, 1, 127),
        Some(1) => days,
        Some(2) => day,
        Some(3) => nth && days,
        Some(5) => day && month,
        Some(6) => nth && days && month,
        _ => false,
    };
    let counted = optional(names.occurrences, 1, 999) && optional(names.interval, 1, 999);
    let both = has(names.until) && has(names.occurrences);
    match fits && counted && !both && in_order(rule, names.order) {
        true => Ok(()),
        false => Err(INVALID),
    }
}

fn contact(data: &[Element], sending: &Sending) -> Result<(), u16> {
    let told = [Co::Alias, Co::WeightedRank];
    for element in data {
        let value = element.string();
        if told.contains(&element.tag) {
            return Err(INVALID);
        }
        // A picture alone is taken away by an empty element.
        if sending.version >= 160 && element.is_empty() && element.tag != Co::Picture {
            return Err(INVALID);
        }
        let fits = match element.tag {
            _ if element.is_empty() => true,
            Co::Birthday | Co::Anniversary => parse_extended(&value).is_some(),
            Co::Picture => value.len() <= LARGEST_PICTURE,
            _ => true,
        };
        if !fits {
            return Err(INVALID);
        }
    }
    Ok(())
}

fn task(data: &[Element]) -> Result<(), u16> {
    let date = |tag: Tag| match text(data, tag) {
        None => Ok(None),
        Some(value) if value.is_empty() => Ok(None),
        Some(value) => parse_extended(&value).map(Some).ok_or(INVALID),
    };
    let (start, utc_start) = (date(T::StartDate)?, date(T::UtcStartDate)?);
    let (due, utc_due) = (date(T::DueDate)?, date(T::UtcDueDate)?);
    date(T::ReminderTime)?;
    let paired = start.is_some() == utc_start.is_some() && due.is_some() == utc_due.is_some();
    let ordered = start.zip(due).is_none_or(|(start, due)| start <= due);
    let complete = text(data, T::Complete).as_deref() == Some("1");
    let dated = !complete || date(T::DateCompleted)?.is_some();
    if !(paired && ordered && dated) {
        return Err(INVALID);
    }
    for element in data.iter().filter(|e| !e.is_empty()) {
        let number = element.string().parse::<u8>().ok();
        let fits = match element.tag {
            T::Importance => number.is_some_and(|n| n <= 2),
            T::Sensitivity => number.is_some_and(|n| n <= 3),
            T::Complete | T::ReminderSet => number.is_some_and(|n| n <= 1),
            _ => true,
        };
        if !fits {
            return Err(INVALID);
        }
    }
    match find(data, T::Recurrence).filter(|rule| !rule.is_empty()) {
        None => Ok(()),
        Some(rule) => {
            let start = rule.find(T::Start);
            start.as_deref().and_then(parse_extended).ok_or(INVALID)?;
            recurrence(rule, &TASK_RULE)
        }
    }
}

fn note(data: &[Element]) -> Result<(), u16> {
    let class = text(data, N::MessageClass);
    let fits = class.is_none_or(|class| class.starts_with("IPM.StickyNote"));
    match fits && find(data, N::LastModifiedDate).is_none() {
        true => Ok(()),
        false => Err(INVALID),
    }
}
