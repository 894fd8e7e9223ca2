//! WebDAV XML to typed requests and answers and back; no I/O.
