//! The finished OpenAPI document, as the service hands it out.

/// The OpenAPI document in both of its forms.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct OpenApiDocument {
    pub(in crate::http) json: &'static str,
    pub(in crate::http) yaml: &'static str,
    /// The `ETag`s of the two forms.
    pub(in crate::http) json_etag: &'static str,
    pub(in crate::http) yaml_etag: &'static str,
}
