//! Reading real pictures, with the models that the package index has.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use image::imageops::overlay;
use image::{DynamicImage, GenericImageView, Rgba, RgbaImage};
use warden_perception::geometry::Area;
use warden_perception::{Line, Perception, PerceptionError, Sight, weights};
use warden_python_env::weights::install;

async fn perception() -> Perception {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")), PathBuf::from);
    let python = std::env::var("WARDEN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let folder = install(&target.join("warden/models"), &python, &mut |_| {}).await.unwrap();
    Perception::load(&folder, available_parallelism().unwrap_or(NonZeroUsize::MIN)).unwrap()
}

fn sample(name: &str) -> DynamicImage {
    image::open(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples")).join(name)).unwrap()
}

fn line<'a>(sight: &'a Sight, text: &str) -> &'a Line {
    let said: Vec<_> = sight.lines.iter().map(|line| line.text.as_str()).collect();
    sight.lines.iter().find(|line| line.text == text).unwrap_or_else(|| panic!("{text} is not among {said:?}"))
}

#[tokio::test]
async fn text_is_read_where_it_stands() {
    let sight = perception().await.look(&sample("sign.png")).unwrap();
    let room = line(&sight, "MEETING ROOM 3");
    assert!(room.confidence > 0.9);
    assert_eq!((sight.width, sight.height), (900, 500));
    let area = Area::around(&room.corners);
    assert!(area.width() > 4.0 * area.height() && area.bottom < 250.0, "{area:?}");
    assert_eq!(sight.faces, []);
}

#[tokio::test]
async fn a_line_whose_end_is_faint_is_marked_to_its_end() {
    let perception = perception().await;
    let bold = sample("sign.png");
    let whole = Area::around(&line(&perception.look(&bold).unwrap(), "MEETING ROOM 3").corners);
    let [red, green, blue, _] = bold.get_pixel(100, 100).0;
    let (mut faint, veil) = (bold.clone(), RgbaImage::from_pixel(450, 500, Rgba([red, green, blue, 204])));
    overlay(&mut faint, &veil, 450, 0);
    let area = Area::around(&line(&perception.look(&faint).unwrap(), "MEETING ROOM 3").corners);
    assert!(
        (area.left - whole.left).abs() < 3.0 && (area.right - whole.right).abs() < 3.0,
        "{area:?} is not {whole:?}"
    );
}

#[tokio::test]
async fn a_turned_page_is_read_and_its_places_are_those_in_the_picture() {
    let perception = perception().await;
    let upright = sample("sign.png");
    let expected = line(&perception.look(&upright).unwrap(), "MEETING ROOM 3").upright;
    for (turned, begins_below, begins_right) in
        [(upright.rotate90(), false, true), (upright.rotate180(), true, true), (upright.rotate270(), true, false)]
    {
        let sight = perception.look(&turned).unwrap();
        let room = line(&sight, "MEETING ROOM 3");
        let (begin, middle) = (room.corners[0], Area::around(&room.corners).middle());
        assert_eq!((begin.y > middle.y, begin.x > middle.x), (begins_below, begins_right), "{begin:?}");
        for (side, was) in [(room.upright.left, expected.left), (room.upright.top, expected.top)] {
            assert!((side - was).abs() < 12.0, "{:?} is not {expected:?}", room.upright);
        }
    }
}

#[tokio::test]
async fn the_places_of_a_large_picture_are_in_its_own_pixels() {
    let perception = perception().await;
    let picture = sample("sign.png");
    let small = line(&perception.look(&picture).unwrap(), "MEETING ROOM 3").upright;
    let large = picture.resize(3_600, 2_000, image::imageops::FilterType::Triangle);
    let sight = perception.look(&large).unwrap();
    let place = Area::around(&line(&sight, "MEETING ROOM 3").corners);
    assert!((place.left / 4.0 - small.left).abs() < 12.0 && (place.bottom / 4.0 - small.bottom).abs() < 12.0);
}

#[tokio::test]
async fn there_is_nothing_in_a_picture_without_anything() {
    let perception = perception().await;
    for (width, height) in [(0, 0), (1, 1), (640, 480), (3_000, 4)] {
        let sight = perception.look(&DynamicImage::new_rgb8(width, height)).unwrap();
        assert!(sight.lines.is_empty() && sight.faces.is_empty(), "{width} × {height}");
    }
    let landscape = perception.look(&sample("landscape.jpg")).unwrap();
    assert!(landscape.lines.is_empty() && landscape.faces.is_empty());
}

#[test]
fn a_folder_without_the_models_or_with_others_is_refused_by_the_files_name() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |folder: &Path| match Perception::load(folder, NonZeroUsize::MIN) {
        Err(PerceptionError::Model { file, reason }) => (file, reason),
        _ => panic!("it was loaded"),
    };
    assert!(!weights::are_in(folder.path()));
    assert_eq!(refused(folder.path()).0, weights::DETECTOR);
    for file in [weights::DETECTOR, weights::RECOGNISER] {
        std::fs::write(folder.path().join(file), "no model").unwrap();
    }
    assert!(weights::are_in(folder.path()));
    assert!(!refused(folder.path()).1.is_empty());
}
