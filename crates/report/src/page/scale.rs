//! The scale of an axis that begins at zero.

/// Where an axis ends: the next of 1, 2, 5, 10 and so on that is not below what it shows.
pub(super) fn end(most: f64) -> f64 {
    if most <= 0.0 || !most.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    // The last digits of a power are not exact.
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|end| *end >= most * 0.999_999).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (most, ends) in
            [(0.0, 1.0), (1.0, 1.0), (1.5, 2.0), (7.0, 10.0), (41.0, 50.0), (0.03, 0.05), (1_000.0, 1_000.0)]
        {
            assert!((end(most) - ends).abs() < ends * 1e-9, "{most}");
        }
    }
}
