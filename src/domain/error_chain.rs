//! An error as one line of text, with its causes.
//!
//! Plain text over `std`, here because the floors that need it know no other in common.

use std::error::Error;

/// The error followed by its causes, from the nearest to the farthest: "failed to connect: refused". That a handshake
/// failed says little without what was wrong with the certificate.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the letter was not delivered")]
    struct Undelivered(#[source] std::fmt::Error);

    #[test]
    fn causes_follow_their_error() {
        let expected = format!("the letter was not delivered: {}", std::fmt::Error);
        assert_eq!(with_causes(&Undelivered(std::fmt::Error)), expected);
        assert_eq!(with_causes(&std::fmt::Error), std::fmt::Error.to_string());
    }
}
