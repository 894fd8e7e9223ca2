//! Login: a ticket of Windows Live ID, asked for by `RST2.srf` (SOAP 1.2, WS-Trust).
//!
//! Answers are read by the names of their elements alone, so that those of the older `RST.srf`, whose
//! namespaces are others, are understood, too.

use std::fmt;

use zeroize::Zeroizing;

use super::error::{DecodeError, DecodeErrorKind};
use super::value::{format_time, parse_time};
use super::xml::{Element, Writer};

/// The type of a request's body.
pub const CONTENT_TYPE: &str = "application/soap+xml; charset=UTF-8";

/// The site that a ticket for DeltaSync is for.
pub const SITE: &str = "mail.services.live.com";

/// What Windows Live Mail called itself.
const APPLICATION: &str = "{47A6D4CF-5EB0-4B0E-9138-1B3F2DD40981}";

/// Base64 of one entry, `lc` (the language) with the value `1033`.
const PARAMETERS: &str = "AQAAAAIAAABsYwQAAAAxMDMz";

const ISSUE: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust/Issue";

/// How long a request may be under way, in seconds.
const LIFETIME: i64 = 300;

/// Asks for a ticket.
#[derive(Clone)]
pub struct Login {
    /// The account, a mail address.
    pub user: String,
    /// Its password, which is sent as it is.
    pub password: Zeroizing<String>,
    /// Now, in seconds since 1970.
    pub created: i64,
    /// The site that the ticket is to be for; [`SITE`] in the wild.
    pub site: String,
}

impl Login {
    /// The body.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        const ENVELOPE: &str = "s:Envelope \
            xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
            xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\" \
            xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" \
            xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2004/09/policy\" \
            xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" \
            xmlns:wst=\"http://schemas.xmlsoap.org/ws/2005/02/trust\" \
            xmlns:ps=\"http://schemas.microsoft.com/Passport/SoapServices/PPCRL\"";
        let mut xml = Writer::default();
        xml.open(ENVELOPE).open("s:Header");
        xml.element(
            "wsa:Action s:mustUnderstand=\"1\"",
            "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
        );
        xml.element(
            "wsa:To s:mustUnderstand=\"1\"",
            "HTTPS://login.live.com:443//RST2.srf",
        );
        xml.element("wsa:MessageID", self.created.to_string());
        xml.open("ps:AuthInfo Id=\"PPAuthInfo\"");
        xml.element("ps:HostingApp", APPLICATION);
        xml.element("ps:BinaryVersion", "5")
            .element("ps:UIVersion", "1");
        xml.element("ps:Cookies", "")
            .element("ps:RequestParams", PARAMETERS);
        xml.close("ps:AuthInfo").open("wsse:Security");
        xml.open("wsse:UsernameToken wsu:Id=\"user\"");
        xml.element("wsse:Username", &self.user);
        xml.element("wsse:Password", &*self.password);
        xml.close("wsse:UsernameToken")
            .open("wsu:Timestamp Id=\"Timestamp\"");
        xml.element("wsu:Created", format_time(self.created, false));
        let expires = self.created.saturating_add(LIFETIME);
        xml.element("wsu:Expires", format_time(expires, false));
        xml.close("wsu:Timestamp")
            .close("wsse:Security")
            .close("s:Header");
        xml.open("s:Body")
            .open("ps:RequestMultipleSecurityTokens Id=\"RSTS\"");
        for (id, address, policy) in [
            ("RST0", "http://Passport.NET/tb", None),
            ("RST1", self.site.as_str(), Some("MBI")),
        ] {
            xml.open(&format!("wst:RequestSecurityToken Id=\"{id}\""));
            xml.element("wst:RequestType", ISSUE);
            xml.open("wsp:AppliesTo").open("wsa:EndpointReference");
            xml.element("wsa:Address", address);
            xml.close("wsa:EndpointReference").close("wsp:AppliesTo");
            if let Some(policy) = policy {
                xml.empty(&format!("wsp:PolicyReference URI=\"{policy}\""));
            }
            xml.close("wst:RequestSecurityToken");
        }
        xml.close("ps:RequestMultipleSecurityTokens")
            .close("s:Body");
        xml.close("s:Envelope");
        Zeroizing::new(xml.finish().into_bytes())
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

/// What a login came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginAnswer {
    /// It went well.
    Ticket(Ticket),
    /// The same request is to be sent to this URL.
    Redirect(String),
    /// It did not go well.
    Refused(LoginFault),
}

/// What lets a client in for some hours.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    query: Zeroizing<String>,
    /// When it becomes void, in seconds since 1970, where the answer says so.
    pub expires: Option<i64>,
    /// The user's number, in hexadecimal digits.
    pub puid: Option<String>,
}

impl Ticket {
    /// The whole query of each request to DeltaSync: the ticket without what belongs to it, encoded as
    /// in a form. It is as good as the password and reaches no log.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Of the text of a token, `t=...&p=...`.
    fn of(token: &str) -> Option<Zeroizing<String>> {
        let mut fields = token.trim().split('&');
        let ticket = fields.find_map(|field| field.strip_prefix("t="))?;
        if ticket.is_empty() {
            return None;
        }
        let mut query = Zeroizing::new(String::from("t="));
        for byte in ticket.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                    query.push(char::from(byte));
                }
                b' ' => query.push('+'),
                _ => query.push_str(&format!("%{byte:02X}")),
            }
        }
        Some(query)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// Why there is no ticket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoginFault {
    /// `psf:error/psf:value`, or `psf:reqstatus` where a token was refused: `0x80048821`.
    pub code: Option<u32>,
    /// `psf:internalerror/psf:code`, or `psf:errorstatus`.
    pub internal: Option<u32>,
    /// What the server says of it.
    pub text: Option<String>,
    /// Where the user has to go with a browser first.
    pub flow_url: Option<String>,
}

impl LoginFault {
    /// What is known of the code.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static str> {
        Some(match self.code? {
            0x8004_8800 => "not authenticated",
            0x8004_8801 => "expired",
            0x8004_8810 => "a password is required",
            0x8004_8820 => "the login server failed",
            0x8004_8821 => "user name or password is wrong",
            0x8004_8823 => "the account is locked",
            0x8004_8824 => "the account is locked: too many wrong passwords",
            0x8004_8825 => "the user has to accept the terms of use",
            0x8004_8826 => "the user has to be renamed",
            0x8004_8827 => "the user has to change the password",
            0x8004_882a => "no such site",
            _ => return None,
        })
    }

    /// Whether it is the login server that failed, and not the login.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.code == Some(0x8004_8820)
    }
}

impl fmt::Display for LoginFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.meaning(), &self.text) {
            (Some(meaning), _) => f.write_str(meaning)?,
            (None, Some(text)) => {
                let text: String = text.chars().take(200).collect();
                write!(f, "{}", text.escape_debug())?;
            }
            (None, None) => f.write_str("no reason given")?,
        }
        for code in [self.code, self.internal].into_iter().flatten() {
            write!(f, ", 0x{code:08x}")?;
        }
        if let Some(url) = &self.flow_url {
            // The query may hold what belongs to the user alone.
            let place = url.split('?').next().unwrap_or_default();
            write!(f, "; first visit {}", place.escape_debug())?;
        }
        Ok(())
    }
}

impl LoginAnswer {
    /// Reads an answer.
    ///
    /// # Errors
    /// A body that is no XML or no SOAP envelope, or that says nothing of the login.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let root = Element::parse(body)?;
        if root.name != "Envelope" {
            let kind = DecodeErrorKind::Foreign;
            return Err(DecodeError::new(kind, format!("<{}>", root.name)));
        }
        if let Some(url) = root.find("redirectUrl").map(|url| url.text.trim())
            && !url.is_empty()
        {
            return Ok(Self::Redirect(url.to_owned()));
        }
        if let Some(fault) = root.find("Fault") {
            return Ok(Self::Refused(fault_of(fault)));
        }
        let responses = root
            .descendants()
            .filter(|element| element.name == "RequestSecurityTokenResponse");
        let mut refused = None;
        for response in responses {
            let token = response.find("BinarySecurityToken");
            if let Some(query) = token.and_then(|token| Ticket::of(&token.text)) {
                let expires = response.find("Expires");
                return Ok(Self::Ticket(Ticket {
                    query,
                    expires: expires.and_then(|time| parse_time(&time.text)),
                    puid: root.find("PUID").map(|puid| puid.text.trim().to_owned()),
                }));
            }
            if let Some(reason) = response.find("pp") {
                refused = Some(LoginFault {
                    code: reason.local_value("reqstatus").and_then(number),
                    internal: reason.local_value("errorstatus").and_then(number),
                    text: None,
                    flow_url: reason.local_value("flowurl").map(str::to_owned),
                });
            }
        }
        match refused {
            Some(fault) => Ok(Self::Refused(fault)),
            None => Err(DecodeError::content("neither a ticket nor a fault")),
        }
    }
}

fn fault_of(fault: &Element) -> LoginFault {
    let error = fault.find("error");
    let internal = error.and_then(|error| error.local("internalerror"));
    // SOAP 1.1 names it otherwise.
    let reason = fault.find("Text").or_else(|| fault.find("faultstring"));
    let text = internal.and_then(|internal| internal.local_value("text"));
    let text = text.or_else(|| reason.map(|reason| reason.text.trim()));
    LoginFault {
        code: error.and_then(|e| number(e.local_value("value")?)),
        internal: internal.and_then(|i| number(i.local_value("code")?)),
        text: text.map(str::to_owned),
        flow_url: None,
    }
}

fn number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    u32::from_str_radix(digits?, 16).ok()
}
