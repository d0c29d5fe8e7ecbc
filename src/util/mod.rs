//! Small helpers without any knowledge of the service. Every floor but `domain` may use them; they import none.

pub(crate) mod errors;
pub(crate) mod files;
pub(crate) mod networks;
pub(crate) mod output;
pub(crate) mod pem;
pub(crate) mod places;
pub(crate) mod table;
