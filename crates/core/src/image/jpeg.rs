//! How much of a JPEG's picture its bytes really hold.
//!
//! Decoders fill what is missing with grey, and a grey picture is a clean one.
//! So the codes are walked, as decoders do, without making pixels of them.

/// How many of a picture's blocks are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Blocks whose codes are there.
    pub coded: u64,
    /// Blocks that the header promises.
    pub all: u64,
}

impl Coverage {
    /// Whether every block is there.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.coded >= self.all
    }

    /// Whether more than half of the picture is missing.
    #[must_use]
    pub const fn is_mostly_missing(self) -> bool {
        self.coded * 2 < self.all
    }

    /// The one with the smaller share.
    fn least(self, other: Self) -> Self {
        if u128::from(self.coded) * u128::from(other.all) <= u128::from(other.coded) * u128::from(self.all) {
            self
        } else {
            other
        }
    }
}

/// Most passes over a picture: in one with more, nothing counts as there. Ordinary ones take a dozen,
/// and a few bytes can say that one of them is about every block.
const MAX_SCANS: usize = 100;

/// How much of a JPEG is there. `None` for one whose codes are not walked here:
/// arithmetic, lossless or hierarchical, or without a frame that makes sense.
///
/// A progressive picture is there as far as the first pass over its coefficients is:
/// passes that refine them make no difference to what can be read.
#[must_use]
pub fn coverage(jpeg: &[u8]) -> Option<Coverage> {
    let jpeg = without_padding(jpeg);
    let mut walk = Walk::default();
    let (mut at, mut scans) = (2, 0);
    while let Some((marker, segment)) = next_segment(jpeg, &mut at) {
        match marker {
            // Another picture.
            0xD8 if scans > 0 => break,
            0xC0..=0xC2 if walk.frame.is_none() => walk.frame = Some(Frame::read(marker == 0xC2, segment)?),
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => return None,
            0xC4 => walk.define_codes(segment),
            0xDD => walk.interval = u32::from(u16::from_be_bytes(*segment.first_chunk()?)),
            0xDA if scans == MAX_SCANS => return Some(Coverage { coded: 0, all: 1 }),
            0xDA => {
                scans += 1;
                walk.scan(segment, jpeg, &mut at)?;
            }
            0xD9 => break,
            _ => {}
        }
    }
    walk.frame?.coverage()
}

/// Zeros at the end of a file that are no codes, in bytes: where a download or a disk ended, there are more. To decoders
/// they say something, as a rule that nothing changes.
const PADDING: usize = 256;

fn without_padding(jpeg: &[u8]) -> &[u8] {
    let end = jpeg.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    if jpeg.len() - end < PADDING { jpeg } else { &jpeg[..end] }
}

/// Where a JPEG ends: behind its last marker, or where another begins behind its pixels. `None` when neither comes.
#[must_use]
pub fn end(jpeg: &[u8]) -> Option<usize> {
    let (mut at, mut coded) = (2, false);
    loop {
        match next_segment(jpeg, &mut at)? {
            (0xD8, _) if coded => return Some(at - 2),
            (0xD9, _) => return Some(at + 2),
            (0xDA, _) => {
                coded = true;
                at = Bits::new(jpeg, at).marker_from(jpeg, at);
            }
            _ => {}
        }
    }
}

/// Where the codes of a JPEG's first scan begin.
pub(super) fn codes_at(jpeg: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        match next_segment(jpeg, &mut at)? {
            (0xDA, _) => return Some(at),
            (0xD9, _) => return None,
            _ => {}
        }
    }
}

/// Whether bytes begin with a JPEG and not by chance: its first segments follow
/// each other up to the frame.
#[must_use]
pub fn begins(bytes: &[u8]) -> bool {
    let mut at = 2;
    bytes.starts_with(&[0xFF, 0xD8, 0xFF])
        && loop {
            if !matches!(bytes.get(at..), Some([0xFF, 0xC0..=0xCF | 0xDB..=0xFF, ..])) {
                break false;
            }
            match next_segment(bytes, &mut at) {
                Some((0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF, frame)) => {
                    break frame.len() >= 9 && frame[1..5] != [0; 4];
                }
                Some((0xC4 | 0xDB | 0xDD | 0xE0..=0xEF | 0xFE, _)) => {}
                _ => break false,
            }
        }
}

/// Whether a JPEG is coded in a way that few programs read: arithmetic, lossless (JPEG-LS too), hierarchical, in more than
/// eight bits, or without its height. `None` when the given bytes do not reach its frame.
#[must_use]
pub fn is_rarely_coded(jpeg: &[u8]) -> Option<bool> {
    segments(jpeg).find_map(|(marker, segment)| match marker {
        0xC0..=0xC2 => Some(!matches!(segment, [8, h1, h0, ..] if [*h1, *h0] != [0, 0])),
        0xC3 | 0xC5..=0xC7 | 0xC9..=0xCF | 0xF7 => Some(true),
        _ => None,
    })
}

/// Whether a JPEG has four inks and does not say, as Adobe's programs do, whether its numbers tell how much of them there is,
/// or how little: programs differ in how they take it. `None` when the given bytes do not reach its first scan.
#[must_use]
pub fn is_of_unsaid_inks(jpeg: &[u8]) -> Option<bool> {
    let (mut at, mut four, mut said) = (2, false, false);
    loop {
        match next_segment(jpeg, &mut at)? {
            (0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF, frame) => {
                four = frame.get(5) == Some(&4);
                if !four {
                    return Some(false);
                }
            }
            // Of fewer bytes it is nobody's.
            (0xEE, segment) => said |= segment.starts_with(b"Adobe") && segment.len() >= 12,
            (0xD9 | 0xDA, _) => return Some(four && !said),
            _ => {}
        }
    }
}

/// The segments of a JPEG before its first scan, with their markers.
pub fn segments(jpeg: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = 2;
    std::iter::from_fn(move || next_segment(jpeg, &mut at).filter(|(marker, _)| !matches!(marker, 0xD9 | 0xDA)))
}

/// The segment at or behind an offset, which then stands behind it.
fn next_segment<'a>(jpeg: &'a [u8], at: &mut usize) -> Option<(u8, &'a [u8])> {
    loop {
        // Bytes between segments belong to nothing.
        *at += jpeg.get(*at..)?.iter().position(|byte| *byte == 0xFF)?;
        match *jpeg.get(*at + 1)? {
            0xFF => *at += 1,
            0x00 | 0x01 | 0xD0..=0xD7 => *at += 2,
            0xD8 => {
                *at += 2;
                return Some((0xD8, &[]));
            }
            0xD9 => return Some((0xD9, &[])),
            marker => {
                let length = usize::from(u16::from_be_bytes(*jpeg.get(*at + 2..)?.first_chunk()?));
                let segment = jpeg.get(*at + 4..*at + 2 + length.max(2))?;
                *at += 2 + length.max(2);
                return Some((marker, segment));
            }
        }
    }
}

#[derive(Default)]
struct Walk {
    frame: Option<Frame>,
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    /// Units between restart markers; 0 for none.
    interval: u32,
}

struct Frame {
    progressive: bool,
    width: u32,
    height: u32,
    components: Vec<Component>,
}

struct Component {
    id: u8,
    across: u32,
    down: u32,
    /// The least share of any first pass over its coefficients.
    there: Option<Coverage>,
    /// Coefficients that a pass was about, a bit each.
    passed: u64,
}

/// One component's part in a scan.
struct Part {
    component: usize,
    dc: usize,
    ac: usize,
}

impl Frame {
    fn read(progressive: bool, segment: &[u8]) -> Option<Self> {
        let &[_, h1, h0, w1, w0, count, ref components @ ..] = segment else { return None };
        let (height, width) = (u32::from(u16::from_be_bytes([h1, h0])), u32::from(u16::from_be_bytes([w1, w0])));
        let components: Vec<_> = components
            .chunks_exact(3)
            .take(usize::from(count))
            .map(|c| Component {
                id: c[0],
                across: u32::from(c[1] >> 4),
                down: u32::from(c[1] & 15),
                there: None,
                passed: 0,
            })
            .collect();
        let sound = components.iter().all(|c| (1..=4).contains(&c.across) && (1..=4).contains(&c.down));
        (width > 0 && height > 0 && !components.is_empty() && sound).then_some(Self {
            progressive,
            width,
            height,
            components,
        })
    }

    fn most(&self) -> (u32, u32) {
        self.components.iter().fold((1, 1), |(across, down), c| (across.max(c.across), down.max(c.down)))
    }

    /// Units of a scan of these parts, and the blocks of each part in a unit.
    fn units(&self, parts: &[Part]) -> u64 {
        let (across, down) = self.most();
        let (columns, rows) = match parts {
            // A component alone is sent without the blocks that fill its last unit up.
            [only] => {
                let component = &self.components[only.component];
                let sampled = |length: u32, factor: u32, most: u32| (length * factor).div_ceil(most).div_ceil(8);
                (sampled(self.width, component.across, across), sampled(self.height, component.down, down))
            }
            _ => (self.width.div_ceil(8 * across), self.height.div_ceil(8 * down)),
        };
        u64::from(columns) * u64::from(rows)
    }

    /// The least share of what is needed to read the picture: every component's
    /// own value, and the detail of the first, which is its brightness.
    fn coverage(&self) -> Option<Coverage> {
        const DETAIL: u64 = u64::MAX - 1;
        let nothing = Coverage { coded: 0, all: self.components.len() as u64 };
        let first = self.components.first()?;
        if self.progressive && first.passed & DETAIL != DETAIL {
            return Some(nothing);
        }
        self.components.iter().map(|c| c.there.unwrap_or(nothing)).reduce(Coverage::least)
    }
}

impl Walk {
    fn define_codes(&mut self, mut segment: &[u8]) {
        while let [class, rest @ ..] = segment {
            let Some((lengths, rest)) = rest.split_first_chunk::<16>() else { return };
            let count = lengths.iter().map(|n| usize::from(*n)).sum::<usize>().min(rest.len());
            let (symbols, rest) = rest.split_at(count);
            let codes = Some(Codes::new(lengths, symbols));
            match class >> 4 {
                0 => self.dc[usize::from(class & 3)] = codes,
                _ => self.ac[usize::from(class & 3)] = codes,
            }
            segment = rest;
        }
    }

    /// Walks one scan, and moves behind its codes.
    fn scan(&mut self, header: &[u8], jpeg: &[u8], at: &mut usize) -> Option<()> {
        let frame = self.frame.as_mut()?;
        let (&count, rest) = header.split_first()?;
        let (parts, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let &[start, end, approximation, ..] = rest else { return None };
        let parts: Vec<_> = parts
            .chunks_exact(2)
            .filter_map(|part| {
                let component = frame.components.iter().position(|c| c.id == part[0])?;
                Some(Part { component, dc: usize::from(part[1] >> 4 & 3), ac: usize::from(part[1] & 3) })
            })
            .collect();
        if parts.is_empty() {
            return None;
        }
        let pass = if frame.progressive {
            Pass { start: start.min(63), end: end.min(63), refines: approximation >> 4 != 0 }
        } else {
            Pass { start: 0, end: 63, refines: false }
        };
        let all = frame.units(&parts);
        let mut bits = Bits::new(jpeg, *at);
        let coded = if pass.refines && pass.start > 0 {
            all
        } else {
            let blocks = |part: &Part| {
                let component = &frame.components[part.component];
                if parts.len() == 1 { 1 } else { component.across * component.down }
            };
            let blocks: Vec<_> = parts.iter().map(|part| (part, blocks(part))).collect();
            let (dc, ac) = (&self.dc, &self.ac);
            let unit = |bits: &mut Bits<'_>, run: &mut u32| {
                blocks.iter().all(|(part, count)| {
                    (0..*count).all(|_| pass.block(bits, dc[part.dc].as_ref(), ac[part.ac].as_ref(), run).is_some())
                })
            };
            walk_units(&mut bits, all, self.interval, unit)
        };
        *at = bits.marker_from(jpeg, *at);
        if !pass.refines {
            for part in &parts {
                let component = &mut frame.components[part.component];
                let told = Coverage { coded, all };
                let counts = pass.start == 0 || part.component == 0;
                if counts {
                    component.there = Some(component.there.map_or(told, |there| there.least(told)));
                }
                component.passed |= (pass.start..=pass.end).fold(0, |bits, k| bits | 1 << k);
            }
        }
        Some(())
    }
}

/// How many units of a scan are there.
fn walk_units(bits: &mut Bits<'_>, all: u64, interval: u32, unit: impl Fn(&mut Bits<'_>, &mut u32) -> bool) -> u64 {
    let (mut done, mut there, mut run) = (0, 0, 0);
    let interval = if interval == 0 { all } else { u64::from(interval) };
    while done < all {
        let until = (done + interval).min(all);
        while done < until && unit(bits, &mut run) {
            done += 1;
            there += 1;
        }
        if done < until && bits.marker.is_none() {
            // A code that means nothing: decoders give up here.
            return there;
        }
        // What a restart marker cuts short is missing, and the rest goes on behind it.
        done = until;
        run = 0;
        if done < all && !bits.restart() {
            return there;
        }
    }
    there
}

/// What a scan's blocks hold.
#[derive(Clone, Copy)]
struct Pass {
    start: u8,
    end: u8,
    refines: bool,
}

impl Pass {
    fn block(self, bits: &mut Bits<'_>, dc: Option<&Codes>, ac: Option<&Codes>, run: &mut u32) -> Option<()> {
        if self.refines {
            return bits.take(1).map(drop);
        }
        let mut k = u32::from(self.start);
        if k == 0 {
            let length = dc?.symbol(bits)?;
            bits.take(u32::from(length & 15))?;
            k = 1;
        }
        if self.end == 0 {
            return Some(());
        }
        if *run > 0 {
            *run -= 1;
            return Some(());
        }
        let ac = ac?;
        while k <= u32::from(self.end) {
            let symbol = ac.symbol(bits)?;
            let (zeros, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            match (zeros, length) {
                (15, 0) => k += 16,
                (_, 0) => {
                    // The block ends, and in a progressive scan as many after it.
                    *run = (1 << zeros) - 1 + bits.take(zeros)?;
                    return Some(());
                }
                _ => {
                    bits.take(length)?;
                    k += zeros + 1;
                }
            }
        }
        Some(())
    }
}

/// Huffman codes of up to 16 bits.
struct Codes {
    /// For each beginning of eight bits: the code's length and symbol, or 0.
    short: Box<[(u8, u8); 256]>,
    /// For each length: the code behind the last, left-aligned in 16 bits, and what to
    /// add to a code to find its symbol.
    ends: [(u32, i32); 17],
    symbols: Vec<u8>,
}

impl Codes {
    fn new(lengths: &[u8; 16], symbols: &[u8]) -> Self {
        let mut codes = Self { short: Box::new([(0, 0); 256]), ends: [(0, 0); 17], symbols: symbols.to_vec() };
        let (mut code, mut index) = (0_u32, 0_usize);
        for (length, count) in (1_u32..).zip(lengths) {
            codes.ends[length as usize].1 =
                i32::try_from(index).unwrap_or_default() - i32::try_from(code).unwrap_or_default();
            for _ in 0..*count {
                if length <= 8
                    && let Some(symbol) = symbols.get(index)
                {
                    let first = (code << (8 - length)) as usize;
                    for entry in codes.short.iter_mut().skip(first).take(1 << (8 - length)) {
                        *entry = (u8::try_from(length).unwrap_or_default(), *symbol);
                    }
                }
                code += 1;
                index += 1;
            }
            codes.ends[length as usize].0 = code << (16 - length);
            code <<= 1;
        }
        codes
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Option<u8> {
        bits.fill();
        let ahead = bits.ahead();
        let (length, symbol) = self.short[(ahead >> 8) as usize];
        if length > 0 {
            bits.drop_bits(u32::from(length))?;
            return Some(symbol);
        }
        let (length, add) = (9..=16).find_map(|length| {
            let (end, add) = self.ends[length as usize];
            (ahead < end).then_some((length, add))
        })?;
        bits.drop_bits(length)?;
        let code = i32::try_from(ahead >> (16 - length)).ok()?;
        self.symbols.get(usize::try_from(code + add).ok()?).copied()
    }
}

/// The codes of a scan, up to the next marker.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    /// The marker that ends them, once it is met; 0 for the file's end.
    marker: Option<u8>,
}

impl<'a> Bits<'a> {
    const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, held: 0, count: 0, marker: None }
    }

    fn fill(&mut self) {
        while self.count <= 48 && self.marker.is_none() {
            let byte = match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
                (None, _) | (Some(0xFF), None) => {
                    self.marker = Some(0);
                    return;
                }
                (Some(0xFF), Some(0)) => {
                    self.at += 2;
                    0xFF
                }
                (Some(0xFF), Some(0xFF)) => {
                    self.at += 1;
                    continue;
                }
                (Some(0xFF), Some(&marker)) => {
                    self.marker = Some(marker);
                    return;
                }
                (Some(&byte), _) => {
                    self.at += 1;
                    byte
                }
            };
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// The next 16 bits, with zeros behind the last.
    fn ahead(&self) -> u32 {
        let bits = if self.count >= 16 { self.held >> (self.count - 16) } else { self.held << (16 - self.count) };
        u32::try_from(bits & 0xFFFF).unwrap_or_default()
    }

    fn drop_bits(&mut self, count: u32) -> Option<()> {
        self.count = self.count.checked_sub(count)?;
        Some(())
    }

    /// Up to 16 bits; `None` when there are not as many.
    fn take(&mut self, count: u32) -> Option<u32> {
        if count > self.count {
            self.fill();
        }
        let ahead = self.ahead();
        self.drop_bits(count)?;
        Some(if count == 0 { 0 } else { ahead >> (16 - count) })
    }

    /// Moves behind the next restart marker, if no other comes before it.
    fn restart(&mut self) -> bool {
        while self.marker.is_none() {
            self.count = 0;
            self.fill();
        }
        self.count = 0;
        match self.marker {
            Some(0xD0..=0xD7) => {
                self.at += 2;
                self.marker = None;
                true
            }
            _ => false,
        }
    }

    /// Where the marker stands that ends the scan, restart markers passed over.
    fn marker_from(&self, jpeg: &[u8], start: usize) -> usize {
        let mut at = self.at.max(start);
        // Bytes that were taken in advance hold no marker.
        while let Some(found) = jpeg.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xFF)) {
            at += found;
            match jpeg.get(at + 1) {
                Some(0 | 0xD0..=0xD7) => at += 2,
                Some(0xFF) => at += 1,
                _ => return at,
            }
        }
        jpeg.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_jpeg_is_coded_is_told_by_its_frame() {
        let frame = |marker: u8, bits: u8, height: u8| {
            let frame = [marker, 0, 11, bits, 0, height, 0, 9, 1, 1, 0x11, 0];
            [b"\xFF\xD8\xFF\xE0\0\x04ab\xFF".as_slice(), &frame].concat()
        };
        for (case, jpeg, expected) in [
            ("baseline", frame(0xC0, 8, 9), Some(false)),
            ("extended", frame(0xC1, 8, 9), Some(false)),
            ("progressive", frame(0xC2, 8, 9), Some(false)),
            ("twelve bits", frame(0xC1, 12, 9), Some(true)),
            ("a height that comes behind", frame(0xC0, 8, 0), Some(true)),
            ("lossless", frame(0xC3, 8, 9), Some(true)),
            ("hierarchical", frame(0xC5, 8, 9), Some(true)),
            ("arithmetic", frame(0xC9, 8, 9), Some(true)),
            ("arithmetic and progressive", frame(0xCA, 8, 9), Some(true)),
            ("JPEG-LS", frame(0xF7, 8, 9), Some(true)),
            ("cut before its frame", frame(0xC0, 8, 9)[..9].to_vec(), None),
        ] {
            assert_eq!(is_rarely_coded(&jpeg), expected, "{case}");
        }
    }

    #[test]
    fn of_four_inks_it_is_told_how_they_are_meant() {
        let adobe = b"\xFF\xEE\0\x0eAdobe\0\x64\0\0\0\0\0".as_slice();
        let scan = b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0".as_slice();
        let frame = |components: u8| {
            let parts: Vec<u8> = (1..=components).flat_map(|id| [id, 0x11, 0]).collect();
            [&[0xFF, 0xC0, 0, 8 + 3 * components, 8, 0, 9, 0, 9, components][..], &parts].concat()
        };
        for (case, segments, expected) in [
            ("four", vec![&frame(4)[..], scan], Some(true)),
            ("four, as Adobe means them", vec![adobe, &frame(4), scan], Some(false)),
            ("four, as is said behind them", vec![&frame(4)[..], adobe, scan], Some(false)),
            ("four, in a word that is nobody's", vec![&b"\xFF\xEE\0\x07Adobe"[..], &frame(4), scan], Some(true)),
            ("three", vec![&frame(3)[..], scan], Some(false)),
            ("three, cut", vec![&frame(3)[..]], Some(false)),
            ("none", vec![scan], Some(false)),
            ("four, cut", vec![&frame(4)[..]], None),
        ] {
            let jpeg = [&[&b"\xFF\xD8"[..]][..], &segments].concat().concat();
            assert_eq!(is_of_unsaid_inks(&jpeg), expected, "{case}");
        }
    }
}
