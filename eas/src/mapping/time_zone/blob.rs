use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Some servers leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const LENGTH: usize = 172;
const NAME: usize = 64;

/// Windows' rules of a time zone ([MS-ASDTYPE] section 2.7.6): a standard time and perhaps a daylight
/// time, with the moments of a year when each begins. What was otherwise in other years, it cannot
/// say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ZoneBlob {
    /// Minutes to add to local standard time for UTC: -60 in Berlin, 300 in New York.
    pub bias: i32,
    /// A name for people; often localised, often empty.
    pub standard_name: String,
    /// When standard time begins. A month of 0 says that there is no daylight time.
    pub standard_date: SystemTime,
    /// Minutes to add to `bias` in standard time; 0 as a rule.
    pub standard_bias: i32,
    /// A name for people.
    pub daylight_name: String,
    /// When daylight time begins.
    pub daylight_date: SystemTime,
    /// Minutes to add to `bias` in daylight time; -60 as a rule.
    pub daylight_bias: i32,
}

/// A moment of a year in local time as it was until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemTime {
    /// 0 for a rule of every year; else the one year that is meant.
    pub year: u16,
    /// 1 to 12; 0 for never.
    pub month: u16,
    /// From Sunday, 0, to Saturday, 6.
    pub day_of_week: u16,
    /// In a rule which such day of the month, 1 to 4, or 5 for the last; else the day of the month.
    pub day: u16,
    /// 0 to 23.
    pub hour: u16,
    /// 0 to 59.
    pub minute: u16,
    /// 0 to 59.
    pub second: u16,
    /// 0 to 999.
    pub millisecond: u16,
}

impl ZoneBlob {
    /// Reads a blob in base64. `None` for anything else.
    pub fn decode(base64: &str) -> Option<Self> {
        let clean: String = base64.split_whitespace().collect();
        if clean.len() > 2 * LENGTH {
            return None;
        }
        let bytes = BASE64.decode(clean).ok()?;
        if bytes.len() != LENGTH {
            return None;
        }
        Some(Self {
            bias: number(&bytes, 0)?,
            standard_name: name(&bytes, 4)?,
            standard_date: SystemTime::read(&bytes, 68)?,
            standard_bias: number(&bytes, 84)?,
            daylight_name: name(&bytes, 88)?,
            daylight_date: SystemTime::read(&bytes, 152)?,
            daylight_bias: number(&bytes, 168)?,
        })
    }

    /// The blob in base64. A zone without daylight time has neither dates nor a bias for it: some
    /// servers misread one without the other.
    pub fn encode(&self) -> String {
        let own = match self.has_daylight_time() {
            true => self.clone(),
            false => self.without_daylight_time(),
        };
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(own.bias.to_le_bytes());
        write_name(&mut bytes, &own.standard_name);
        own.standard_date.write(&mut bytes);
        bytes.extend(own.standard_bias.to_le_bytes());
        write_name(&mut bytes, &own.daylight_name);
        own.daylight_date.write(&mut bytes);
        bytes.extend(own.daylight_bias.to_le_bytes());
        BASE64.encode(bytes)
    }

    /// Whether it says nothing at all: some servers send zeros for whatever zone.
    pub fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the clocks change.
    pub fn has_daylight_time(&self) -> bool {
        (1..=12).contains(&self.standard_date.month)
            && (1..=12).contains(&self.daylight_date.month)
            && self.standard_bias != self.daylight_bias
    }

    /// The same standard time all year. A server with the zone UTC was seen to send a date of
    /// uninitialised bytes with a month of 0.
    pub fn without_daylight_time(&self) -> Self {
        Self {
            standard_date: SystemTime::default(),
            daylight_date: SystemTime::default(),
            daylight_bias: 0,
            ..self.clone()
        }
    }

    /// Seconds east of UTC in standard and in daylight time.
    pub(super) fn offsets(&self) -> (i64, i64) {
        let seconds = |bias: i32| {
            let minutes = i64::from(self.bias) + i64::from(bias);
            -60 * minutes.clamp(-24 * 60, 24 * 60)
        };
        (seconds(self.standard_bias), seconds(self.daylight_bias))
    }
}

impl SystemTime {
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let word = |i: usize| -> Option<u16> {
            let bytes = bytes.get(at + 2 * i..)?.first_chunk()?;
            Some(u16::from_le_bytes(*bytes))
        };
        Some(Self {
            year: word(0)?,
            month: word(1)?,
            day_of_week: word(2)?,
            day: word(3)?,
            hour: word(4)?,
            minute: word(5)?,
            second: word(6)?,
            millisecond: word(7)?,
        })
    }

    fn write(self, bytes: &mut Vec<u8>) {
        for word in [
            self.year,
            self.month,
            self.day_of_week,
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.millisecond,
        ] {
            bytes.extend(word.to_le_bytes());
        }
    }
}

fn number(bytes: &[u8], at: usize) -> Option<i32> {
    Some(i32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// UTF-16 up to a NUL. Zimbra writes ASCII, which shows as characters beyond it: names are for people,
/// so that does no harm.
fn name(bytes: &[u8], at: usize) -> Option<String> {
    let words = bytes.get(at..)?.get(..NAME)?.chunks_exact(2);
    let words = words.filter_map(|pair| Some(u16::from_le_bytes(*pair.first_chunk()?)));
    let words: Vec<u16> = words.take_while(|word| *word != 0).collect();
    Some(String::from_utf16_lossy(&words))
}

fn write_name(bytes: &mut Vec<u8>, name: &str) {
    // One word is left for the NUL.
    let end = bytes.len() + NAME;
    for word in name.encode_utf16().take(NAME / 2 - 1) {
        bytes.extend(word.to_le_bytes());
    }
    bytes.resize(end, 0);
}
