//! How the kernel of a convolution moves over its input.

/// The steps of a kernel over an input that has zeros around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Height and width of the kernel.
    pub(crate) kernel: [usize; 2],
    /// How far it moves down and to the right.
    pub(crate) strides: [usize; 2],
    /// So many zeros are above, on the left, below and on the right of the input.
    pub(crate) pads: [usize; 4],
}

impl Window {
    /// How many places the kernel takes, down and to the right, over an input of this height and width. `None` if that is
    /// smaller than the kernel.
    pub(crate) fn places(&self, size: [usize; 2]) -> Option<[usize; 2]> {
        let along = |axis: usize| {
            let length = self.pads[axis] + size[axis] + self.pads[axis + 2];
            Some(length.checked_sub(self.kernel[axis])? / self.strides[axis] + 1)
        };
        Some([along(0)?, along(1)?])
    }

    /// The padded rows of an input for an output of so many columns, which are computed `tile` at a time.
    pub(crate) fn row(&self, columns: usize, tile: usize) -> Row {
        let turn = columns.next_multiple_of(tile) + self.kernel[1].div_ceil(self.strides[1]);
        Row { stride: self.strides[1], pad: self.pads[1], turn }
    }
}

/// A row of a padded input. Its columns are dealt out by turns as the kernel steps over them, so that what neighbours in the
/// output are made of is beside each other.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    stride: usize,
    pad: usize,
    /// The columns of a turn.
    turn: usize,
}

#[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
impl Row {
    /// How many values it has.
    pub(crate) fn length(&self) -> usize {
        self.turn * self.stride
    }

    /// Where the values begin that stand this far to the right of the kernel's left edge.
    #[inline(always)]
    pub(crate) fn place(&self, right: usize) -> usize {
        right % self.stride * self.turn + right / self.stride
    }

    /// Writes a row of the input into a padded one.
    #[inline(always)]
    pub(crate) fn write(&self, values: &[f32], padded: &mut [f32]) {
        if self.stride == 1 {
            padded[self.pad..][..values.len()].copy_from_slice(values);
        } else if self.stride == 2 && values.len() > 1 {
            // As below, but in one pass, which compilers make vectors of.
            let pairs = values.as_chunks::<2>();
            let (first, second) = (self.place(self.pad), self.place(self.pad + 1));
            let (low, high) = padded.split_at_mut(self.turn);
            let (first, second) = if first < self.turn {
                (&mut low[first..], &mut high[second - self.turn..])
            } else {
                (&mut high[first - self.turn..], &mut low[second..])
            };
            for ((first, second), [one, other]) in first.iter_mut().zip(second).zip(pairs.0) {
                (*first, *second) = (*one, *other);
            }
            if let ([last], Some(first)) = (pairs.1, first.get_mut(pairs.0.len())) {
                *first = *last;
            }
        } else {
            for column in 0..self.stride.min(values.len()) {
                let padded = &mut padded[self.place(self.pad + column)..];
                for (padded, value) in padded.iter_mut().zip(values[column..].iter().step_by(self.stride)) {
                    *padded = *value;
                }
            }
        }
    }
}
