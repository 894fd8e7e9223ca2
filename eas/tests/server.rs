//! The client, the source and the engine against the server of `testing`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "server/client.rs"]
mod client;
#[path = "server/commands.rs"]
mod commands;
#[path = "server/discovery.rs"]
mod discovery;
#[path = "server/drafts.rs"]
mod drafts;
#[path = "server/engine.rs"]
mod engine;
#[path = "server/files.rs"]
mod files;
#[path = "server/ghosts.rs"]
mod ghosts;
#[path = "server/keys.rs"]
mod keys;
#[path = "server/letters.rs"]
mod letters;
#[path = "server/world.rs"]
mod world;
