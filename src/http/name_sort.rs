//! The orders of the lists of users and of task forces.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::pagination::Paging;
use super::problem::Result;
use crate::db::page::NameOrder;
use crate::domain::text::Language;

/// An order of a list of users or of task forces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "NameSort")]
pub(super) enum NameSort {
    /// Oldest first.
    #[serde(rename = "createdAt")]
    CreatedAt,
    /// By name, in the language of the response: as compared without case, diacritics and forms of the alef, by the first 100 characters.
    #[serde(rename = "name")]
    Name,
}

impl NameSort {
    /// The page, and the order of its list.
    pub(super) fn order(self, paging: Paging, language: Language) -> Result<(Paging, NameOrder)> {
        Ok(match self {
            Self::CreatedAt => {
                let after = paging.after()?;
                (paging, NameOrder::CreatedAt(after))
            }
            Self::Name => {
                let paging = paging.in_language(language);
                let after = paging.after()?;
                (paging, NameOrder::Name(language, after))
            }
        })
    }

    /// The key of a row in this order.
    pub(super) fn key(self, id: Uuid, name: Option<&str>) -> Value {
        match self {
            Self::CreatedAt => json!(id),
            Self::Name => json!([name, id]),
        }
    }
}
