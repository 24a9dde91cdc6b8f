//! Where in an image a finding is.

use crate::{image::Area, named::named};

named! {
    /// Where in an image a finding is. A closed list, so that no answer of the
    /// model can carry out a value that it read.
    pub enum Place {
        TopLeft = "top left": "in the upper left third",
        Top = "top": "in the middle of the upper third",
        TopRight = "top right": "in the upper right third",
        Left = "left": "in the middle of the left third",
        Center = "center": "in the middle",
        Right = "right": "in the middle of the right third",
        BottomLeft = "bottom left": "in the lower left third",
        Bottom = "bottom": "in the middle of the lower third",
        BottomRight = "bottom right": "in the lower right third",
        WholeImage = "whole image": "all over the image, or the model did not say where",
        Metadata = "metadata": "in the file's metadata",
    }
}

impl Place {
    /// The nine cells of an image, row by row.
    const CELLS: [Self; 9] = [
        Self::TopLeft,
        Self::Top,
        Self::TopRight,
        Self::Left,
        Self::Center,
        Self::Right,
        Self::BottomLeft,
        Self::Bottom,
        Self::BottomRight,
    ];

    /// Those that the model is asked for.
    pub fn in_pictures() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|place| *place != Self::Metadata)
    }

    /// The place in a whole image of this place in one area of it.
    #[must_use]
    pub fn within(self, area: Area, whole: (u32, u32)) -> Self {
        if self == Self::Metadata || area == (Area { x: 0, y: 0, width: whole.0, height: whole.1 }) {
            return self;
        }
        // Of a finding that fills its area, or has no place in it, the area's middle is known.
        let cell = Self::CELLS.iter().position(|known| *known == self).unwrap_or(4);
        let third = |start: u32, length: u32, third: usize, whole: u32| {
            let middle_in_sixths = 6 * u64::from(start) + u64::from(length) * (2 * third as u64 + 1);
            usize::try_from(middle_in_sixths * 3 / (6 * u64::from(whole.max(1)))).unwrap_or(2).min(2)
        };
        Self::CELLS[3 * third(area.y, area.height, cell / 3, whole.1) + third(area.x, area.width, cell % 3, whole.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_part_is_told_as_its_place_in_the_whole() {
        let area = |x, y, width, height| Area { x, y, width, height };
        for (place, area, expected) in [
            (Place::TopLeft, area(0, 0, 900, 900), Place::TopLeft),
            (Place::WholeImage, area(0, 0, 900, 900), Place::WholeImage),
            (Place::TopLeft, area(600, 600, 300, 300), Place::BottomRight),
            (Place::WholeImage, area(600, 0, 300, 300), Place::TopRight),
            (Place::Right, area(0, 300, 900, 300), Place::Right),
            (Place::Bottom, area(0, 0, 900, 450), Place::Center),
            (Place::Bottom, area(200, 0, 500, 450), Place::Center),
            (Place::Metadata, area(600, 600, 300, 300), Place::Metadata),
        ] {
            assert_eq!(place.within(area, (900, 900)), expected, "{place} of {area:?}");
        }
    }
}
