//! The figures, in one table.

use std::time::Duration;

use comfy_table::{Table, presets::ASCII_MARKDOWN};

use crate::{clients::Arrival, stand_in::Script};

/// What one way to the model took.
#[derive(Default)]
pub struct Figures {
    first: Vec<Duration>,
    deltas: Vec<Duration>,
}

/// Both ways.
#[derive(Default)]
pub struct Comparison {
    pub direct: Figures,
    pub function: Figures,
}

impl Figures {
    pub fn add(&mut self, streams: Vec<Vec<Arrival>>) {
        for stream in streams {
            let mut arrivals = stream.into_iter();
            self.first.extend(arrivals.next().map(|first| first.since_request));
            self.deltas.extend(arrivals.map(|arrival| arrival.since_sent));
        }
    }
}

/// The value below which that share of the values lies, in milliseconds.
fn quantile(values: &[Duration], share: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().map(|value| value.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a share of some thousand values"
    )]
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at).or(sorted.last()).copied().unwrap_or(f64::NAN)
}

/// Prints a row for each moment, direct and by the function.
#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
pub fn print(
    comparison: &Comparison,
    script: &Script,
    (streams, spread_ms, rounds): (usize, u64, usize),
    (kib, held): (u64, usize),
) {
    println!(
        "{streams} streams at a time on one thread, begun over {spread_ms} ms, {rounds} rounds, {} deltas each, one in {} ms, the first after {} ms\n",
        script.deltas, script.pace_ms, script.first_ms
    );
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(["milliseconds", "direct", "by bedrock-stream", "added"]);
    let Comparison { direct, function } = comparison;
    for (title, direct, function) in [
        ("request to first delta", &direct.first, &function.first),
        ("delta sent to delta received", &direct.deltas, &function.deltas),
    ] {
        for (name, share) in [("median", 0.5), ("99th percentile", 0.99)] {
            let (direct, function) = (quantile(direct, share), quantile(function, share));
            let row = [direct, function, function - direct].map(|value| format!("{value:.2}"));
            table.add_row(std::iter::once(format!("{title}, {name}")).chain(row));
        }
    }
    println!("{table}\n");
    println!("{streams} streams of 1,000 deltas as fast as they come: none lost, repeated or out of its turn");
    println!("memory of an open stream, over {held}: {kib} KiB");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_delta_is_timed_from_the_request_and_the_others_from_the_model() {
        let arrival = |number, since_request, since_sent| Arrival {
            number,
            since_request: Duration::from_millis(since_request),
            since_sent: Duration::from_millis(since_sent),
        };
        let mut figures = Figures::default();
        figures.add(vec![vec![arrival(0, 200, 1), arrival(1, 220, 2), arrival(2, 240, 4)]]);
        assert_eq!(figures.first, [Duration::from_millis(200)]);
        assert_eq!(figures.deltas, [Duration::from_millis(2), Duration::from_millis(4)]);
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let values: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        let shown = [0.5, 0.99, 1.0].map(|share| format!("{}", quantile(&values, share)));
        assert_eq!(shown, ["51", "100", "100"]);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
