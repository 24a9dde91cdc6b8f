//! The figures, as medians, in one table.

use std::time::Duration;

use comfy_table::{Table, presets::ASCII_MARKDOWN};

/// What one process cost.
pub struct Run {
    pub init: Duration,
    pub first: Duration,
    pub first_cpu: Duration,
    pub warm: Vec<Duration>,
    pub warm_cpu: Duration,
    pub peak_kib: u64,
}

/// What all processes of one candidate cost.
pub struct Figures {
    name: String,
    runs: Vec<Run>,
}

/// A column: its title, and a run's values in it.
type Column = (&'static str, fn(&Run) -> Vec<f64>);

const COLUMNS: [Column; 6] = [
    ("start to first poll, ms", |run| vec![ms(run.init)]),
    ("first call, ms", |run| vec![ms(run.first)]),
    ("CPU of the first call, ms", |run| vec![ms(run.first_cpu)]),
    ("warm call, ms", |run| run.warm.iter().copied().map(ms).collect()),
    ("CPU of a warm call, ms", |run| vec![ms(run.warm_cpu)]),
    #[expect(clippy::cast_precision_loss, reason = "KiB of a process")]
    ("peak memory, MiB", |run| vec![run.peak_kib as f64 / 1024.0]),
];

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

impl Figures {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), runs: Vec::new() }
    }

    pub fn add(&mut self, run: Run) {
        self.runs.push(run);
    }

    fn median(&self, column: fn(&Run) -> Vec<f64>) -> f64 {
        let mut values: Vec<f64> = self.runs.iter().flat_map(column).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Prints a row for each, with its ratio to the first.
#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
pub fn print(all: &[Figures], image_bytes: usize, cold: usize, warm: usize) {
    println!("image of {image_bytes} bytes; medians over {cold} starts and {warm} warm calls each\n");
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(std::iter::once("").chain(COLUMNS.iter().map(|(title, _)| *title)));
    for figures in all {
        let cells = COLUMNS.iter().map(|(_, column)| {
            let value = figures.median(*column);
            match all.first() {
                Some(first) if first.name != figures.name => {
                    format!("{value:.1} (1/{:.1})", first.median(*column) / value)
                }
                _ => format!("{value:.1}"),
            }
        });
        table.add_row(std::iter::once(figures.name.clone()).chain(cells));
    }
    println!("{table}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_median_over_all_runs() {
        let mut figures = Figures::new("x");
        for init in [30, 10, 20] {
            let init = Duration::from_millis(init);
            figures.add(Run {
                init,
                first: init,
                first_cpu: init,
                warm: vec![init; 2],
                warm_cpu: init,
                peak_kib: 2048,
            });
        }
        let shown = COLUMNS.map(|(_, column)| format!("{:.1}", figures.median(column)));
        assert_eq!(shown, ["20.0", "20.0", "20.0", "20.0", "20.0", "2.0"]);
    }
}
