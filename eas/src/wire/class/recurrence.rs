use crate::wire::DateTime;
use crate::wire::wbxml::pages::{Calendar, Email, Email2, Tasks};
use crate::wire::wbxml::{Error, Reader, Tag, Writer};

/// How an item recurs ([MS-ASCAL] section 2.2.2.37, [MS-ASTASK] section 2.2.2.18).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recurrence {
    /// The pattern.
    pub recurrence_type: RecurrenceType,
    /// Every so many days, weeks, months or years; 0 counts as 1.
    pub interval: u16,
    /// Days of the week, one bit each from Sunday (1) to Saturday (64).
    pub day_of_week: Option<u8>,
    /// Day of the month, 1 to 31; 31 is the last day of shorter months too.
    pub day_of_month: Option<u8>,
    /// Which of the days that `day_of_week` names, 1 to 4; 5 is the last.
    pub week_of_month: Option<u8>,
    /// Month, 1 to 12.
    pub month_of_year: Option<u8>,
    /// The last occurrence's start.
    pub until: Option<DateTime>,
    /// How many occurrences there are.
    pub occurrences: Option<u16>,
    /// The day on which a week begins; 0 is Sunday.
    pub first_day_of_week: Option<u8>,
    /// Which calendar the pattern is of; none and 0 to 1 are the Gregorian.
    pub calendar_type: Option<u8>,
    /// Whether the month is a leap month.
    pub is_leap_month: Option<bool>,
    /// Where a task's pattern starts.
    pub start: Option<DateTime>,
    /// Whether a task's next occurrence counts from its completion.
    pub regenerate: Option<bool>,
    /// Whether a task is one completed occurrence of a series.
    pub dead_occur: Option<bool>,
}

/// The pattern of a [`Recurrence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecurrenceType {
    /// Every n days.
    #[default]
    Daily,
    /// On days of every n-th week.
    Weekly,
    /// On a day of every n-th month.
    Monthly,
    /// On the n-th such day of every n-th month.
    MonthlyNth,
    /// On a day of a year.
    Yearly,
    /// On the n-th such day of a month of a year.
    YearlyNth,
}

impl RecurrenceType {
    const fn number(self) -> u8 {
        match self {
            Self::Daily => 0,
            Self::Weekly => 1,
            Self::Monthly => 2,
            Self::MonthlyNth => 3,
            Self::Yearly => 5,
            Self::YearlyNth => 6,
        }
    }

    const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Daily,
            1 => Self::Weekly,
            2 => Self::Monthly,
            3 => Self::MonthlyNth,
            5 => Self::Yearly,
            6 => Self::YearlyNth,
            _ => return None,
        })
    }
}

/// Which element an item's page has for a part of the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Type,
    Interval,
    DayOfWeek,
    DayOfMonth,
    WeekOfMonth,
    MonthOfYear,
    Until,
    Occurrences,
    FirstDayOfWeek,
    CalendarType,
    IsLeapMonth,
    Start,
    Regenerate,
    DeadOccur,
}

/// In the order in which Exchange wants them.
const CALENDAR: &[(Tag, Part)] = &[
    (Calendar::CalendarType, Part::CalendarType),
    (Calendar::IsLeapMonth, Part::IsLeapMonth),
    (Calendar::Type, Part::Type),
    (Calendar::Interval, Part::Interval),
    (Calendar::Occurrences, Part::Occurrences),
    (Calendar::Until, Part::Until),
    (Calendar::DayOfWeek, Part::DayOfWeek),
    (Calendar::DayOfMonth, Part::DayOfMonth),
    (Calendar::WeekOfMonth, Part::WeekOfMonth),
    (Calendar::MonthOfYear, Part::MonthOfYear),
    (Calendar::FirstDayOfWeek, Part::FirstDayOfWeek),
];

const TASKS: &[(Tag, Part)] = &[
    (Tasks::CalendarType, Part::CalendarType),
    (Tasks::IsLeapMonth, Part::IsLeapMonth),
    (Tasks::Regenerate, Part::Regenerate),
    (Tasks::DeadOccur, Part::DeadOccur),
    (Tasks::Type, Part::Type),
    (Tasks::Start, Part::Start),
    (Tasks::Interval, Part::Interval),
    (Tasks::Occurrences, Part::Occurrences),
    (Tasks::Until, Part::Until),
    (Tasks::DayOfWeek, Part::DayOfWeek),
    (Tasks::DayOfMonth, Part::DayOfMonth),
    (Tasks::WeekOfMonth, Part::WeekOfMonth),
    (Tasks::MonthOfYear, Part::MonthOfYear),
    (Tasks::FirstDayOfWeek, Part::FirstDayOfWeek),
];

/// Read only.
const EMAIL: &[(Tag, Part)] = &[
    (Email::Type, Part::Type),
    (Email::Interval, Part::Interval),
    (Email::Occurrences, Part::Occurrences),
    (Email::Until, Part::Until),
    (Email::DayOfWeek, Part::DayOfWeek),
    (Email::DayOfMonth, Part::DayOfMonth),
    (Email::WeekOfMonth, Part::WeekOfMonth),
    (Email::MonthOfYear, Part::MonthOfYear),
    (Email2::CalendarType, Part::CalendarType),
    (Email2::IsLeapMonth, Part::IsLeapMonth),
    (Email2::FirstDayOfWeek, Part::FirstDayOfWeek),
];

impl Recurrence {
    /// Reads the element just entered. `None` for an empty one, and for a pattern of no known type.
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        let mut recurrence = Self::default();
        let mut known = false;
        while let Some(tag) = r.child()? {
            let part = [CALENDAR, TASKS, EMAIL]
                .into_iter()
                .flatten()
                .find(|(t, _)| *t == tag)
                .map(|(_, part)| *part);
            let Some(part) = part else {
                r.skip()?;
                continue;
            };
            match part {
                Part::Type => {
                    let number = r.number()?.and_then(RecurrenceType::from_number);
                    known = number.is_some();
                    recurrence.recurrence_type = number.unwrap_or_default();
                }
                Part::Interval => recurrence.interval = r.number()?.unwrap_or_default(),
                Part::DayOfWeek => recurrence.day_of_week = r.number()?,
                Part::DayOfMonth => recurrence.day_of_month = r.number()?,
                Part::WeekOfMonth => recurrence.week_of_month = r.number()?,
                Part::MonthOfYear => recurrence.month_of_year = r.number()?,
                Part::Until => recurrence.until = DateTime::parse(&r.text()?),
                Part::Occurrences => recurrence.occurrences = r.number()?,
                Part::FirstDayOfWeek => recurrence.first_day_of_week = r.number()?,
                Part::CalendarType => recurrence.calendar_type = r.number()?,
                Part::IsLeapMonth => recurrence.is_leap_month = Some(r.flag()?),
                Part::Start => recurrence.start = DateTime::parse(&r.text()?),
                Part::Regenerate => recurrence.regenerate = Some(r.flag()?),
                Part::DeadOccur => recurrence.dead_occur = Some(r.flag()?),
            }
        }
        Ok(known.then_some(recurrence))
    }

    /// Writes the pattern of an appointment.
    pub(super) fn write_calendar(&self, w: &mut Writer) {
        w.element(Calendar::Recurrence, |w| self.write(w, CALENDAR));
    }

    /// Writes the pattern of a task.
    pub(super) fn write_task(&self, w: &mut Writer) {
        w.element(Tasks::Recurrence, |w| self.write(w, TASKS));
    }

    fn write(&self, w: &mut Writer, parts: &[(Tag, Part)]) {
        let compact = std::ptr::eq(parts, CALENDAR);
        let date = |date: DateTime| match compact {
            true => date.compact().to_string(),
            false => date.extended().to_string(),
        };
        for (tag, part) in parts {
            let number = match part {
                Part::Type => Some(u16::from(self.recurrence_type.number())),
                Part::Interval => Some(self.interval.max(1)),
                Part::DayOfWeek => self.day_of_week.map(u16::from),
                Part::DayOfMonth => self.day_of_month.map(u16::from),
                Part::WeekOfMonth => self.week_of_month.map(u16::from),
                Part::MonthOfYear => self.month_of_year.map(u16::from),
                Part::Occurrences => self.occurrences,
                Part::FirstDayOfWeek => self.first_day_of_week.map(u16::from),
                Part::CalendarType => self.calendar_type.map(u16::from),
                Part::IsLeapMonth => self.is_leap_month.map(u16::from),
                Part::Regenerate => self.regenerate.map(u16::from),
                Part::DeadOccur => self.dead_occur.map(u16::from),
                Part::Until | Part::Start => {
                    let value = match part {
                        Part::Until => self.until,
                        _ => self.start,
                    };
                    if let Some(value) = value {
                        w.text(*tag, &date(value));
                    }
                    None
                }
            };
            if let Some(number) = number {
                w.number(*tag, number);
            }
        }
    }
}
