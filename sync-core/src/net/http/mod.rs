//! HTTP over our TLS: what CalDAV, ActiveSync and DeltaSync share.
