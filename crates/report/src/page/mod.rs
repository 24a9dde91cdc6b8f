//! The parts that pages are made of: HTML and SVG that stand alone, with neither script nor network.
//!
//! Every text is escaped. A chart says in words what it shows, and its numbers stand in a table below it.

mod bars;
mod columns;
mod figure;
mod frame;
mod line;
mod scale;
mod table;
mod text;
mod tiles;

pub use bars::{Bar, bars};
pub use columns::{Column, Columns};
pub use frame::{Frame, section};
pub use line::{Line, Lines};
pub use table::{Cell, Table};
pub use text::{count, dollars, percent, plural, seconds};
pub use tiles::{Tile, tiles};

/// What a colour means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Something is wrong.
    Alarm,
    /// Nobody can tell.
    Doubt,
    /// All is well.
    Calm,
    /// It has no part in the matter.
    Muted,
    /// Nothing in particular.
    #[default]
    Plain,
}

impl Tone {
    /// The class of whatever has its colour.
    const fn class(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Doubt => "doubt",
            Self::Calm => "calm",
            Self::Muted => "muted",
            Self::Plain => "plain",
        }
    }
}
