//! The names and texts of Rust files, without their comments.

use syn::buffer::{Cursor, TokenBuffer};

/// The part of a Rust file that the compiler reads.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// Identifiers in their order, keywords included.
    pub(super) idents: Vec<String>,
    /// The values of string literals.
    pub(super) texts: Vec<String>,
}

impl Tokens {
    /// Reads the text of a file.
    pub(super) fn of(text: &str) -> Self {
        let mut tokens = Self::default();
        let stream = syn::parse_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        tokens.read(TokenBuffer::new2(stream).begin());
        tokens
    }

    fn read(&mut self, mut cursor: Cursor<'_>) {
        while !cursor.eof() {
            if let Some((ident, rest)) = cursor.ident() {
                self.idents.push(ident.to_string());
                cursor = rest;
            } else if let Some((group, _, _, rest)) = cursor.any_group() {
                // A doc comment arrives as `#[doc = "…"]`.
                if group.ident().is_none_or(|(first, rest)| first != "doc" || rest.punct().is_none()) {
                    self.read(group);
                }
                cursor = rest;
            } else if let Some((literal, rest)) = cursor.literal() {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    self.texts.push(text.value());
                }
                cursor = rest;
            } else if let Some((_, rest)) = cursor.token_tree() {
                cursor = rest;
            }
        }
    }
}

/// The words of a text: letters, digits and underscores.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}
