//! FilterType ([MS-ASCMD] section 2.2.3.68).

use super::clock;
use super::item::{Class, Item};
use crate::wire::wbxml::pages::{Calendar as C, Tasks as T};

const DAY: i64 = 86_400;

/// Whether an item is within what the filter shows.
pub(super) fn shows(item: &Item, class: Class, filter: u8) -> bool {
    let days = match filter {
        1 => 1,
        2 => 3,
        3 => 7,
        4 => 14,
        5 => 31,
        6 => 92,
        7 => 183,
        8 if class == Class::Tasks => return item.text(T::Complete).as_deref() != Some("1"),
        _ => return true,
    };
    let since = clock::now().saturating_sub(DAY.saturating_mul(days));
    let time = |text: Option<String>| text.as_deref().and_then(clock::parse_compact);
    match class {
        Class::Email => item.received >= since,
        Class::Calendar => {
            if let Some(rule) = item.property(C::Recurrence) {
                // A series without an end has a future; one that counts is not worked out here.
                return time(rule.find(C::Until)).is_none_or(|until| until >= since);
            }
            let end = time(item.text(C::EndTime)).or(time(item.text(C::StartTime)));
            end.is_none_or(|end| end >= since)
        }
        Class::Contacts | Class::Tasks | Class::Notes => true,
    }
}
