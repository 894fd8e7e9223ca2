//! Settings: what service and account allow. That the command exists is known; what is in it is from
//! clean-room notes alone, and the units of its intervals are unknown.

use std::collections::BTreeMap;

use super::error::{DecodeError, DecodeErrorKind};
use super::sync::fault;
use super::xml::{Element, Ns};

/// Asks for the properties of the service and of the account.
pub const REQUEST: &str = "<Settings xmlns=\"HMSETTINGS:\"><ServiceSettings><Properties><Get/>\
    </Properties></ServiceSettings><AccountSettings><Get><Properties/></Get></AccountSettings>\
    </Settings>";

/// What service and account say of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Properties of the service by their names: `MinSyncPollInterval`, `MaxNumberOfEmailAdds`.
    pub service: BTreeMap<String, String>,
    /// Properties of the account by their names: `AccountStatus`, `MaxMessageSize`.
    pub account: BTreeMap<String, String>,
}

impl Settings {
    /// Reads the body.
    ///
    /// # Errors
    /// It is not such an answer, or says that the request as a whole failed.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let root = Element::parse(body)?;
        if root.name != "Settings" {
            let kind = DecodeErrorKind::Foreign;
            return Err(DecodeError::new(kind, format!("<{}>", root.name)));
        }
        fault(&root)?;
        let at = |path: [&str; 3]| {
            path.into_iter()
                .try_fold(&root, |element, name| element.child(Ns::HmSettings, name))
        };
        let all = |element: Option<&Element>| {
            let children = element.map_or(&[][..], |e| &e.children).iter();
            children
                .map(|child| (child.name.clone(), child.text.trim().to_owned()))
                .collect()
        };
        Ok(Self {
            service: all(at(["ServiceSettings", "Properties", "Get"])),
            account: all(at(["AccountSettings", "Get", "Properties"])),
        })
    }

    /// A number among the properties of the service or of the account.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        let text = self.service.get(name).or_else(|| self.account.get(name))?;
        text.parse().ok()
    }

    /// Whether the account may be used: `AccountStatus` is `OK` or not said.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let status = self.account.get("AccountStatus");
        status.is_none_or(|status| status.eq_ignore_ascii_case("OK"))
    }
}
