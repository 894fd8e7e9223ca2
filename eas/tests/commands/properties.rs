//! What a client writes of an item, a server's answer with the same bytes reads as that item.

use eas::wire::class::{
    Attendee, Body, BodyType, Class, Contact, Email, Event, Exception, Item, Note, Recurrence,
    RecurrenceType, Task, Values,
};
use eas::wire::command::{Change, Collection, Command as _, ServerChange, Sync};
use eas::wire::wbxml::Tag;
use eas::wire::wbxml::pages::{
    AirSyncBase as B, Calendar as C, Contacts as K, Contacts2 as K2, Email as E, Notes as N,
    Tasks as T,
};
use eas::wire::{DateTime, Version};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::subsequence;

/// In the order in which they are written; classes with a fixed order need it to compare.
const EVENT: &[Tag] = &[
    C::Timezone,
    C::StartTime,
    C::Subject,
    C::EndTime,
    C::Sensitivity,
    C::BusyStatus,
    C::AllDayEvent,
    C::Reminder,
    C::MeetingStatus,
];
const CONTACT: &[Tag] = &[
    K::FileAs,
    K::LastName,
    K::Email1Address,
    K::Birthday,
    K::Picture,
    K2::NickName,
    K2::IMAddress,
];
const TASK: &[Tag] = &[T::Subject, T::DueDate, T::Complete, T::Importance];
const NOTE: &[Tag] = &[N::Subject, N::MessageClass];
const EMAIL: &[Tag] = &[E::Subject, E::Read, E::Importance, E::To];
const PLACE: &[Tag] = &[B::DisplayName, B::Street, B::Latitude];

pub(super) fn text() -> impl Strategy<Value = String> + Clone {
    "[ -~\\r\\n\\täß€\u{FEFF}\u{1F600}]{0,30}"
}

pub(super) fn values(tags: &'static [Tag]) -> impl Strategy<Value = Values> {
    subsequence(tags, 0..=tags.len()).prop_flat_map(|tags| {
        let texts = vec![text(); tags.len()];
        texts.prop_map(move |texts| tags.iter().copied().zip(texts).collect())
    })
}

fn list() -> impl Strategy<Value = Option<Vec<String>>> {
    option::of(prop::collection::vec(text(), 0..4))
}

pub(super) fn date() -> impl Strategy<Value = DateTime> {
    // The years 1 to 9999.
    (-62_135_596_800..253_402_300_800_i64).prop_map(DateTime::new)
}

fn body() -> impl Strategy<Value = Option<Body>> {
    let whole = |body_type| {
        move |data| Body {
            body_type,
            data: Some(data),
            ..Body::default()
        }
    };
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    option::of(prop_oneof![
        text()
            .prop_map(String::into_bytes)
            .prop_map(whole(BodyType::Text)),
        text()
            .prop_map(String::into_bytes)
            .prop_map(whole(BodyType::Html)),
        bytes.prop_map(whole(BodyType::Mime)),
    ])
}

fn recurrence(task: bool) -> impl Strategy<Value = Recurrence> {
    let kinds = prop::sample::select(vec![
        RecurrenceType::Daily,
        RecurrenceType::Weekly,
        RecurrenceType::Monthly,
        RecurrenceType::MonthlyNth,
        RecurrenceType::Yearly,
        RecurrenceType::YearlyNth,
    ]);
    let days = (
        option::of(1..=127_u8),
        option::of(1..=31_u8),
        option::of(1..=5_u8),
        option::of(1..=12_u8),
        option::of(0..=6_u8),
    );
    let ends = (
        option::of(date()),
        option::of(1..=999_u16),
        option::of(date()),
    );
    let calendar = (option::of(0..=23_u8), option::of(any::<bool>()));
    let again = (option::of(any::<bool>()), option::of(any::<bool>()));
    (kinds, 1..=999_u16, days, ends, calendar, again).prop_map(
        move |(recurrence_type, interval, days, ends, calendar, again)| Recurrence {
            recurrence_type,
            interval,
            day_of_week: days.0,
            day_of_month: days.1,
            week_of_month: days.2,
            month_of_year: days.3,
            first_day_of_week: days.4,
            until: ends.0,
            occurrences: ends.1,
            calendar_type: calendar.0,
            is_leap_month: calendar.1,
            start: ends.2.filter(|_| task),
            regenerate: again.0.filter(|_| task),
            dead_occur: again.1.filter(|_| task),
        },
    )
}

fn attendees() -> impl Strategy<Value = Option<Vec<Attendee>>> {
    let one = (text(), text(), option::of(0..=5_u8), option::of(1..=3_u8));
    let one = one.prop_map(|(email, name, status, attendee_type)| Attendee {
        email,
        name,
        status,
        attendee_type,
    });
    option::of(prop::collection::vec(one, 0..3))
}

/// What an exception and a series both have. `Timezone` is the series' alone.
fn single() -> impl Strategy<Value = Event> {
    let parts = (values(&EVENT[1..]), list(), attendees(), body());
    parts.prop_map(|(values, categories, attendees, body)| Event {
        values,
        categories,
        attendees,
        body,
        ..Event::default()
    })
}

fn event() -> impl Strategy<Value = Event> {
    let exception = (option::of(date()), any::<bool>(), single());
    let exception = exception.prop_map(|(original_start, deleted, event)| Exception {
        original_start,
        deleted,
        event: if deleted { Event::default() } else { event },
    });
    (
        single(),
        values(EVENT),
        option::of(option::of(recurrence(false))),
        option::of(prop::collection::vec(exception, 0..3)),
        option::of(values(PLACE)),
    )
        .prop_map(|(single, values, recurrence, exceptions, location)| Event {
            values,
            recurrence,
            exceptions,
            location,
            ..single
        })
}

fn item() -> impl Strategy<Value = Item> {
    let contact = (values(CONTACT), list(), list(), body()).prop_map(
        |(values, categories, children, body)| {
            Item::Contact(Box::new(Contact {
                values,
                categories,
                children,
                body,
            }))
        },
    );
    let recurrence = option::of(option::of(recurrence(true)));
    let task = (values(TASK), list(), recurrence, body()).prop_map(
        |(values, categories, recurrence, body)| {
            Item::Task(Box::new(Task {
                values,
                categories,
                recurrence,
                body,
            }))
        },
    );
    let note = (values(NOTE), list(), body()).prop_map(|(values, categories, body)| {
        Item::Note(Box::new(Note {
            values,
            categories,
            body,
        }))
    });
    let flag = option::of(values(&[E::Status, E::FlagType, T::DueDate]));
    let email =
        (values(EMAIL), list(), flag, body()).prop_map(|(values, categories, flag, body)| {
            Item::Email(Box::new(Email {
                values,
                categories,
                flag,
                body,
                ..Email::default()
            }))
        });
    let event = event().prop_map(|event| Item::Event(Box::new(event)));
    prop_oneof![contact, task, note, email, event.boxed()]
}

/// What a version leaves out of an item.
fn as_sent(mut item: Item, version: Version) -> Item {
    fn without_answers(event: &mut Event) {
        for attendee in event.attendees.iter_mut().flatten() {
            attendee.status = None;
        }
    }
    if let Item::Event(event) = &mut item {
        if version < Version::V16_0 {
            event.location = None;
        } else {
            without_answers(event);
            for exception in event.exceptions.iter_mut().flatten() {
                without_answers(&mut exception.event);
            }
        }
    }
    item
}

fn collection(class: Class, changes: Vec<Change>) -> Sync {
    let mut collection = Collection::new(class, "5", "1");
    collection.changes = changes;
    Sync {
        collections: vec![collection],
        ..Sync::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_item_that_is_written_is_read(item in item(), id in text(), instance in option::of(date())) {
        for version in [Version::V14_1, Version::V16_1] {
            let changes = vec![
                Change::Add { client_id: "1".into(), item: item.clone(), send: false },
                Change::Change { id: id.clone(), instance, item: item.clone(), send: false },
                Change::Delete { id: id.clone(), instance },
            ];
            let request = collection(item.class(), changes);
            let answer = request.decode(&request.encode(version)).unwrap();
            let changes = &answer.collections[0].changes;
            let sent = as_sent(item.clone(), version);
            prop_assert_eq!(&changes[0], &ServerChange::Add { id: String::new(), item: sent.clone() });
            let id = id.clone();
            prop_assert_eq!(&changes[1], &ServerChange::Change { id: id.clone(), instance, item: sent });
            prop_assert_eq!(&changes[2], &ServerChange::Delete { id, instance });
        }
    }

    #[test]
    fn both_spellings_of_a_date_are_read(date in date(), millis in 0..1000_u16) {
        let compact = date.compact().to_string();
        prop_assert_eq!(DateTime::parse(&compact), Some(date));
        let exact = DateTime { millis, ..date };
        prop_assert_eq!(DateTime::parse(&exact.extended().to_string()), Some(exact));
    }
}
