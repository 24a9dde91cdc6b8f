//! Memory of values that are needed no longer, for those that are computed next: what the system hands out anew it makes zero
//! first.

/// Most that is kept at a time, and how many values each has at most.
const MOST: usize = 4;
const LARGEST: usize = 1 << 23;

/// Memory of values that are needed no longer.
#[derive(Default)]
pub(crate) struct Spare(Vec<Vec<f32>>);

impl Spare {
    /// So many values, whatever they are.
    pub(crate) fn values(&mut self, count: usize) -> Vec<f32> {
        let fitting = self.0.iter().enumerate().filter(|(_, values)| values.capacity() >= count);
        let Some((number, _)) = fitting.min_by_key(|(_, values)| values.capacity()) else { return vec![0.0; count] };
        let mut values = self.0.swap_remove(number);
        values.resize(count, 0.0);
        values
    }

    /// Keeps the memory of values, of all the largest that are not too large.
    pub(crate) fn keep(&mut self, values: Vec<f32>) {
        if values.capacity() > LARGEST {
            return;
        }
        self.0.push(values);
        if self.0.len() > MOST {
            let smallest = self.0.iter().enumerate().min_by_key(|(_, values)| values.capacity());
            if let Some(number) = smallest.map(|(number, _)| number) {
                self.0.swap_remove(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_memory_that_suffices_is_used_again() {
        let mut spare = Spare::default();
        for count in [30, 10, 20, 1, 40, LARGEST + 1] {
            spare.keep(vec![1.0; count]);
        }
        let fresh = |values: &[f32]| values.iter().all(|value| *value == 0.0);
        for (count, is_fresh) in [(15, false), (15, false), (2, false), (50, true), (35, false), (1, true)] {
            let values = spare.values(count);
            assert_eq!((values.len(), fresh(&values)), (count, is_fresh), "{count}");
        }
    }
}
