//! An in-process server with quirks and faults that a test can order.
