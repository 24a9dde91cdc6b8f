//! Where in a picture barcodes may stand: where it is busy, and which way its edges run.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "blocks are counted in usize, and measured in f32"
)]

use crate::gray::{Gray, Part};

/// Edge of a block in pixels: two or three modules of a code at the size at which it is read best.
const BLOCK: usize = 8;

/// Least sum of squares of a block's gradients: what stands in good light, and no noise.
const BUSY: f32 = 700.0 * (BLOCK * BLOCK / 2) as f32;

/// A code is as busy as so much of what is busiest in a picture; print beside it is less so.
const DENSE: f32 = 0.4;

/// From here on the edges of a block run one way.
const COHERENT: f32 = 0.45;

/// Fewest blocks of a region.
const FEWEST: usize = 6;

/// Most regions of a kind in a picture: of bars the largest, of modules the busiest.
const MOST: usize = 12;

/// Longest edge of a region in pixels, in which the largest code is readable: of 177 square modules, or of
/// bars that are 500 modules long.
const LONGEST: f32 = 900.0;
const LONGEST_BARS: f32 = 1_600.0;

/// Pixels around a region that belong to what is read: the quiet zone.
const MARGIN: f32 = 20.0;

/// How what is in a region may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texture {
    /// In bars side by side, one row or several.
    Bars,
    /// In square modules.
    Modules,
}

/// Gradients of a block: squares along x and y, their product, and their direction four times over.
#[derive(Clone, Copy, Default)]
struct Gradients {
    xx: f32,
    yy: f32,
    xy: f32,
    fourfold: (f32, f32),
}

impl Gradients {
    fn add(&mut self, other: Self) {
        self.xx += other.xx;
        self.yy += other.yy;
        self.xy += other.xy;
        self.fourfold.0 += other.fourfold.0;
        self.fourfold.1 += other.fourfold.1;
    }

    fn strength(self) -> f32 {
        self.xx + self.yy
    }

    /// The direction across the edges, doubled, as long as they agree on it.
    fn doubled(self) -> (f32, f32) {
        let strength = self.strength().max(1.0);
        ((self.xx - self.yy) / strength, 2.0 * self.xy / strength)
    }

    fn coherence(self) -> f32 {
        let (x, y) = self.doubled();
        x.hypot(y)
    }
}

struct Blocks {
    columns: usize,
    blocks: Vec<Gradients>,
}

impl Blocks {
    fn of(gray: &Gray) -> Self {
        let (columns, rows) = (gray.width() as usize / BLOCK, gray.height() as usize / BLOCK);
        let mut blocks = vec![Gradients::default(); columns * rows];
        // Every other row tells enough.
        for y in (1..(rows * BLOCK).min(gray.height() as usize - 1)).step_by(2) {
            let (above, row, below) = (gray.row(y as u32 - 1), gray.row(y as u32), gray.row(y as u32 + 1));
            let first = y / BLOCK * columns;
            for x in 1..(columns * BLOCK).min(row.len() - 1) {
                let dx = i32::from(row[x + 1]) - i32::from(row[x - 1]);
                let dy = i32::from(below[x]) - i32::from(above[x]);
                let square = dx * dx + dy * dy;
                if square < 400 {
                    continue;
                }
                let (difference, product) = ((dx * dx - dy * dy) as f32, (2 * dx * dy) as f32);
                let square = square as f32;
                blocks[first + x / BLOCK].add(Gradients {
                    xx: (dx * dx) as f32,
                    yy: (dy * dy) as f32,
                    xy: (dx * dy) as f32,
                    fourfold: (
                        (difference * difference - product * product) / square,
                        2.0 * difference * product / square,
                    ),
                });
            }
        }
        Self { columns, blocks }
    }

    fn rows(&self) -> usize {
        self.blocks.len() / self.columns.max(1)
    }

    /// Each block and its neighbours together.
    fn smoothed(&self) -> Self {
        let mut blocks = self.blocks.clone();
        for (at, block) in blocks.iter_mut().enumerate() {
            for neighbour in self.neighbours(at) {
                block.add(self.blocks[neighbour]);
            }
        }
        Self { columns: self.columns, blocks }
    }

    fn neighbours(&self, at: usize) -> impl Iterator<Item = usize> {
        let (x, y) = (at % self.columns, at / self.columns);
        let (columns, rows) = (self.columns, self.rows());
        (y.saturating_sub(1)..(y + 2).min(rows))
            .flat_map(move |v| (x.saturating_sub(1)..(x + 2).min(columns)).map(move |u| v * columns + u))
            .filter(move |other| *other != at)
    }

    /// Groups of neighbours that satisfy `belongs`, each two of which `agree`.
    fn groups(
        &self,
        belongs: impl Fn(&Gradients) -> bool,
        agree: impl Fn(&Gradients, &Gradients) -> bool,
    ) -> Vec<Vec<usize>> {
        let mut free: Vec<bool> = self.blocks.iter().map(belongs).collect();
        let mut groups = Vec::new();
        for first in 0..free.len() {
            if !std::mem::take(&mut free[first]) {
                continue;
            }
            let (mut group, mut next) = (vec![first], 0);
            while let Some(at) = group.get(next).copied() {
                next += 1;
                for neighbour in self.neighbours(at) {
                    if free[neighbour] && agree(&self.blocks[at], &self.blocks[neighbour]) {
                        free[neighbour] = false;
                        group.push(neighbour);
                    }
                }
            }
            if group.len() >= FEWEST {
                groups.push(group);
            }
        }
        groups
    }

    fn sum(&self, group: &[usize]) -> Gradients {
        let mut sum = Gradients::default();
        for at in group {
            sum.add(self.blocks[*at]);
        }
        sum
    }

    /// How busy one block in two hundred is.
    fn busiest(&self) -> f32 {
        let mut strengths: Vec<f32> = self.blocks.iter().map(|block| block.strength()).collect();
        let at = strengths.len().saturating_sub(1 + strengths.len() / 200);
        if strengths.is_empty() { 0.0 } else { *strengths.select_nth_unstable_by(at, f32::total_cmp).1 }
    }

    /// The rectangle around a group, its length in a direction.
    fn around(&self, group: &[usize], along: (f32, f32)) -> Part {
        let (mut least, mut most) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
        for at in group {
            let centre = |index: usize| (index * BLOCK + BLOCK / 2) as f32;
            let (x, y) = (centre(at % self.columns), centre(at / self.columns));
            let (u, v) = (x * along.0 + y * along.1, y * along.0 - x * along.1);
            least = (least.0.min(u), least.1.min(v));
            most = (most.0.max(u), most.1.max(v));
        }
        let (u, v) = (f32::midpoint(least.0, most.0), f32::midpoint(least.1, most.1));
        let margin = 2.0 * MARGIN + BLOCK as f32;
        Part {
            middle: (u * along.0 - v * along.1, u * along.1 + v * along.0),
            extent: (most.0 - least.0 + margin, most.1 - least.1 + margin),
            along,
            scale: 1.0,
        }
    }
}

/// Parts of a picture in which barcodes may stand, turned so that they lie upright.
pub(crate) fn find(gray: &Gray) -> Vec<(Texture, Part)> {
    let blocks = Blocks::of(gray);
    let wide = blocks.smoothed();
    let bars = wide.groups(
        |block| block.strength() > BUSY * 6.0 && block.coherence() > COHERENT,
        |one, other| {
            let ((a, b), (c, d)) = (one.doubled(), other.doubled());
            // Within 15 degrees.
            a * c + b * d > 0.86 * one.coherence() * other.coherence()
        },
    );
    let bars = bars.iter().map(|group| {
        let (x, y) = wide.sum(group).doubled();
        (group.len() as f32, wide.around(group, direction(y.atan2(x) / 2.0)))
    });
    let modules = |blocks: &Blocks, least: f32| {
        let groups = blocks.groups(|block| block.strength() > least, |_, _| true);
        let parts = groups.iter().filter_map(|group| {
            let (x, y) = blocks.sum(group).fourfold;
            let part = blocks.around(group, direction(y.atan2(x) / 4.0));
            let (longer, shorter) = (part.longer() - 2.0 * MARGIN, part.shorter() - 2.0 * MARGIN);
            let filled = (group.len() * BLOCK * BLOCK) as f32 / (longer * shorter);
            let mean = blocks.sum(group).strength() / group.len() as f32;
            (longer <= 4.0 * shorter && filled > 0.4).then_some((mean, part))
        });
        parts.collect::<Vec<_>>()
    };
    let dense = (wide.busiest() * DENSE).max(BUSY * 9.0);
    [
        first(bars, Texture::Bars),
        first(modules(&blocks, BUSY), Texture::Modules),
        first(modules(&wide, dense), Texture::Modules),
    ]
    .concat()
}

/// Those parts that rank first.
fn first(parts: impl IntoIterator<Item = (f32, Part)>, texture: Texture) -> Vec<(Texture, Part)> {
    let longest = if texture == Texture::Bars { LONGEST_BARS } else { LONGEST };
    let mut parts: Vec<(f32, Part)> = parts.into_iter().filter(|(_, part)| part.longer() <= longest).collect();
    parts.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    parts.into_iter().take(MOST).map(|(_, part)| (texture, part)).collect()
}

fn direction(angle: f32) -> (f32, f32) {
    (angle.cos(), angle.sin())
}
