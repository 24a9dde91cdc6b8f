//! The numbers that are read first.

use maud::{Markup, html};

use super::Tone;

/// A number, and what it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    /// What it counts.
    pub label: String,
    /// The number.
    pub value: String,
    /// What else is to be known.
    pub note: String,
    /// Its colour.
    pub tone: Tone,
}

/// Tiles side by side.
#[must_use]
pub fn tiles(tiles: &[Tile]) -> Markup {
    html! {
        dl.tiles {
            @for tile in tiles {
                div class={ "tile " (tile.tone.class()) } {
                    dt { (tile.label) }
                    dd {
                        span.value { (tile.value) }
                        @if !tile.note.is_empty() { span.note { (tile.note) } }
                    }
                }
            }
        }
    }
}
