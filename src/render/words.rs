//! The fixed texts of renderings, in both languages.

/// Declares a table of fixed texts: one field for each text, with the text in English and in Arabic.
///
/// ```text
/// words! {
///     /// Fixed texts of a sheet.
///     pub(super) struct SheetWords {
///         due_date: "Due date", "تاريخ الاستحقاق";
///     }
/// }
/// SheetWords::of(Language::Arabic).due_date
/// ```
macro_rules! words {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident { $($key:ident: $english:literal, $arabic:literal;)+ }) => {
        $(#[$attribute])*
        #[derive(Debug)]
        $visibility struct $name {
            $($visibility $key: &'static str,)+
        }

        impl $name {
            /// The texts in a language.
            $visibility const fn of(language: $crate::domain::text::Language) -> &'static Self {
                match language {
                    $crate::domain::text::Language::English => &Self { $($key: $english,)+ },
                    $crate::domain::text::Language::Arabic => &Self { $($key: $arabic,)+ },
                }
            }
        }
    };
}
