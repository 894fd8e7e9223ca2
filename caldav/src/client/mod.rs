//! The session: one method a request.
