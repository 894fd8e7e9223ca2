//! HTTP over our TLS: what CalDAV, ActiveSync and DeltaSync share.
//!
//! [`Http`] sends a [`Request`] and gives a [`Response`] whose body is read in pieces. It does what
//! every protocol over HTTP needs, and nothing else:
//!
//! * HTTP/1.1 and HTTP/2 on [`Tls`](super::Tls); no proxy is taken from the environment.
//! * Basic (RFC 7617), Bearer (RFC 6750) and Digest (RFC 7616) from a
//!   [`CredentialSource`](super::CredentialSource), which is asked at the first request and again
//!   when the server refuses what it gave.
//! * Redirects, which never carry a credential to another origin nor lead from `https` to `http`.
//! * Limits on bodies, counted after decompression, and on every wait.
//! * Connections that a server closes without saying so.
//!
//! A status is an answer, not an error, except 401 where nothing more can be tried. The caller makes
//! an [`Error`] of one by [`Response::into_error`], which keeps status and `Retry-After`.
//!
//! ```no_run
//! use sync_core::net::http::{Http, HttpOptions, Method, Request};
//! use sync_core::net::{Credential, Tls, TlsOptions};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let tls = Tls::new(&TlsOptions::default())?;
//! let url = "https://dav.example.org/".parse()?;
//! let login = Credential::password("alice", "secret");
//! let http = Http::new(HttpOptions::new(tls).login(login, &url))?;
//! let mut response = http.send(Request::new(Method::OPTIONS, url)).await?;
//! println!("{} {:?}", response.status(), response.header("dav"));
//! let body = response.bytes().await?;
//! # drop(body);
//! # Ok(())
//! # }
//! ```

mod challenge;
mod client;
mod cookies;
mod digest;
mod error;
mod login;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use client::{Http, HttpOptions, Origin};
pub use cookies::Cookies;
pub use error::{Error, ErrorKind, Result};
pub use request::Request;
pub use reqwest::header;
pub use reqwest::{Method, StatusCode, Url, Version};
pub use response::Response;
