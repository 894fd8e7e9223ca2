use crate::client::ClientOptions;

/// What an [`EasSource`](super::EasSource) is of.
#[derive(Debug, Clone)]
pub struct EasConfig {
    /// Tells this account from others; stays the same for as long as the state shall fit.
    pub account: String,
    /// The session.
    pub client: ClientOptions,
    /// How far back mail is shown, as a value of `FilterType`: 0, the default, for everything, 1 for a
    /// day to 5 for a month. What is older is released, not deleted.
    pub mail_filter: u8,
    /// How far back appointments are shown: 0, the default, for everything, 4 for two weeks to 7 for
    /// six months.
    pub calendar_filter: u8,
    /// The person's time zone by IANA, for what is told without one. Default the system's.
    pub zone: Option<String>,
    /// How many changes one page brings, 1 to 512. Default 100.
    pub window: u16,
}

impl EasConfig {
    /// The account of these options, with everything that is in it.
    #[must_use]
    pub fn new(account: impl Into<String>, client: ClientOptions) -> Self {
        Self {
            account: account.into(),
            client,
            mail_filter: 0,
            calendar_filter: 0,
            zone: jiff::tz::TimeZone::system().iana_name().map(str::to_owned),
            window: 100,
        }
    }
}
