//! Moments of an appointment: ActiveSync tells them in UTC, with the rules of a zone beside them.

use jiff::civil;
use jiff::tz::TimeZone;

use super::super::content::{Component, Property};
use super::super::time_zone::{
    Observance, ZoneBlob, blob_of, blob_of_vtimezone, iana_of_windows, vtimezone, zone_of,
};
use crate::wire::DateTime;

/// Where the clock of an appointment hangs.
#[derive(Debug, Clone)]
pub(in crate::mapping) enum Zone {
    /// UTC, and moments that no zone is told for.
    Utc,
    /// A zone of the data base.
    Iana(String, TimeZone),
    /// Rules that no zone of the data base has, under a name of their own.
    Own(String, ZoneBlob),
}

impl Zone {
    /// The zone of a name, if there is one: IANA's or Windows'.
    pub(in crate::mapping) fn named(name: &str) -> Option<Self> {
        let name = name.trim().trim_start_matches('/');
        if matches!(name, "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT" | "Z") {
            return Some(Self::Utc);
        }
        let known = |name: &str| {
            let tz = TimeZone::get(name).ok()?;
            Some(Self::Iana(tz.iana_name().unwrap_or(name).to_owned(), tz))
        };
        known(name)
            .or_else(|| known(iana_of_windows(name)?))
            // Some programs put their own prefix before the name.
            .or_else(|| {
                let parts: Vec<_> = name.rsplitn(3, '/').take(2).collect();
                known(&parts.iter().rev().copied().collect::<Vec<_>>().join("/"))
            })
    }

    /// The zone of a server's blob for an appointment at `at`; `account` is the person's own.
    pub(in crate::mapping) fn of_blob(blob: &str, at: DateTime, account: Option<&str>) -> Self {
        let own = || account.and_then(Self::named).unwrap_or(Self::Utc);
        let Some(blob) = ZoneBlob::decode(blob) else {
            return own();
        };
        if blob.is_blank() {
            return own();
        }
        let year = i16::try_from(at.date().0).unwrap_or(i16::MAX);
        match zone_of(&blob, year, account) {
            Some(name) => Self::named(&name).unwrap_or(Self::Utc),
            None if blob.standard_name.trim().is_empty() => Self::Own("Local time".into(), blob),
            None => {
                let clean = |c: &char| !matches!(c, ';' | ',' | '"') && !c.is_control();
                Self::Own(blob.standard_name.chars().filter(clean).collect(), blob)
            }
        }
    }

    /// The zone of a property's TZID, by its name, else by the rules in the document.
    pub(in crate::mapping) fn of_property(
        property: &Property,
        calendar: &Component,
    ) -> Option<Self> {
        let tzid = property.param("TZID")?;
        if let Some(zone) = Self::named(tzid) {
            return Some(zone);
        }
        let definition = calendar
            .children("VTIMEZONE")
            .find(|zone| zone.get("TZID").is_some_and(|p| p.value.trim() == tzid))?;
        let location = definition.get("X-LIC-LOCATION");
        if let Some(zone) = location.and_then(|p| Self::named(&p.value)) {
            return Some(zone);
        }
        let observances: Vec<Observance<'_>> = definition
            .components
            .iter()
            .map(|component| Observance {
                daylight: component.name == "DAYLIGHT",
                start: component.get("DTSTART").map_or("", |p| p.value.trim()),
                rule: component.get("RRULE").map(|p| p.value.trim()),
                offset_to: component.get("TZOFFSETTO").map_or("", |p| p.value.trim()),
            })
            .collect();
        let blob = blob_of_vtimezone(tzid, &observances)?;
        Some(Self::Own(tzid.to_owned(), blob))
    }

    /// Local time at a moment, as if it were UTC.
    pub(in crate::mapping) fn local(&self, utc: DateTime) -> DateTime {
        let offset = match self {
            Self::Utc => 0,
            Self::Iana(_, tz) => jiff::Timestamp::from_second(utc.seconds)
                .map_or(0, |at| i64::from(tz.to_offset(at).seconds())),
            Self::Own(_, blob) => blob.offset_at(utc),
        };
        DateTime::new(utc.seconds.saturating_add(offset))
    }

    /// The moment of a local time. One that comes twice is the first, one that is skipped is as far
    /// behind the change (RFC 5545 section 3.3.5).
    pub(in crate::mapping) fn utc(&self, local: DateTime) -> DateTime {
        let offset = match self {
            Self::Utc => 0,
            Self::Iana(_, tz) => civil_of(local)
                .and_then(|civil| tz.to_ambiguous_zoned(civil).compatible().ok())
                .map_or(0, |zoned| i64::from(zoned.offset().seconds())),
            Self::Own(_, blob) => blob.offset_at_local(local),
        };
        DateTime::new(local.seconds.saturating_sub(offset))
    }

    /// The rules, as they are in the year of an appointment.
    pub(in crate::mapping) fn blob(&self, at: DateTime) -> ZoneBlob {
        let year = i16::try_from(at.date().0).unwrap_or(i16::MAX);
        match self {
            Self::Utc => ZoneBlob {
                standard_name: "UTC".into(),
                ..ZoneBlob::default()
            },
            Self::Iana(name, _) => blob_of(name, year).unwrap_or_default(),
            Self::Own(_, blob) => blob.clone(),
        }
    }

    /// What defines the zone in a document; nothing for UTC.
    pub(in crate::mapping) fn definition(&self, at: DateTime) -> Option<Component> {
        let year = i16::try_from(at.date().0).unwrap_or(i16::MAX);
        let text = match self {
            Self::Utc => return None,
            Self::Iana(name, _) => vtimezone(name, &self.blob(at), year),
            Self::Own(name, blob) => vtimezone(name, blob, year),
        };
        Component::parse(text.as_bytes()).pop()
    }

    /// A property with a moment, in this zone.
    pub(in crate::mapping) fn property(&self, name: &str, utc: DateTime) -> Property {
        let local = self.local(utc).compact().to_string();
        match self {
            Self::Utc => Property::new(name, local),
            Self::Iana(tzid, _) | Self::Own(tzid, _) => {
                Property::new(name, local.trim_end_matches('Z')).with("TZID", tzid)
            }
        }
    }
}

fn civil_of(local: DateTime) -> Option<civil::DateTime> {
    let ((year, month, day), (hour, minute, second)) = (local.date(), local.time());
    let small = |n: u8| i8::try_from(n).ok();
    civil::DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    )
    .ok()
}

/// A property with a date.
pub(in crate::mapping) fn date_property(name: &str, date: DateTime) -> Property {
    let (year, month, day) = date.date();
    Property::new(name, format!("{year:04}{month:02}{day:02}")).with("VALUE", "DATE")
}

/// Whether a value is a date without a time.
pub(in crate::mapping) fn is_date(property: &Property) -> bool {
    let value = property.value.trim();
    property.param("VALUE") == Some("DATE") || value.len() == 8
}

/// Seconds of a DURATION (RFC 5545 section 3.3.6).
pub(in crate::mapping) fn duration(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut seconds: i64 = 0;
    let mut number: Option<i64> = None;
    for c in text.strip_prefix('P')?.chars() {
        let unit = match c {
            '0'..='9' => {
                let digit = i64::from(c.to_digit(10)?);
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit)?);
                continue;
            }
            'T' => continue,
            'W' => 604_800,
            'D' => 86_400,
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    number.is_none().then_some(sign * seconds)
}
