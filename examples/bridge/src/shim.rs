use std::fmt;
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secret(Vec<u8>);
impl Secret {
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}
impl From<String> for Secret {
    fn from(t: String) -> Self {
        Self(t.into())
    }
}
impl From<Vec<u8>> for Secret {
    fn from(t: Vec<u8>) -> Self {
        Self(t)
    }
}
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
