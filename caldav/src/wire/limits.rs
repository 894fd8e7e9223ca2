//! How much a peer may make us hold.

/// Bounds on what the reader accepts; each is checked before memory is set aside for what it bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one DAV:response: of its values, references and names. Default 64 MiB, since an
    /// event may carry attachments.
    pub max_response: usize,
    /// Bytes of one tag with its attributes. Default 64 KiB.
    pub max_tag: usize,
    /// How deep elements may be nested. Default 64; what servers send is about 10 deep.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_response: 64 << 20,
            max_tag: 64 << 10,
            max_depth: 64,
        }
    }
}
