//! Barcodes in a picture, read at its full size: a view of it may show them too small.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use image::{DynamicImage, GenericImageView, GrayImage};
use warden_barcodes::Gray;
use warden_core::image::Area;

use crate::{
    alpha::Ground,
    decode::{Picture, guarded},
};

/// Most pixels that are searched for codes, and held a second time: a photograph of 12 megapixels as it
/// is, a page of A3 at 600 dots per inch at half its size.
const MAX_PIXELS: u64 = 12_500_000;

/// Time for the codes of a whole file, for all its pages, frames and pictures together. The busiest
/// photograph of 12 megapixels takes a fifth of it at the processor of the function, a page of a PDF a tenth;
/// and of the minute for a PDF most is left for drawing.
const TIME: Duration = Duration::from_secs(10);

/// A barcode in a picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// What it says.
    pub text: String,
    /// Where it is in the picture as it is seen, in pixels.
    pub area: Area,
    /// Width and height of the picture.
    pub whole: (u32, u32),
    /// Which page, frame or picture it is of, of a file with several; counted from 1.
    pub page: Option<u32>,
}

/// Most searches of a process that have outlasted their time and still run: beside more of them the
/// function would hardly get a processor. While there are as many, codes are not searched for.
const MOST_STUCK: usize = 3;

/// How many searches of this process have outlasted their time and still run.
static STUCK: AtomicUsize = AtomicUsize::new(0);

/// Why there may be barcodes in a file that were not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodesUnread {
    /// The search did not come to its end: the time was over, a reader failed, or none was free.
    Cut,
    /// As many were read of one picture as ever are.
    Most,
}

/// A search for the codes in a file, which ends when its time is over.
#[derive(Clone)]
pub(crate) struct Search {
    left: Arc<Mutex<Duration>>,
    /// Whether something was not searched to its end.
    cut: Arc<AtomicBool>,
    /// Whether as many were read of one picture as ever are.
    most: Arc<AtomicBool>,
    stuck: &'static AtomicUsize,
}

/// One run of a search. Whichever of the two comes second to say so, the search that it has ended or who
/// waits that the time is over, finds the other's word.
struct Run {
    settled: AtomicBool,
    stuck: &'static AtomicUsize,
}

impl Run {
    fn outlasted_its_time(&self) {
        self.stuck.fetch_add(1, Ordering::Relaxed);
        if self.settled.swap(true, Ordering::AcqRel) {
            self.stuck.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Held by a search while it runs.
struct Running(Arc<Run>);

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.settled.swap(true, Ordering::AcqRel) {
            self.0.stuck.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Search {
    pub(crate) fn new() -> Self {
        Self::within(TIME, &STUCK)
    }

    fn within(time: Duration, stuck: &'static AtomicUsize) -> Self {
        Self { left: Arc::new(Mutex::new(time)), cut: Arc::default(), most: Arc::default(), stuck }
    }

    /// Why there may be codes that were not found, if there may be.
    pub(crate) fn unread(&self) -> Option<CodesUnread> {
        if self.cut.load(Ordering::Relaxed) {
            return Some(CodesUnread::Cut);
        }
        self.most.load(Ordering::Relaxed).then_some(CodesUnread::Most)
    }

    /// The codes in a picture; none once the time is over.
    pub(crate) fn codes_of(&self, picture: &Picture) -> Vec<Code> {
        self.codes_in(Seen::of(picture, MAX_PIXELS))
    }

    /// The codes in a picture in grey, where there is one; none once the time is over.
    pub(crate) fn codes_in(&self, seen: Option<Seen>) -> Vec<Code> {
        let Some(seen) = seen else {
            self.cut.store(true, Ordering::Relaxed);
            return Vec::new();
        };
        self.in_time(move |until, found| {
            let Seen { grey, times } = seen;
            let whole = (grey.width() * times, grey.height() * times);
            warden_barcodes::read(&grey, until, |warden_barcodes::Barcode { text, area, .. }| {
                let warden_barcodes::Area { x, y, width, height } = area;
                let area = Area { x: x * times, y: y * times, width: width * times, height: height * times };
                let _ = found.send(Code { text, area, whole, page: None });
            });
        })
    }

    /// What a search finds in the time that is left. It runs on a thread of its own, because a reader
    /// does not look at the time. One that does not end goes on beside the function and dies with it; it
    /// has used the time up, so that no file has two of them, and a process has [`MOST_STUCK`] at most.
    fn in_time<T: Send + 'static>(&self, search: impl FnOnce(Instant, &Sender<T>) + Send + 'static) -> Vec<T> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::new();
        if left.is_zero() || self.stuck.load(Ordering::Relaxed) >= MOST_STUCK {
            self.cut.store(true, Ordering::Relaxed);
            return all;
        }
        let run = Arc::new(Run { settled: AtomicBool::new(false), stuck: self.stuck });
        let running = Running(Arc::clone(&run));
        let start = Instant::now();
        let until = start + *left;
        let (sender, receiver) = mpsc::channel();
        let searching = move || {
            let _running = running;
            search(until, &sender);
        };
        let mut ended = false;
        if let Ok(thread) = thread::Builder::new().spawn(searching) {
            loop {
                match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(found) => all.push(found),
                    Err(RecvTimeoutError::Timeout) => break run.outlasted_its_time(),
                    // The thread has dropped the sender, and ends.
                    Err(RecvTimeoutError::Disconnected) => break ended = thread.join().is_ok(),
                }
            }
        }
        *left = left.saturating_sub(start.elapsed());
        // A reader that finds its time over ends as well.
        if !ended || left.is_zero() {
            self.cut.store(true, Ordering::Relaxed);
        }
        if all.len() >= warden_barcodes::MOST_CODES {
            self.most.store(true, Ordering::Relaxed);
        }
        all
    }
}

/// A picture in shades of grey as it is seen.
pub(crate) struct Seen {
    grey: Gray,
    /// How many times smaller it is.
    times: u32,
}

impl Seen {
    /// A picture in at most so many pixels, or [`MAX_PIXELS`].
    pub(crate) fn of(picture: &Picture, most: u64) -> Option<Self> {
        guarded(|| Ok(Self::drawn(picture, most.min(MAX_PIXELS)))).ok().flatten()
    }

    fn drawn(picture: &Picture, most: u64) -> Option<Self> {
        let (width, height) = picture.image.dimensions();
        let mut times = 1;
        while u64::from(width / times) * u64::from(height / times) > most {
            times += 1;
        }
        let mut seen = DynamicImage::ImageLuma8(grey(&picture.image, times, picture.grounds.first().copied()));
        seen.apply_orientation(picture.orientation);
        let (width, height) = seen.dimensions();
        Some(Self { grey: Gray::new(width, height, seen.into_luma8().into_raw())?, times })
    }
}

/// The picture in shades of grey, so many times smaller, on a ground.
fn grey(image: &DynamicImage, times: u32, ground: Option<Ground>) -> GrayImage {
    let bright = |[red, green, blue]: [u32; 3]| (299 * red + 587 * green + 114 * blue) / 1_000;
    match image {
        DynamicImage::ImageLuma8(grey) if times == 1 => return grey.clone(),
        DynamicImage::ImageRgb8(colours) if times == 1 => {
            let mut grey = GrayImage::new(image.width(), image.height());
            for (grey, colours) in grey.iter_mut().zip(colours.as_raw().as_chunks().0) {
                *grey = u8::try_from(bright(colours.map(u32::from))).unwrap_or(u8::MAX);
            }
            return grey;
        }
        _ => {}
    }
    let ground = u32::from(ground.unwrap_or(255));
    let (width, height) = ((image.width() / times).max(1), (image.height() / times).max(1));
    let shade = |x: u32, y: u32| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0.map(u32::from);
        let bright = bright([red, green, blue]);
        if ground == 255 && alpha == 255 { bright } else { (bright * alpha + ground * (255 - alpha)) / 255 }
    };
    GrayImage::from_fn(width, height, |x, y| {
        let (left, top) = (x * times, y * times);
        let (right, bottom) = ((left + times).min(image.width()), (top + times).min(image.height()));
        let sum: u32 = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))).map(|(x, y)| shade(x, y)).sum();
        let count = ((right - left) * (bottom - top)).max(1);
        image::Luma([u8::try_from(sum / count).unwrap_or(u8::MAX)])
    })
}

#[cfg(test)]
mod tests {
    use image::metadata::Orientation;

    use super::*;

    /// The three corners of QR codes, over and over: each may belong to any other.
    fn full_of_finder_patterns(columns: u32, rows: u32) -> Picture {
        const MODULE: u32 = 2;
        let image = GrayImage::from_fn(columns * 9 * MODULE, rows * 9 * MODULE, |x, y| {
            let (x, y) = (x / MODULE % 9, y / MODULE % 9);
            let from_the_middle = x.abs_diff(4).max(y.abs_diff(4));
            image::Luma([if matches!(from_the_middle, 0 | 1 | 3) { 0 } else { 255 }])
        });
        Picture::new(image.into(), Orientation::NoTransforms)
    }

    #[test]
    fn colours_are_as_bright_without_alpha_as_with_one_that_says_nothing() {
        let colours = image::RgbImage::from_fn(70, 40, |x, y| {
            image::Rgb([x * 3, y * 6, x * y].map(|value| u8::try_from(value % 256).unwrap()))
        });
        let [colours, with_alpha] = [colours.clone().into(), DynamicImage::from(colours).into_rgba8().into()];
        for times in [1, 2, 3] {
            assert!(grey(&colours, times, None) == grey(&with_alpha, times, None), "{times}");
        }
    }

    static NONE_STUCK: AtomicUsize = AtomicUsize::new(0);

    fn send_a_code(_: Instant, found: &Sender<&'static str>) {
        let _ = found.send("a code");
    }

    #[test]
    fn a_search_that_does_not_end_is_left_with_what_it_found_and_is_the_last() {
        let search = Search::within(Duration::from_secs(2), &NONE_STUCK);
        let found = search.in_time(|until, found| {
            send_a_code(until, found);
            loop {
                thread::park();
            }
        });
        assert_eq!(found, ["a code"]);
        assert!(search.clone().in_time(send_a_code).is_empty());
        assert_eq!(search.unread(), Some(CodesUnread::Cut));
    }

    #[test]
    fn a_process_searches_no_more_while_searches_are_stuck_and_again_once_one_has_ended() {
        static STUCK: AtomicUsize = AtomicUsize::new(0);
        let search = || Search::within(Duration::from_millis(20), &STUCK);
        let (end, ended) = mpsc::channel::<()>();
        let ended = Arc::new(Mutex::new(ended));
        for _ in 0..MOST_STUCK {
            let ended = Arc::clone(&ended);
            search().in_time::<()>(move |_, _| ended.lock().unwrap().recv().unwrap_or_default());
        }
        let beside_them = Search::within(TIME, &STUCK);
        assert!(beside_them.in_time(send_a_code).is_empty() && beside_them.unread() == Some(CodesUnread::Cut));
        end.send(()).unwrap();
        while STUCK.load(Ordering::Relaxed) == MOST_STUCK {
            thread::yield_now();
        }
        let after_one = Search::within(TIME, &STUCK);
        assert_eq!(after_one.in_time(send_a_code), ["a code"]);
        assert_eq!(after_one.unread(), None);
    }

    #[test]
    fn where_as_many_codes_were_read_as_ever_are_there_may_be_more() {
        for (codes, unread) in [(0, None), (15, None), (16, Some(CodesUnread::Most))] {
            let search = Search::new();
            let found = search.in_time(move |_, found| (0..codes).for_each(|code| found.send(code).unwrap()));
            assert_eq!((found.len(), search.unread()), (codes, unread), "{codes}");
        }
    }

    #[test]
    fn a_search_that_panics_ends_and_others_follow() {
        let search = Search::new();
        assert!(search.in_time::<()>(|_, _| panic!("as a reader may")).is_empty());
        assert_eq!(search.unread(), Some(CodesUnread::Cut));
        assert_eq!(search.in_time(send_a_code), ["a code"]);
    }

    #[test]
    fn a_picture_full_of_finder_patterns_takes_no_longer_than_there_is_time() {
        let time = Duration::from_millis(200);
        let (search, start) = (Search::within(time, &NONE_STUCK), Instant::now());
        assert!(search.codes_of(&full_of_finder_patterns(120, 120)).is_empty());
        assert!(start.elapsed() < time * 100);
        assert!(search.left.lock().is_ok_and(|left| left.is_zero()));
        assert_eq!(search.unread(), Some(CodesUnread::Cut));
    }
}
