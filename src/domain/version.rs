//! The version in which a request may change a resource.

/// The versions of a resource that a request may change, as `If-Match` lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Every version: the caller overwrites whatever is stored.
    Any,
    /// One of these versions.
    OneOf(Vec<i32>),
}

impl ExpectedVersion {
    /// Tells whether the current version is an expected one.
    pub fn includes(&self, current: i32) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&current),
        }
    }
}

impl From<i32> for ExpectedVersion {
    fn from(version: i32) -> Self {
        Self::OneOf(vec![version])
    }
}
