//! Countries, by their codes of ISO 3166-1 (alpha-2).

/// Tells whether the code is one of a country, as `JO`. `XK` (Kosovo) counts, which the standard leaves to its users.
pub fn is_country(code: &str) -> bool {
    celes::Country::from_alpha2(code).is_ok_and(|country| country.alpha2 == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_a_code_of_the_standard_in_capitals() {
        for code in ["JO", "OM", "PS", "SA", "AE", "SS", "DE", "GB", "XK"] {
            assert!(is_country(code), "{code}");
        }
        for code in ["XX", "ZZ", "UK", "EU", "AN", "SU", "jo", "JOR", "J", ""] {
            assert!(!is_country(code), "{code}");
        }
    }
}
