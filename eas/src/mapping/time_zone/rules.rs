//! Which zone has which rules, by the data base of IANA.

use jiff::civil::{self, Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneTransition};
use jiff::{Timestamp, ToSpan as _};

use super::windows::WINDOWS_ZONES;
use super::{SystemTime, ZoneBlob};
use crate::wire::DateTime;

/// A rule of every year must hold for so many years; the last such day of a month and the fourth one
/// differ within them.
const YEARS: i16 = 8;

/// IANA's name for one of Windows'; none for an unknown one.
pub fn iana_of_windows(name: &str) -> Option<&'static str> {
    let found = WINDOWS_ZONES.binary_search_by(|(windows, _)| (*windows).cmp(name));
    let (_, iana) = WINDOWS_ZONES.get(found.ok()?)?;
    Some(iana)
}

/// The rules of an IANA zone, or of one of Windows', as they are in `year`. `None` for a zone that
/// nobody knows.
pub fn blob_of(zone: &str, year: i16) -> Option<ZoneBlob> {
    let windows = WINDOWS_ZONES
        .iter()
        .find(|(windows, iana)| *iana == zone || *windows == zone);
    let tz = TimeZone::get(zone)
        .ok()
        .or_else(|| TimeZone::get(windows?.1).ok())?;
    let mut blob = rules(&tz, year)?;
    match windows {
        Some((name, _)) => {
            blob.standard_name = (*name).to_owned();
            blob.daylight_name = name.replace("Standard", "Daylight");
        }
        // Names are free: this one comes back as it was.
        None => {
            blob.standard_name = zone.to_owned();
            blob.daylight_name = zone.to_owned();
        }
    }
    Some(blob)
}

/// The IANA zone that has these rules in `year`: the one of that very name, else `preferred`, the
/// account's own zone, unless the name is that of another zone of Windows'; then the one that such a
/// name means, then any. `None` if no zone has such rules, or the blob says nothing.
pub fn zone_of(blob: &ZoneBlob, year: i16, preferred: Option<&str>) -> Option<String> {
    if blob.is_blank() {
        return None;
    }
    let fits = |zone: &&str| {
        let tz = TimeZone::get(zone).ok();
        tz.and_then(|tz| rules(&tz, year))
            .is_some_and(|own| same(&own, blob))
    };
    let own_name = TimeZone::get(&blob.standard_name).ok();
    let named = iana_of_windows(&blob.standard_name);
    let is_another = |zone: &&str| {
        let has_own_name = WINDOWS_ZONES.iter().any(|(_, iana)| iana == zone);
        has_own_name && named.is_some_and(|named| named != *zone)
    };
    let candidates = [
        own_name.as_ref().and_then(TimeZone::iana_name),
        preferred.filter(|zone| !is_another(zone)),
        named,
        preferred,
    ];
    let others = WINDOWS_ZONES.iter().map(|(_, zone)| *zone);
    candidates
        .into_iter()
        .flatten()
        .chain(others)
        .find(fits)
        .map(str::to_owned)
}

/// Whether two blobs say the same, whatever they call it.
fn same(a: &ZoneBlob, b: &ZoneBlob) -> bool {
    match (a.has_daylight_time(), b.has_daylight_time()) {
        (false, false) => a.offsets().0 == b.offsets().0,
        (true, true) => {
            let moment = |t: SystemTime| (t.month, t.day_of_week, t.day, t.hour, t.minute);
            a.offsets() == b.offsets()
                && moment(a.standard_date) == moment(b.standard_date)
                && moment(a.daylight_date) == moment(b.daylight_date)
        }
        _ => false,
    }
}

/// What a zone does in a year. More than one daylight time a year, as in Morocco, cannot be said: such
/// a year has the offset of its first day.
fn rules(tz: &TimeZone, year: i16) -> Option<ZoneBlob> {
    let transitions = transitions(tz, year)?;
    let first = Date::new(year, 1, 1).ok()?.to_zoned(tz.clone()).ok()?;
    let plain = ZoneBlob {
        bias: -first.offset().seconds() / 60,
        ..ZoneBlob::default()
    };
    let [a, b] = transitions.as_slice() else {
        return Some(plain);
    };
    // The lower offset is called standard, even where a zone's own law says otherwise.
    let (standard, daylight) = match a.offset() < b.offset() {
        true => (a, b),
        false => (b, a),
    };
    if standard.offset() == daylight.offset() {
        return Some(plain);
    }
    let bias = -standard.offset().seconds() / 60;
    let daylight_bias = -daylight.offset().seconds() / 60 - bias;
    Some(ZoneBlob {
        bias,
        standard_date: moment(tz, year, standard, daylight)?,
        daylight_date: moment(tz, year, daylight, standard)?,
        daylight_bias,
        ..ZoneBlob::default()
    })
}

/// The changes of offset within a year.
fn transitions(tz: &TimeZone, year: i16) -> Option<Vec<TimeZoneTransition<'_>>> {
    let midnight = |year: i16| -> Option<Timestamp> {
        let date = Date::new(year, 1, 1).ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let (from, to) = (midnight(year)?, midnight(year.checked_add(1)?)?);
    let before = from.checked_sub(1.nanosecond()).ok()?;
    let mut last = tz.to_offset(before);
    let changes = tz
        .following(before)
        .take_while(|change| change.timestamp() < to)
        .filter(|change| std::mem::replace(&mut last, change.offset()) != change.offset());
    Some(changes.collect())
}

/// The moment of a transition, as a rule if it is one: by the clock that was in force until then.
fn moment(
    tz: &TimeZone,
    year: i16,
    into: &TimeZoneTransition<'_>,
    out_of: &TimeZoneTransition<'_>,
) -> Option<SystemTime> {
    let wall = out_of.offset().to_datetime(into.timestamp());
    let mut time = SystemTime {
        year: 0,
        month: positive(wall.month()),
        day_of_week: positive(wall.weekday().to_sunday_zero_offset()),
        day: positive((wall.day() - 1) / 7 + 1),
        hour: positive(wall.hour()),
        minute: positive(wall.minute()),
        second: 0,
        millisecond: 0,
    };
    // It is the last such day if it is so in the years after, too.
    let others: Vec<civil::DateTime> = (year..year.saturating_add(YEARS))
        .filter_map(|year| {
            let changes = transitions(tz, year)?;
            let same = changes
                .iter()
                .find(|change| change.offset() == into.offset())?;
            Some(out_of.offset().to_datetime(same.timestamp()))
        })
        .collect();
    let is_last = |t: &civil::DateTime| t.day() + 7 > t.days_in_month();
    if others.iter().all(is_last) {
        time.day = 5;
    }
    Some(time)
}

fn positive(n: i8) -> u16 {
    u16::try_from(n).unwrap_or(0)
}

impl ZoneBlob {
    /// Seconds east of UTC at a moment of local time, as if each year were like the one that the blob
    /// is of. An hour that comes twice is the first one; one that is skipped is after the change.
    pub fn offset_at_local(&self, local: DateTime) -> i64 {
        self.offset(local.seconds, local, (0, 0))
    }

    /// Seconds east of UTC at a moment.
    pub fn offset_at(&self, utc: DateTime) -> i64 {
        let (standard, daylight) = self.offsets();
        // Each change is told in the time that ends with it.
        let local = DateTime::new(utc.seconds.saturating_add(standard));
        self.offset(utc.seconds, local, (daylight, standard))
    }

    /// The offset at `now`, of a clock that is behind local time by so much at the changes to standard
    /// and to daylight time.
    fn offset(&self, now: i64, local: DateTime, behind: (i64, i64)) -> i64 {
        let (standard, daylight) = self.offsets();
        let year = i16::try_from(local.date().0).unwrap_or(i16::MAX);
        let changes = (
            self.standard_date.in_year(year),
            self.daylight_date.in_year(year),
        );
        let (Some(to_standard), Some(to_daylight), true) =
            (changes.0, changes.1, self.has_daylight_time())
        else {
            return standard;
        };
        let (to_standard, to_daylight) = (to_standard - behind.0, to_daylight - behind.1);
        let is_daylight = match to_daylight < to_standard {
            true => (to_daylight..to_standard).contains(&now),
            false => !(to_standard..to_daylight).contains(&now),
        };
        if is_daylight { daylight } else { standard }
    }
}

impl SystemTime {
    /// The moment in a year, in seconds of local time since 1970.
    pub(super) fn in_year(self, year: i16) -> Option<i64> {
        let month = i8::try_from(self.month).ok()?;
        let first = Date::new(year, month, 1).ok()?;
        let date = if self.year == 0 {
            let weekday = i8::try_from(self.day_of_week).ok()?;
            let weekday = Weekday::from_sunday_zero_offset(weekday).ok()?;
            let nth = match self.day {
                n @ 1..=4 => i8::try_from(n).ok()?,
                _ => -1,
            };
            first.nth_weekday_of_month(nth, weekday).ok()?
        } else {
            Date::new(year, month, i8::try_from(self.day).ok()?).ok()?
        };
        let midnight = DateTime::midnight(
            i32::from(date.year()),
            u8::try_from(date.month()).ok()?,
            u8::try_from(date.day()).ok()?,
        )?;
        let seconds =
            i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        Some(midnight.seconds + seconds)
    }
}
