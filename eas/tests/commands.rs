//! Commands against what was exchanged with a real SOGo, and what Microsoft's documents say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "commands/accounts.rs"]
mod accounts;
#[path = "commands/answers.rs"]
mod answers;
#[path = "commands/http.rs"]
mod http;
#[path = "commands/leaves.rs"]
mod leaves;
#[path = "commands/properties.rs"]
mod properties;
#[path = "commands/recorded.rs"]
mod recorded;
#[path = "commands/requests.rs"]
mod requests;
#[path = "commands/schemas.rs"]
mod schemas;
#[path = "commands/status.rs"]
mod status;
#[path = "commands/tree.rs"]
mod tree;
