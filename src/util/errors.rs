//! Errors as text.

use std::error::Error;

/// The message of an error followed by the messages of its causes: "handshake failed: certificate expired".
///
/// The standard library has this only in the unstable `std::error::Report`.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message.push_str(&format!(": {error}"));
        cause = error.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the handshake failed")]
    struct Handshake(#[source] io::Error);

    #[test]
    fn the_causes_follow_the_message() {
        let error = Handshake(io::Error::other("the certificate has expired"));
        assert_eq!(with_causes(&error), "the handshake failed: the certificate has expired");
    }
}
