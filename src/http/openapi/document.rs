//! The finished OpenAPI document, as the service hands it out.

/// The OpenAPI document in both of its forms.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct OpenApiDocument {
    pub(in crate::http) json: &'static str,
    pub(in crate::http) yaml: &'static str,
}
