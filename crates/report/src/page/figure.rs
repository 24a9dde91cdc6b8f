//! What every chart has around it: a caption, a legend, axes, and its numbers in a table.

use maud::{Markup, html};

use super::{Table, Tone};

/// A chart and what stands around it.
pub(super) struct Figure<'a> {
    pub(super) caption: &'a str,
    /// What the chart shows, in words.
    pub(super) alternative: &'a str,
    pub(super) legend: Vec<(&'a str, Tone)>,
    /// What stands beside the vertical axis, from the top down.
    pub(super) vertical: Vec<String>,
    /// What stands below the horizontal axis, from left to right.
    pub(super) horizontal: Vec<&'a str>,
    pub(super) table: Table,
}

impl Figure<'_> {
    /// The chart is drawn on 1000 by 100 units, which are stretched to whatever room there is; so what is written stands
    /// beside it.
    pub(super) fn markup(&self, drawing: &Markup) -> Markup {
        html! {
            figure.chart {
                figcaption { (self.caption) }
                @if self.legend.len() > 1 {
                    ul.legend {
                        @for (name, tone) in &self.legend { li class=(tone.class()) { (name) } }
                    }
                }
                div.plot {
                    div.vertical aria-hidden="true" { @for text in &self.vertical { span { (text) } } }
                    svg role="img" aria-label=(self.alternative) viewBox="0 0 1000 100" preserveAspectRatio="none" {
                        path.grid d="M0 .2H1000M0 50H1000M0 99.8H1000" {}
                        (drawing)
                    }
                    div.horizontal aria-hidden="true" { @for text in &self.horizontal { span { (text) } } }
                }
                details {
                    summary { "The numbers" }
                    (self.table.markup())
                }
            }
        }
    }
}

/// What stands below the horizontal axis: the first, the one in the middle and the last.
pub(super) fn ends<'a>(labels: &[&'a str]) -> Vec<&'a str> {
    match labels {
        [] => Vec::new(),
        [one] => vec![*one],
        [first, last] => vec![*first, *last],
        [first, .., last] => vec![*first, labels[labels.len() / 2], *last],
    }
}
