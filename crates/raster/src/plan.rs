//! Which parts of a picture are looked at, and at what size.

use warden_core::image::{Area, MAX_EDGE_PIXELS, TokenBudget};

/// Longest edge of a view, and most pixels of one: beyond either a model's
/// service scales the image down, and small print is lost where nobody sees it.
const VIEW_EDGE: u32 = 1_568;
const VIEW_PIXELS: u64 = 1_150_000;

/// Longest edge of a picture in one piece, as `warden-perception` looks at it.
const OVERVIEW_EDGE: u32 = 2_000;

/// Edge of a square of [`VIEW_PIXELS`].
const TILE_EDGE: u32 = 1_072;

/// Pixels that neighbouring tiles share: a line of print, or a face, that one
/// tile's edge cuts stands whole in the next.
const OVERLAP: u32 = 96;

/// Most requests about one picture, whatever the budget: each takes seconds of
/// the function's time.
pub(crate) const MAX_VIEWS: u32 = 16;

/// Least scale, in thousandths. Below it print of an ordinary page is not
/// readable any more, and a "clean" would say nothing.
const MIN_SCALE: u32 = 200;

/// What a model is billed for an image: width by height by this.
const PIXELS_PER_TOKEN: u64 = 750;

/// A part of a picture, and the size at which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    /// The part, in the picture's own pixels.
    pub area: Area,
    /// The size at which it is shown, never larger than the part.
    pub width: u32,
    /// See `width`.
    pub height: u32,
}

/// Tiles that cover the whole picture at the largest scale that the budget
/// pays for; `None` when print would not be readable at that scale.
pub(crate) fn tiles(width: u32, height: u32, budget: TokenBudget, max_views: u32) -> Option<Vec<Tile>> {
    (MIN_SCALE..=1_000).rev().find_map(|scale| {
        let (scaled_width, scaled_height) = (scaled(width, scale), scaled(height, scale));
        let (columns, rows) =
            if is_one_view(scaled_width, scaled_height) { (1, 1) } else { (parts(scaled_width), parts(scaled_height)) };
        let views = u64::from(columns) * u64::from(rows);
        let (tile_width, tile_height) = (part_length(scaled_width, columns), part_length(scaled_height, rows));
        if views > u64::from(max_views) || views * tokens(tile_width, tile_height) > u64::from(budget.0) {
            return None;
        }
        let tiles = (0..rows).flat_map(|row| {
            let (y, area_height) = part(row, tile_height, scaled_height, height);
            (0..columns).map(move |column| {
                let (x, area_width) = part(column, tile_width, scaled_width, width);
                Tile {
                    area: Area { x, y, width: area_width, height: area_height },
                    width: tile_width,
                    height: tile_height,
                }
            })
        });
        Some(tiles.collect())
    })
}

/// The whole picture at the largest scale that the budget pays for and a model takes.
pub(crate) fn whole(width: u32, height: u32, budget: TokenBudget) -> Tile {
    let fits = |(width, height): (u32, u32)| {
        width.max(height) as usize <= MAX_EDGE_PIXELS && tokens(width, height) <= u64::from(budget.0)
    };
    one(width, height, fits)
}

/// The whole picture at a size at which print is read in code, whatever a model would be billed.
pub(crate) fn overview(width: u32, height: u32) -> Tile {
    one(width, height, |(width, height)| width.max(height) <= OVERVIEW_EDGE)
}

/// The whole picture as one view of the size that models read best.
pub(crate) fn one_view(width: u32, height: u32) -> Tile {
    one(width, height, |(width, height)| is_one_view(width, height))
}

fn one(width: u32, height: u32, fits: impl Fn((u32, u32)) -> bool) -> Tile {
    let (shown_width, shown_height) = (1..=1_000)
        .rev()
        .map(|scale| (scaled(width, scale), scaled(height, scale)))
        .find(|&size| fits(size))
        .unwrap_or((1, 1));
    Tile { area: Area { x: 0, y: 0, width, height }, width: shown_width, height: shown_height }
}

/// How many views of a tile's size the budget pays for, one at least.
pub(crate) fn affordable(tile: Tile, budget: TokenBudget) -> usize {
    usize::try_from(u64::from(budget.0) / tokens(tile.width, tile.height)).unwrap_or(usize::MAX).max(1)
}

fn is_one_view(width: u32, height: u32) -> bool {
    width.max(height) <= VIEW_EDGE && u64::from(width) * u64::from(height) <= VIEW_PIXELS
}

fn tokens(width: u32, height: u32) -> u64 {
    (u64::from(width) * u64::from(height)).div_ceil(PIXELS_PER_TOKEN)
}

/// A length at a scale in thousandths.
fn scaled(length: u32, scale: u32) -> u32 {
    (proportion(length, scale, 1_000)).max(1)
}

/// `length * part / whole`, which is no longer than `length` for a part of a whole.
fn proportion(length: u32, part: u32, whole: u32) -> u32 {
    u32::try_from(u64::from(length) * u64::from(part) / u64::from(whole.max(1))).unwrap_or(length)
}

/// How many tiles cover a length.
fn parts(length: u32) -> u32 {
    if length <= TILE_EDGE { 1 } else { (length - OVERLAP).div_ceil(TILE_EDGE - OVERLAP) }
}

/// How long each of so many overlapping parts is.
fn part_length(length: u32, parts: u32) -> u32 {
    (length + (parts - 1) * OVERLAP).div_ceil(parts)
}

/// Start and length, in the picture's own pixels, of a part at a scale.
fn part(index: u32, part: u32, scaled: u32, length: u32) -> (u32, u32) {
    let start = (index * part.saturating_sub(OVERLAP)).min(scaled - part);
    let from = proportion(length, start, scaled);
    let to = if start + part == scaled { length } else { proportion(length, start + part, scaled) };
    (from, to - from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cost(tiles: &[Tile]) -> u64 {
        tiles.iter().map(|tile| tokens(tile.width, tile.height)).sum()
    }

    #[test]
    fn small_print_stays_as_large_as_the_budget_pays_for() {
        for (case, width, height, count, shown_at_most_smaller_by) in [
            ("a screenshot", 1_024, 768, 1, 1.0),
            ("an A4 page at 200 dpi", 1_654, 2_339, 6, 1.0),
            ("an A4 page at 300 dpi", 2_480, 3_508, 12, 1.0),
            ("a 40-megapixel photograph", 7_300, 5_500, 15, 2.0),
            ("a strip of a long page", 800, 20_000, 16, 1.3),
        ] {
            let tiles = tiles(width, height, TokenBudget::DEFAULT, MAX_VIEWS).unwrap();
            assert_eq!(tiles.len(), count, "{case}: {tiles:?}");
            assert!(cost(&tiles) <= 20_000, "{case}");
            let shrunk = f64::from(tiles[0].area.width) / f64::from(tiles[0].width);
            assert!(shrunk <= shown_at_most_smaller_by, "{case}: {shrunk}");
        }
    }

    #[test]
    fn a_page_that_the_budget_cannot_show_readably_has_no_tiles() {
        assert_eq!(tiles(9_000, 9_000, TokenBudget::MIN, MAX_VIEWS), None);
        assert!(tiles(9_000, 9_000, TokenBudget::DEFAULT, MAX_VIEWS).is_some());
    }

    #[test]
    fn the_whole_is_shown_within_the_models_limits() {
        let tile = whole(65_000, 10, TokenBudget::DEFAULT);
        assert!(tile.width <= 8_000 && tile.height >= 1, "{tile:?}");
        let tile = whole(7_300, 5_500, TokenBudget(1_600));
        assert!(tokens(tile.width, tile.height) <= 1_600, "{tile:?}");
        assert_eq!(whole(640, 480, TokenBudget::MIN).width, 640);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn tiles_cover_every_pixel_and_stay_inside(
            width in 1_u32..30_000, height in 1_u32..30_000, budget in 1_600_u32..60_000
        ) {
            if let Some(tiles) = tiles(width, height, TokenBudget(budget), MAX_VIEWS) {
                prop_assert!(cost(&tiles) <= u64::from(budget) && tiles.len() <= 16);
                for tile in &tiles {
                    prop_assert!(tile.area.width > 0 && tile.area.height > 0);
                    prop_assert!(tile.area.x + tile.area.width <= width && tile.area.y + tile.area.height <= height);
                    prop_assert!(tile.width <= VIEW_EDGE && tile.height <= VIEW_EDGE);
                }
                let covers = |x: u32, y: u32| tiles.iter().any(|tile| {
                    let Area { x: left, y: top, width, height } = tile.area;
                    (left..left + width).contains(&x) && (top..top + height).contains(&y)
                });
                for (x, y) in (0..=40).flat_map(|i| (0..=40).map(move |j| (i, j))) {
                    let (x, y) = ((width - 1) * x / 40, (height - 1) * y / 40);
                    prop_assert!(covers(x, y), "({x}, {y})");
                }
            }
        }
    }
}
