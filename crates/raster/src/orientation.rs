//! A picture's orientation, without turning the whole of it in memory.

use image::metadata::Orientation;
use warden_core::image::Area;

/// The size at which a picture of this stored size is seen.
pub(crate) fn seen_size(width: u32, height: u32, orientation: Orientation) -> (u32, u32) {
    if turns(orientation) { (height, width) } else { (width, height) }
}

/// Where a part of the picture as it is seen lies in the picture as it is stored.
pub(crate) fn stored_area(seen: Area, width: u32, height: u32, orientation: Orientation) -> Area {
    let from_right = |start: u32, length: u32| width - start - length;
    let from_bottom = |start: u32, length: u32| height - start - length;
    let (x, y) = match orientation {
        Orientation::NoTransforms => (seen.x, seen.y),
        Orientation::FlipHorizontal => (from_right(seen.x, seen.width), seen.y),
        Orientation::FlipVertical => (seen.x, from_bottom(seen.y, seen.height)),
        Orientation::Rotate180 => (from_right(seen.x, seen.width), from_bottom(seen.y, seen.height)),
        Orientation::Rotate90 => (seen.y, from_bottom(seen.x, seen.width)),
        Orientation::Rotate270 => (from_right(seen.y, seen.height), seen.x),
        Orientation::Rotate90FlipH => (seen.y, seen.x),
        Orientation::Rotate270FlipH => (from_right(seen.y, seen.height), from_bottom(seen.x, seen.width)),
    };
    let (width, height) = if turns(orientation) { (seen.height, seen.width) } else { (seen.width, seen.height) };
    Area { x, y, width, height }
}

/// Whether width and height change places.
pub(crate) const fn turns(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, Luma};

    use super::*;

    #[test]
    fn a_part_is_the_same_cut_before_or_after_turning() {
        let stored = DynamicImage::ImageLuma8(image::ImageBuffer::from_fn(7, 5, |x, y| {
            Luma([u8::try_from(y * 7 + x).unwrap()])
        }));
        let seen_area = Area { x: 1, y: 2, width: 3, height: 2 };
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let mut seen = stored.clone();
            seen.apply_orientation(orientation);
            assert_eq!(seen_size(7, 5, orientation), (seen.width(), seen.height()), "{orientation:?}");

            let area = stored_area(seen_area, 7, 5, orientation);
            let mut part = stored.crop_imm(area.x, area.y, area.width, area.height);
            part.apply_orientation(orientation);
            assert_eq!(part, seen.crop_imm(1, 2, 3, 2), "{orientation:?}");
        }
    }
}
