//! PDF: pages as a reader shows them, and the files in it.
//!
//! Everything runs on a thread of its own: a page may be drawn in ways that take a stack or a
//! time that nobody foresees. What has come by the deadline is kept.

mod attachments;
mod fields;
mod integrity;
mod page;
mod pictures;
mod scan;
mod text;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use hayro::hayro_syntax::{
    Filter, LoadPdfError, Pdf,
    object::{Dict, Name, Object, Stream},
};
use image::RgbImage;
use warden_core::{
    image::{ImageFormat, TokenBudget, Unreadable},
    metadata::{self, Piece},
    pii::Finding,
};

use self::page::Drawn;
use crate::{
    Share, Shown,
    decode::{guarded, within_memory},
};

/// Most pages that are looked at: with the budget's default each is shown at 100 dots per inch at least,
/// at which print of 8 points is 11 pixels high.
pub(crate) const MAX_PAGES: usize = 12;

/// Time for all documents of a file. The function has 240 seconds, and asks about each view.
const TIME: Duration = Duration::from_mins(1);

/// When the documents of a file have to be drawn, or read, from now on.
pub(crate) fn deadline() -> Instant {
    Instant::now() + TIME
}

/// Bytes that drawing a page takes beside its pictures: its pixels, and what is drawn in them.
const DRAWING: u64 = 128 * 1024 * 1024;

/// Most packets of metadata that are read.
const MAX_PACKETS: usize = 64;

/// Stack of the thread. Drawings may stand in drawings, 50 deep.
const STACK: usize = 64 * 1024 * 1024;

/// Opens a document that needs no password.
///
/// # Errors
/// [`Unreadable::EncryptedDocument`] and [`Unreadable::DamagedDocument`], and
/// [`Unreadable::TooLarge`] for what would be too large when it is inflated.
fn open(bytes: &Arc<Vec<u8>>) -> Result<Pdf, Unreadable> {
    // Who calls has them too.
    within_memory(2 * bytes.len() as u64 + DRAWING)?;
    integrity::inflates_within_bounds(bytes)?;
    guarded(|| {
        let pdf = Pdf::new(Arc::clone(bytes)).map_err(|error| match error {
            LoadPdfError::Decryption(_) => Unreadable::EncryptedDocument,
            LoadPdfError::Invalid => Unreadable::DamagedDocument,
        })?;
        integrity::decodes_within_bounds(&pdf)?;
        Ok(pdf)
    })
    .map_err(|why| if why == Unreadable::Damaged { Unreadable::DamagedDocument } else { why })
}

/// What a document's metadata tells: its information, XMP wherever it stands, and that of the photographs and files in it.
/// What has not been read by then tells nothing.
pub(crate) fn findings(bytes: &[u8], until: Instant) -> Vec<Finding> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Vec::new();
    }
    let (sender, receiver) = mpsc::channel();
    let owned = Arc::new(bytes.to_vec());
    let read = move || {
        let _ = sender.send(guarded(|| told(&owned, 0)).unwrap_or_default());
    };
    match thread::Builder::new().stack_size(STACK).spawn(read) {
        Ok(_) => receiver.recv_timeout(left).unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

/// The same of a document that stands so deep in others.
fn told(bytes: &Arc<Vec<u8>>, depth: usize) -> Result<Vec<Finding>, Unreadable> {
    let pdf = open(bytes)?;
    let author = pdf.metadata().author.as_deref().map(|author| Piece::Author(author.into()));
    let streams = || pdf.objects().into_iter().filter_map(Object::into_stream);
    let is_metadata =
        |stream: &Stream<'_>| stream.dict().get::<Name<'_>>(b"Type").is_some_and(|kind| kind.as_str() == "Metadata");
    // Each is let go before the next is decoded.
    let packets = streams().filter(is_metadata).filter_map(|stream| stream.decoded_data().ok()).take(MAX_PACKETS);
    let mut told = metadata::told_by(author.into_iter().chain(packets.map(Piece::Xmp)));
    // Programs put photographs into a document as they are.
    let photographs = streams().filter(|stream| stream.filters().as_slice() == [Filter::DctDecode]);
    let of_photographs =
        photographs.flat_map(|photograph| metadata::findings(ImageFormat::Jpeg, &photograph.raw_data()));
    let of_files = attachments::of(&pdf).into_iter().flatten().flat_map(|file| attachments::findings(&file, depth));
    for finding in of_photographs.chain(of_files) {
        if !told.contains(&finding) {
            told.push(finding);
        }
    }
    Ok(told)
}

/// What happened to a part of a document.
type Part = Result<Shown, Unreadable>;

/// Views of a document's pages, and of the pictures and documents in it.
///
/// # Errors
/// When nothing can be shown, why.
pub(crate) fn views(bytes: &[u8], share: &Share, depth: usize) -> Part {
    let mut shown = Shown::default();
    for part in parts(bytes, share, depth, usize::MAX) {
        shown.add(part);
    }
    shown.or_unread()
}

/// The first page.
///
/// # Errors
/// Those of [`views`].
pub(crate) fn first_page(bytes: &[u8], budget: TokenBudget) -> Part {
    let share = Share {
        budget,
        views: 1,
        held: bytes.len() as u64,
        codes: None,
        texts: false,
        overviews: false,
        until: deadline(),
    };
    parts(bytes, &share, 0, 1).into_iter().next().unwrap_or(Err(Unreadable::DamagedDocument))
}

/// Draws each page, and hands over its number, counted from 0, its pixels for each point, and its pixels. How many they are.
///
/// # Errors
/// What the pages are handed to says; [`Unreadable::UnsupportedFormat`] for a document with files in it,
/// [`Unreadable::TooManyPages`], [`Unreadable::DamagedDocument`] where something cannot be drawn, and
/// [`Unreadable::TooLarge`] for what takes too long.
pub(crate) fn pages(
    bytes: &[u8],
    mut each: impl FnMut(usize, f32, RgbImage) -> Result<(), Unreadable>,
) -> Result<usize, Unreadable> {
    // A page waits until the one before it was taken.
    let (sender, receiver) = mpsc::sync_channel(0);
    let owned = Arc::new(bytes.to_vec());
    let draw = move || {
        if let Err(why) = draw_pages(&owned, &sender) {
            let _ = sender.send(Err(why));
        }
    };
    thread::Builder::new().stack_size(STACK).spawn(draw).map_err(|_| Unreadable::TooLarge)?;
    let until = deadline();
    let mut count = 0;
    loop {
        match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Ok(Some(Drawn { picture, scale, is_whole: true }))) => each(count, scale, picture)?,
            Ok(Ok(None)) => return Ok(count),
            Ok(Err(why)) => return Err(why),
            Err(mpsc::RecvTimeoutError::Timeout) => return Err(Unreadable::TooLarge),
            // Not all of the page could be drawn, or the thread panicked.
            Ok(Ok(Some(_))) | Err(mpsc::RecvTimeoutError::Disconnected) => return Err(Unreadable::DamagedDocument),
        }
        count += 1;
    }
}

/// Sends each page as it is drawn, and `None` behind the last.
fn draw_pages(
    bytes: &Arc<Vec<u8>>,
    sender: &mpsc::SyncSender<Result<Option<Drawn>, Unreadable>>,
) -> Result<(), Unreadable> {
    let pdf = open(bytes)?;
    let pages = pdf.pages();
    if pages.len() > MAX_PAGES {
        return Err(Unreadable::TooManyPages);
    }
    if !attachments::of(&pdf).is_empty() {
        return Err(Unreadable::UnsupportedFormat);
    }
    if pages.is_empty() || !integrity::ends_as_it_should(bytes) || has_form_without_pages(&pdf) {
        return Err(Unreadable::DamagedDocument);
    }
    for page in pages.iter() {
        let drawn = page::drawn(page, bytes.len() as u64)?;
        if sender.send(Ok(Some(drawn))).is_err() {
            return Ok(());
        }
    }
    let _ = sender.send(Ok(None));
    Ok(())
}

/// The parts of a document as they come until the deadline, at most so many. A page that is being drawn then is left
/// alone, with its thread: it cannot be stopped.
fn parts(bytes: &[u8], share: &Share, depth: usize, most: usize) -> Vec<Part> {
    let until = share.until;
    if until <= Instant::now() {
        return vec![Err(Unreadable::TooLarge)];
    }
    let (sender, receiver) = mpsc::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let (owned, share, stopped) = (Arc::new(bytes.to_vec()), share.clone(), Arc::clone(&stop));
    let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
        let send = |part: Part| sender.send(part).is_ok() && !stopped.load(Ordering::Relaxed);
        if let Err(why) = document(&owned, &share, depth, &send) {
            send(Err(why));
        }
        // It came to its end.
        send(Ok(Shown::default()));
    });
    let (mut parts, mut ended) = (Vec::new(), thread.is_err());
    while !ended && parts.len() < most {
        match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Ok(part)) if part.views.is_empty() && part.unread.is_none() => ended = true,
            Ok(part) => parts.push(part),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                parts.push(Err(Unreadable::TooLarge));
                ended = true;
            }
            // It panicked, or could not be started.
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                parts.push(Err(Unreadable::DamagedDocument));
                ended = true;
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    parts
}

/// Sends what each part of a document shows, until nobody listens any more.
fn document(bytes: &Arc<Vec<u8>>, share: &Share, depth: usize, send: &impl Fn(Part) -> bool) -> Result<(), Unreadable> {
    let pdf = open(bytes)?;
    let pages = pdf.pages();
    let attached = attachments::of(&pdf);
    let share = &share.of(pages.len().min(MAX_PAGES) + attached.len());
    for (index, page) in pages.iter().take(MAX_PAGES).enumerate() {
        if !send(page::views(page, share).map(|shown| shown.on_page(index))) {
            return Ok(());
        }
    }
    for attached in attached {
        let part = attached.and_then(|file| attachments::views(&file, share, depth));
        if !send(part) {
            return Ok(());
        }
    }
    // What could not be looked at stands behind what could.
    if pages.len() > MAX_PAGES {
        return Err(Unreadable::TooManyPages);
    }
    if pages.is_empty() || !integrity::ends_as_it_should(bytes) || has_form_without_pages(&pdf) {
        return Err(Unreadable::DamagedDocument);
    }
    Ok(())
}

/// Whether the pages say no more than that another program is needed: a form that is made
/// when it is opened.
fn has_form_without_pages(pdf: &Pdf) -> bool {
    let root = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id());
    root.is_some_and(|root| root.get::<bool>(b"NeedsRendering") == Some(true))
}
