//! Random documents of what ActiveSync can hold come back the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eas::mapping::{Account, contact, event, note, task};
use eas::wire::class::Item;
use eas::wire::{DateTime, Version};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sync_core::merge::equal;
use sync_core::merge::syntax::{Eol, encode_caret, escape, fold};

use super::corpus::over_the_wire;

const DAY: i64 = 86_400;
const ZONES: [&str; 5] = [
    "Europe/Berlin",
    "Europe/Vienna",
    "America/New_York",
    "Asia/Kolkata",
    "UTC",
];

fn account(version: Version) -> Account<'static> {
    Account {
        version,
        zone: Some("Europe/Paris"),
        addresses: &[],
    }
}

/// A document of these lines.
fn document(lines: &[String]) -> Vec<u8> {
    lines
        .iter()
        .flat_map(|line| fold(line, Eol::CrLf))
        .collect()
}

fn text() -> impl Strategy<Value = String> {
    "[A-Za-zäß€,;:\\\\\"][ -~ä€]{0,90}[a-z]"
}

/// A property with a text, or nothing.
fn maybe(name: &'static str) -> impl Strategy<Value = Vec<String>> {
    let line = move |text: String| format!("{name}:{}", escape(&text));
    option::of(text()).prop_map(move |text| text.map(line).into_iter().collect())
}

/// A text of several lines, or nothing.
fn maybe_long(name: &'static str) -> impl Strategy<Value = Vec<String>> {
    let lines = prop::collection::vec(text(), 1..4);
    let line = move |lines: Vec<String>| format!("{name}:{}", escape(&lines.join("\n")));
    option::of(lines).prop_map(move |lines| lines.map(line).into_iter().collect())
}

fn categories() -> impl Strategy<Value = Vec<String>> {
    subsequence(vec!["work", "a\\,b", "ä"], 0..=3).prop_map(|all| match all.is_empty() {
        true => Vec::new(),
        false => vec![format!("CATEGORIES:{}", all.join(","))],
    })
}

/// One of these lines, or nothing.
fn one_of(lines: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    option::of(select(lines)).prop_map(|line| line.map(str::to_owned).into_iter().collect())
}

/// A moment as iCalendar has it.
#[derive(Debug, Clone, Copy)]
struct Form {
    zone: &'static str,
    all_day: bool,
}

impl Form {
    fn line(self, name: &str, local: i64) -> String {
        let time = DateTime::new(local).compact().to_string();
        let time = time.trim_end_matches('Z');
        match (self.all_day, self.zone) {
            (true, _) => format!("{name};VALUE=DATE:{}", &time[..8]),
            (_, "UTC") => format!("{name}:{time}Z"),
            (_, zone) => format!("{name};TZID={zone}:{time}"),
        }
    }
}

/// What an appointment and an occurrence of its own both have, but for times.
fn content() -> impl Strategy<Value = Vec<String>> {
    let busy = one_of(&[
        "STATUS:TENTATIVE",
        "TRANSP:TRANSPARENT",
        "X-MICROSOFT-CDO-BUSYSTATUS:OOF",
    ]);
    (
        (
            maybe("SUMMARY"),
            maybe("LOCATION"),
            maybe_long("DESCRIPTION"),
        ),
        categories(),
        one_of(&["CLASS:PRIVATE", "CLASS:CONFIDENTIAL"]),
        busy,
    )
        .prop_map(|(texts, categories, class, busy)| {
            [texts.0, texts.1, texts.2, categories, class, busy].concat()
        })
}

fn alarm() -> impl Strategy<Value = Vec<String>> {
    option::of(0..10_000_u32).prop_map(|minutes| {
        let lines = minutes.map(|minutes| {
            format!(
                "BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT{minutes}M|DESCRIPTION:Reminder|END:VALARM"
            )
        });
        let lines = lines.unwrap_or_default();
        let lines = lines.split('|').filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    })
}

fn people() -> impl Strategy<Value = Vec<String>> {
    let all = vec![
        "ATTENDEE;CN=Al;PARTSTAT=ACCEPTED:mailto:al@example.org",
        "ATTENDEE;CN=\"Doe, Jane\":mailto:jane@example.org",
        "ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=DECLINED:mailto:x@example.org",
        "ATTENDEE;CUTYPE=RESOURCE;PARTSTAT=TENTATIVE:mailto:room@example.org",
    ];
    subsequence(all, 0..=4).prop_map(|people| {
        let mut lines: Vec<String> = people.into_iter().map(str::to_owned).collect();
        if !lines.is_empty() {
            lines.push("ORGANIZER;CN=Me:mailto:me@example.org".into());
        }
        lines
    })
}

fn rule(all_day: bool) -> impl Strategy<Value = String> {
    let until = if all_day {
        "20361231"
    } else {
        "20361231T120000Z"
    };
    let rules = [
        "FREQ=DAILY;COUNT=5".to_owned(),
        format!("FREQ=DAILY;INTERVAL=3;UNTIL={until}"),
        "FREQ=WEEKLY;BYDAY=MO,WE;WKST=SU".into(),
        format!("FREQ=WEEKLY;INTERVAL=2;UNTIL={until};BYDAY=SA"),
        "FREQ=MONTHLY;COUNT=12;BYMONTHDAY=31".into(),
        "FREQ=MONTHLY;BYMONTHDAY=-1".into(),
        "FREQ=MONTHLY;BYDAY=-1FR".into(),
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1".into(),
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29".into(),
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=11;BYDAY=4TH".into(),
    ];
    select(rules.to_vec()).prop_map(|rule| format!("RRULE:{rule}"))
}

/// A series or a single appointment, without people.
fn appointment() -> impl Strategy<Value = Vec<u8>> {
    let form = (select(ZONES.to_vec()), any::<bool>());
    form.prop_flat_map(|(zone, all_day)| {
        let form = Form { zone, all_day };
        // Noon is in no gap of any zone.
        let start = (20_454..24_000_i64, 0..120_i64);
        let start = start.prop_map(|(day, minute)| day * DAY + DAY / 2 + minute * 60);
        let length = match all_day {
            true => (1..4_i64).prop_map(|days| days * DAY).boxed(),
            false => (0..240_i64).prop_map(|minutes| minutes * 60).boxed(),
        };
        let series = (
            rule(all_day),
            subsequence(vec![7_i64, 14, 21], 0..=3),
            option::of((content(), alarm(), -60..60_i64)),
        );
        (
            start,
            length,
            content(),
            alarm(),
            people(),
            option::of(series),
        )
            .prop_map(move |(start, length, content, alarm, people, series)| {
                let start = if all_day {
                    start - start.rem_euclid(DAY)
                } else {
                    start
                };
                let times =
                    |at: i64| vec![form.line("DTSTART", at), form.line("DTEND", at + length)];
                let begin = vec!["BEGIN:VEVENT".to_owned(), "UID:1".into()];
                let end = vec!["END:VEVENT".to_owned()];
                let mut lines = vec!["BEGIN:VCALENDAR".to_owned(), "VERSION:2.0".into()];
                let (rule, exdates, own) = match series {
                    Some((rule, exdates, own)) => (vec![rule], exdates, own),
                    None => (Vec::new(), Vec::new(), None),
                };
                let exdates = exdates
                    .iter()
                    .map(|days| form.line("EXDATE", start + days * DAY));
                let exdates: Vec<String> = exdates.collect();
                lines.extend(begin.clone());
                lines
                    .extend([times(start), content, rule, exdates, people.clone(), alarm].concat());
                lines.extend(end.clone());
                if let Some((content, alarm, minutes)) = own {
                    let original = start + 28 * DAY;
                    let moved = if all_day {
                        original
                    } else {
                        original + minutes * 60
                    };
                    lines.extend(begin);
                    lines.push(form.line("RECURRENCE-ID", original));
                    lines.extend([times(moved), content, people, alarm].concat());
                    lines.extend(end);
                }
                lines.push("END:VCALENDAR".into());
                document(&lines)
            })
    })
}

fn card() -> impl Strategy<Value = Vec<u8>> {
    let numbers = vec![
        "TEL;TYPE=FAX;TYPE=WORK:+49 1",
        "TEL;TYPE=FAX;TYPE=HOME:+49 2",
        "TEL;TYPE=CELL:+49 3",
        "TEL;TYPE=PAGER:+49 4",
        "TEL;TYPE=CAR:+49 5",
        "TEL;TYPE=WORK:+49 6",
        "TEL;TYPE=HOME:+49 7",
        "TEL;TYPE=WORK;TYPE=MAIN:+49 8",
    ];
    let more = vec![
        "EMAIL;TYPE=INTERNET:a@example.org",
        "EMAIL;TYPE=INTERNET:b@example.org",
        "EMAIL;TYPE=INTERNET:c@example.org",
        "ADR;TYPE=WORK:;;Street 1\\nBack;Town;State;12345;Land",
        "ADR;TYPE=HOME:;;Way\\, 2;;;;",
        "ADR:;;;Somewhere;;;",
        "IMPP:xmpp:a@example.org",
        "IMPP:sip:b@example.org",
        "URL:https://example.org/?a=b,c;d",
        "BDAY:1980-02-29",
        "X-ANNIVERSARY:2001-12-31",
        "ORG:Works\\, Ltd.;Lab",
        "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo=",
        "X-CHILD:Kim",
        "X-SPOUSE:Al",
    ];
    (
        (
            text(),
            text(),
            maybe("NICKNAME"),
            maybe("TITLE"),
            maybe_long("NOTE"),
        ),
        categories(),
        subsequence(numbers, 0..=8),
        subsequence(more, 0..=15),
    )
        .prop_map(
            |((name, last, nick, title, note), categories, numbers, more)| {
                let mut lines = vec![
                    "BEGIN:VCARD".to_owned(),
                    "VERSION:3.0".into(),
                    "UID:1".into(),
                    format!("FN:{}", escape(&name)),
                    format!("N:{};Jane;Q.;Dr.;Jr.", escape(&last)),
                ];
                lines.extend([nick, title, note, categories].concat());
                lines.extend(numbers.into_iter().chain(more).map(str::to_owned));
                lines.push("END:VCARD".into());
                document(&lines)
            },
        )
}

fn todo() -> impl Strategy<Value = Vec<u8>> {
    let content = (maybe("SUMMARY"), maybe_long("DESCRIPTION"), categories());
    let words = (
        one_of(&["PRIORITY:1", "PRIORITY:9"]),
        one_of(&["CLASS:PRIVATE", "CLASS:CONFIDENTIAL"]),
        one_of(&["STATUS:COMPLETED|COMPLETED:20261120T101112Z"]),
        one_of(&["RRULE:FREQ=WEEKLY;COUNT=9;BYDAY=MO", "RRULE:FREQ=DAILY"]),
        one_of(&["TRIGGER;VALUE=DATE-TIME:20261120T101112Z"]),
    );
    (content, words, any::<bool>(), 20_454..24_000_i64, 0..30_i64).prop_map(
        |(content, words, all_day, day, days)| {
            let form = Form {
                zone: "UTC",
                all_day,
            };
            let start = day * DAY + DAY / 2;
            let mut lines: Vec<String> = "BEGIN:VCALENDAR|VERSION:2.0|BEGIN:VTODO|UID:1"
                .split('|')
                .map(str::to_owned)
                .collect();
            lines.push(form.line("DTSTART", start));
            lines.push(form.line("DUE", start + days * DAY));
            lines.extend([content.0, content.1, content.2, words.0, words.1, words.3].concat());
            let completed = words.2.iter().flat_map(|line| line.split('|'));
            lines.extend(completed.map(str::to_owned));
            for trigger in words.4 {
                lines.extend(["BEGIN:VALARM".into(), "ACTION:DISPLAY".into(), trigger]);
                lines.extend(["DESCRIPTION:Reminder".into(), "END:VALARM".to_owned()]);
            }
            lines.extend(["END:VTODO".into(), "END:VCALENDAR".into()]);
            document(&lines)
        },
    )
}

fn journal() -> impl Strategy<Value = Vec<u8>> {
    let content = (maybe("SUMMARY"), maybe_long("DESCRIPTION"), categories());
    content.prop_map(|(summary, description, categories)| {
        let mut lines: Vec<String> = "BEGIN:VCALENDAR|VERSION:2.0|BEGIN:VJOURNAL|UID:1"
            .split('|')
            .map(str::to_owned)
            .collect();
        lines.extend([summary, description, categories].concat());
        lines.extend(["END:VJOURNAL".into(), "END:VCALENDAR".into()]);
        document(&lines)
    })
}

fn same(content: &[u8], back: &[u8]) -> Result<(), TestCaseError> {
    let [there, here] = [content, back].map(|d| String::from_utf8_lossy(d).into_owned());
    prop_assert!(equal(content, back), "went as\n{}came as\n{}", there, here);
    Ok(())
}

/// A document without its people, whom nobody writes from 16.0 on.
fn alone(content: &[u8]) -> Vec<u8> {
    let lines = super::lines(content);
    let kept = lines
        .into_iter()
        .filter(|line| !line.starts_with("ATTENDEE") && !line.starts_with("ORGANIZER"));
    document(&kept.collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn appointments_come_back(content in appointment()) {
        for version in [Version::V2_5, Version::V12_1, Version::V14_1, Version::V16_1] {
            let account = account(version);
            let mapped = event::from_ical(&content, &account).unwrap();
            let Item::Event(held) = over_the_wire(Item::Event(Box::new(mapped)), version) else {
                unreachable!();
            };
            let back = event::to_ical(&held, "1", &account).unwrap();
            match version {
                Version::V16_1 => same(&alone(&content), &back)?,
                // Before 12.0 nobody knows who accepted.
                Version::V2_5 => same(&alone(&content), &alone(&back))?,
                _ => same(&content, &back)?,
            }
        }
    }

    #[test]
    fn files_come_back(files in prop::collection::vec((text(), prop::collection::vec(any::<u8>(), 0..99)), 0..4)) {
        let mut lines: Vec<String> = ["VCALENDAR", "VEVENT"].map(|name| format!("BEGIN:{name}")).into();
        lines.extend(["UID:1", "DTSTART:20270105T100000Z", "DTEND:20270105T110000Z"].map(str::to_owned));
        lines.extend(files.iter().map(|(name, content)| {
            let (name, content) = (encode_caret(name), STANDARD.encode(content));
            format!("ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY;FILENAME={name}:{content}")
        }));
        lines.extend(["VEVENT", "VCALENDAR"].map(|name| format!("END:{name}")));
        let content = document(&lines);
        let mapped = event::from_ical(&content, &account(Version::V16_1)).unwrap();
        let held: Vec<_> = mapped.attachments.iter().map(|file| (file.name.clone(), file.content.clone().unwrap())).collect();
        prop_assert_eq!(held, files);
        same(&content, &event::to_ical(&mapped, "1", &account(Version::V16_1)).unwrap())?;
        // Before 16.0 there are none.
        let mapped = event::from_ical(&content, &account(Version::V14_1)).unwrap();
        prop_assert!(mapped.attachments.is_empty());
    }

    #[test]
    fn cards_come_back(content in card()) {
        for version in [Version::V2_5, Version::V14_1, Version::V16_1] {
            let mapped = contact::from_vcard(&content).unwrap();
            let Item::Contact(held) = over_the_wire(Item::Contact(Box::new(mapped)), version) else {
                unreachable!();
            };
            same(&content, &contact::to_vcard(&held, "1"))?;
        }
    }

    #[test]
    fn tasks_come_back(content in todo()) {
        for version in [Version::V2_5, Version::V14_1, Version::V16_1] {
            let account = account(version);
            let mapped = task::from_ical(&content, &account, DateTime::new(0)).unwrap();
            let Item::Task(held) = over_the_wire(Item::Task(Box::new(mapped)), version) else {
                unreachable!();
            };
            same(&content, &task::to_ical(&held, "1"))?;
        }
    }

    #[test]
    fn notes_come_back(content in journal()) {
        let mapped = note::from_ical(&content).unwrap();
        let Item::Note(held) = over_the_wire(Item::Note(Box::new(mapped)), Version::V14_1) else {
            unreachable!();
        };
        same(&content, &note::to_ical(&held, "1"))?;
    }
}
