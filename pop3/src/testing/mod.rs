//! An in-process server with faults that a test can order.
