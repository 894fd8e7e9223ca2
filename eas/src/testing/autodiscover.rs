//! Autodiscover ([MS-OXDISCO]; [MS-ASCMD] section 2.2.1.1), in XML and in JSON.

const REQUEST: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006";
const RESPONSE: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006";
const OUTER: &str = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";

/// The answer to a request in XML: where the account of this address is.
pub(super) fn xml(request: &str, url: &str) -> String {
    let address = request
        .split("EMailAddress>")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    let fits = request.contains(REQUEST) && request.contains(RESPONSE);
    let (Some(address), true) = (address, fits) else {
        return format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <Autodiscover xmlns=\"{OUTER}\"><Response><Error Time=\"16:56:32.6164027\" \
             Id=\"1054084152\"><ErrorCode>600</ErrorCode><Message>Invalid Request</Message>\
             <DebugData /></Error></Response></Autodiscover>"
        );
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <Autodiscover xmlns=\"{OUTER}\"><Response xmlns=\"{RESPONSE}\">\
         <Culture>en:us</Culture><User><DisplayName>{address}</DisplayName>\
         <EMailAddress>{address}</EMailAddress></User><Action><Settings><Server>\
         <Type>MobileSync</Type><Url>{url}</Url><Name>{url}</Name></Server></Settings></Action>\
         </Response></Autodiscover>"
    )
}

/// The answer of version 2.
pub(super) fn json(url: &str) -> String {
    serde_json::json!({ "Protocol": "ActiveSync", "Url": url }).to_string()
}
