//! Closed lists of names, such as the categories of findings: one table each,
//! from which the enum, its names and their meanings are made.

/// Makes an enum of a table of `Variant = "name as it is written": "meaning",`.
///
/// The meaning is the variant's documentation too. The enum has `ALL`, `as_str`,
/// `meaning` and `named`, displays and serialises as its name.
macro_rules! named {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $Enum:ident {
            $($Variant:ident = $name:literal: $meaning:literal,)+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        // A meaning is a message, too, where backticks say nothing.
        #[allow(clippy::doc_markdown)]
        $visibility enum $Enum {
            $(#[doc = $meaning] $Variant,)+
        }

        impl $Enum {
            /// All values, in the order of their table.
            pub const ALL: &'static [Self] = &[$(Self::$Variant),+];

            /// The name as it is written in JSON and in settings.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $name,)+
                }
            }

            /// What it means, for messages and documents.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$Variant => $meaning,)+
                }
            }

            /// The value of this name, ignoring case.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str().eq_ignore_ascii_case(name))
            }
        }

        impl std::fmt::Display for $Enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $Enum {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

pub(crate) use named;

/// The first column of the table under a heading of a document, where it is code,
/// and what stands beside it.
#[cfg(test)]
pub(crate) fn table<'a>(document: &'a str, heading: &str) -> Vec<(&'a str, &'a str)> {
    let (_, section) = document.split_once(heading).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let row = |line: &'a str| line.strip_prefix("| `")?.trim_end_matches([' ', '|']).split_once("` | ");
    section.lines().filter_map(row).collect()
}
