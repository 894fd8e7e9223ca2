//! A protocol-neutral two-way reconciler.
