//! `sync_core::Source` over the client.
