//! `RST2.srf`

use super::account::Account;
use super::xml::{Node, escaped};

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WST: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
const WSP: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const WSA: &str = "http://www.w3.org/2005/08/addressing";
const PS: &str = "http://schemas.microsoft.com/Passport/SoapServices/PPCRL";

/// Name and password in a request; `None` if it is not one as the service took them.
pub(super) fn credentials(body: &[u8]) -> Option<(String, String)> {
    let root = Node::parse(body, true)?;
    let name = |ns: &str, local: &str| format!("{ns} {local}");
    if root.name != name(SOAP, "Envelope") {
        return None;
    }
    let header = root.get(&name(SOAP, "Header"))?;
    let action = header.value(&name(WSA, "Action"))?;
    let application = header
        .get(&name(PS, "AuthInfo"))?
        .value(&name(PS, "HostingApp"))?;
    let tokens = root
        .get(&name(SOAP, "Body"))?
        .get(&name(PS, "RequestMultipleSecurityTokens"))?;
    let sites: Vec<&str> = tokens
        .children
        .iter()
        .filter_map(|token| {
            let applies = token.get(&name(WSP, "AppliesTo"))?;
            applies
                .get(&name(WSA, "EndpointReference"))?
                .value(&name(WSA, "Address"))
        })
        .collect();
    let fits = action == "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue"
        && application == "{47A6D4CF-5EB0-4B0E-9138-1B3F2DD40981}"
        && sites == ["http://Passport.NET/tb", "mail.services.live.com"];
    if !fits {
        return None;
    }
    let user = header
        .get(&name(WSSE, "Security"))?
        .get(&name(WSSE, "UsernameToken"))?;
    Some((
        user.value(&name(WSSE, "Username"))?.to_owned(),
        user.value(&name(WSSE, "Password"))?.to_owned(),
    ))
}

/// A ticket for the account, and the answer that brings it.
pub(super) fn ticket(account: &Account) -> String {
    let mut state = account.state();
    let number = state.next();
    // What needs to be escaped in a URL is in it.
    let ticket = format!("EwAIA+b/{number}==");
    state.tickets.push(ticket.clone());
    let token = escaped(&format!("t={ticket}&p="));
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\
         <S:Envelope xmlns:S=\"{SOAP}\" xmlns:wsse=\"{WSSE}\" xmlns:wst=\"{WST}\" xmlns:wsp=\"{WSP}\" \
         xmlns:wsa=\"{WSA}\" \
         xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" \
         xmlns:psf=\"http://schemas.microsoft.com/Passport/SoapServices/SOAPFault\"><S:Header>\
         <psf:pp><psf:serverVersion>1</psf:serverVersion><psf:PUID>00037FFEA5375516</psf:PUID>\
         <psf:authstate>0x48803</psf:authstate><psf:reqstatus>0x0</psf:reqstatus></psf:pp></S:Header>\
         <S:Body><wst:RequestSecurityTokenResponseCollection>\
         <wst:RequestSecurityTokenResponse><wst:TokenType>urn:passport:legacy</wst:TokenType>\
         <wst:Lifetime><wsu:Created>2012-05-02T09:00:00Z</wsu:Created>\
         <wsu:Expires>2012-05-03T09:00:00Z</wsu:Expires></wst:Lifetime>\
         <wst:RequestedSecurityToken><EncryptedData xmlns=\"http://www.w3.org/2001/04/xmlenc#\"/>\
         </wst:RequestedSecurityToken></wst:RequestSecurityTokenResponse>\
         <wst:RequestSecurityTokenResponse><wst:TokenType>urn:passport:compact</wst:TokenType>\
         <wst:Lifetime><wsu:Created>2012-05-02T09:00:00Z</wsu:Created>\
         <wsu:Expires>2012-05-02T17:00:00Z</wsu:Expires></wst:Lifetime>\
         <wst:RequestedSecurityToken><wsse:BinarySecurityToken Id=\"Compact1\">{token}\
         </wsse:BinarySecurityToken></wst:RequestedSecurityToken>\
         </wst:RequestSecurityTokenResponse>\
         </wst:RequestSecurityTokenResponseCollection></S:Body></S:Envelope>"
    )
}

/// The answer to a wrong name or password.
pub(super) fn refusal() -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\
         <S:Envelope xmlns:S=\"{SOAP}\" xmlns:wst=\"{WST}\" \
         xmlns:psf=\"http://schemas.microsoft.com/Passport/SoapServices/SOAPFault\"><S:Body><S:Fault>\
         <S:Code><S:Value>S:Sender</S:Value><S:Subcode><S:Value>wst:FailedAuthentication</S:Value>\
         </S:Subcode></S:Code><S:Reason><S:Text xml:lang=\"en-US\">Authentication Failure</S:Text>\
         </S:Reason><S:Detail><psf:error><psf:value>0x80048821</psf:value><psf:internalerror>\
         <psf:code>0x80041034</psf:code><psf:text>The password is wrong.</psf:text>\
         </psf:internalerror></psf:error></S:Detail></S:Fault></S:Body></S:Envelope>"
    )
}

/// Whether the query of a request is a ticket of the account, in one of the three ways that were seen:
/// the token as it is, with `+` and `&` escaped, or the value of `t` alone as in a form.
pub(super) fn admits(account: &Account, query: &str) -> bool {
    let Some(rest) = query.strip_prefix("t=") else {
        return false;
    };
    let raw = rest.split('&').next().unwrap_or_default();
    let decoded = decode(raw);
    let decoded = decoded.split('&').next().unwrap_or_default();
    let state = account.state();
    state
        .tickets
        .iter()
        .any(|ticket| ticket == raw || ticket == decoded)
}

fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let pair: Vec<u8> = bytes.by_ref().take(2).collect();
        let pair = std::str::from_utf8(&pair).unwrap_or_default();
        out.push(u8::from_str_radix(pair, 16).unwrap_or(b'?'));
    }
    String::from_utf8_lossy(&out).into_owned()
}
