/// How the values of a property are compared and merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::merge) enum Class {
    /// Stamped on by servers and clients: never compared, never merged.
    Noise,
    /// The name under which a side knows the item: compared, but each side keeps its own.
    Own,
    /// One value; several of them are a set.
    Single,
    /// One text, merged by lines.
    Text,
    /// A time that only moves forward: the later one counts.
    Latest,
    /// A set of properties.
    Set,
    /// A set of values, several on one line.
    Values,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::merge) enum Form {
    Text,
    /// Texts between semicolons.
    Structured,
    /// DATE, DATE-TIME or PERIOD of RFC 5545.
    Time,
    /// DATE-AND-OR-TIME of RFC 6350, or what RFC 2426 has for it.
    CardDate,
    Duration,
    Trigger,
    Recurrence,
    Integer,
    /// One of some words.
    Token,
    Uri,
    /// CAL-ADDRESS.
    Address,
    Email,
    Phone,
    Uid,
    Geo,
    /// An image, a sound or a key, inline or by reference.
    Binary,
}

/// How a property is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::merge) struct Rule {
    pub(in crate::merge) class: Class,
    pub(in crate::merge) form: Form,
    /// The value that is meant where the property is missing.
    pub(in crate::merge) default: &'static str,
}

const fn of(class: Class, form: Form) -> Rule {
    Rule {
        class,
        form,
        default: "",
    }
}

const fn or(default: &'static str, form: Form) -> Rule {
    Rule {
        class: Class::Single,
        form,
        default,
    }
}

/// The rule of a property, by its canonical name.
pub(in crate::merge) fn rule(card: bool, name: &str) -> Rule {
    match name {
        "LAST-MODIFIED" | "PRODID" | "REV" | "VERSION" | "X-LIC-ERROR" | "X-RADICALE-NAME" => {
            of(Class::Noise, Form::Text)
        }
        "UID" => of(Class::Own, Form::Uid),
        "GEO" => of(Class::Single, Form::Geo),
        "URL" => of(Class::Set, Form::Uri),
        "CATEGORIES" => of(Class::Values, Form::Text),
        _ if card => card_rule(name),
        _ => calendar_rule(name),
    }
}

fn card_rule(name: &str) -> Rule {
    match name {
        "ADR" => of(Class::Set, Form::Structured),
        "ANNIVERSARY" | "BDAY" | "BIRTHDATE" | "DEATHDATE" => of(Class::Single, Form::CardDate),
        "CALADRURI" | "CALURI" | "CONTACT-URI" | "FBURL" | "IMPP" | "MEMBER" | "RELATED"
        | "SOCIALPROFILE" | "SOURCE" | "X-SOCIALPROFILE" => of(Class::Set, Form::Uri),
        "EMAIL" => of(Class::Set, Form::Email),
        "EXPERTISE" | "HOBBY" | "INTEREST" | "LABEL" | "LANG" | "X-ABDATE" | "X-ABRELATEDNAMES" => {
            of(Class::Set, Form::Text)
        }
        "GENDER" | "N" | "ORG" => of(Class::Single, Form::Structured),
        "KEY" | "LOGO" | "PHOTO" | "SOUND" => of(Class::Single, Form::Binary),
        "KIND" => or("INDIVIDUAL", Form::Token),
        "CLASS" => or("PUBLIC", Form::Token),
        "NICKNAME" => of(Class::Values, Form::Text),
        "NOTE" => of(Class::Text, Form::Text),
        "TEL" => of(Class::Set, Form::Phone),
        _ => of(Class::Single, Form::Text),
    }
}

fn calendar_rule(name: &str) -> Rule {
    match name {
        "CREATED" | "DTSTAMP" | "METHOD" | "SEQUENCE" | "X-MOZ-GENERATION" => {
            of(Class::Noise, Form::Text)
        }
        "ACKNOWLEDGED" | "X-MOZ-LASTACK" => of(Class::Latest, Form::Time),
        "ATTACH" | "CONFERENCE" | "IMAGE" | "LINK" | "STRUCTURED-DATA" => of(Class::Set, Form::Uri),
        "ATTENDEE" => of(Class::Set, Form::Address),
        "ORGANIZER" => of(Class::Single, Form::Address),
        "COMMENT" | "DESCRIPTION" => of(Class::Text, Form::Text),
        "COMPLETED" | "DTEND" | "DTSTART" | "DUE" | "RECURRENCE-ID" => {
            of(Class::Single, Form::Time)
        }
        "CONTACT" | "RELATED-TO" | "REQUEST-STATUS" => of(Class::Set, Form::Text),
        "DURATION" | "REFRESH-INTERVAL" => of(Class::Single, Form::Duration),
        "EXDATE" | "FREEBUSY" | "RDATE" => of(Class::Values, Form::Time),
        "EXRULE" | "RRULE" => of(Class::Single, Form::Recurrence),
        "PERCENT-COMPLETE" | "REPEAT" => of(Class::Single, Form::Integer),
        "PRIORITY" => or("0", Form::Integer),
        "RESOURCES" => of(Class::Values, Form::Text),
        "ACTION" | "BUSYTYPE" | "STATUS" => of(Class::Single, Form::Token),
        "CALSCALE" => or("GREGORIAN", Form::Token),
        "CLASS" => or("PUBLIC", Form::Token),
        "TRANSP" => or("OPAQUE", Form::Token),
        "TRIGGER" => of(Class::Single, Form::Trigger),
        _ => of(Class::Single, Form::Text),
    }
}

/// The vCard 4.0 properties that vCard 3.0 lacks, and what stands for them there.
pub(in crate::merge) const CARD_NAMES: [(&str, &str); 13] = [
    ("ANNIVERSARY", "X-ANNIVERSARY"),
    ("BIRTHPLACE", "X-BIRTHPLACE"),
    ("CLIENTPIDMAP", "X-CLIENTPIDMAP"),
    ("DEATHDATE", "X-DEATHDATE"),
    ("DEATHPLACE", "X-DEATHPLACE"),
    ("EXPERTISE", "X-EXPERTISE"),
    ("GENDER", "X-GENDER"),
    ("HOBBY", "X-HOBBY"),
    ("INTEREST", "X-INTEREST"),
    ("KIND", "X-ADDRESSBOOKSERVER-KIND"),
    ("LANG", "X-LANG"),
    ("MEMBER", "X-ADDRESSBOOKSERVER-MEMBER"),
    ("RELATED", "X-RELATED"),
];

/// The name under which a property is compared: upper case, and in vCard the same in all versions.
pub(in crate::merge) fn canonical_name(card: bool, name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    if card && upper.starts_with("X-") {
        let mut names = CARD_NAMES.iter();
        if let Some((four, _)) = names.find(|(_, three)| *three == upper) {
            return (*four).to_owned();
        }
    }
    upper
}
