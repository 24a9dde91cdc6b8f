//! The page around its sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");
/// No script runs, and nothing is fetched, whatever a text in the page may hold. Pictures stand in the page itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The page around its sections.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The page's title and heading.
    pub title: &'a str,
    /// What stands above the heading: what kind of page this is.
    pub kind: &'a str,
    /// Of when and what it tells.
    pub subtitle: &'a str,
    /// The whole in a sentence or two.
    pub lead: &'a str,
    /// What stands at the end: how the page was made.
    pub foot: &'a str,
}

impl Frame<'_> {
    /// The whole page.
    #[must_use]
    pub fn page(&self, body: &Markup) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="robots" content="noindex";
                    meta name="referrer" content="no-referrer";
                    title { (self.title) " – " (self.kind) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        p.kind { (self.kind) }
                        h1 { bdi { (self.title) } }
                        p.subtitle { (self.subtitle) }
                        p.lead { (self.lead) }
                    }
                    main { (body) }
                    footer { p { (self.foot) } }
                }
            }
        };
        page.into_string()
    }
}

/// A section of a page, below its heading.
#[must_use]
pub fn section(heading: &str, wide: bool, content: &Markup) -> Markup {
    html! {
        section.wide[wide] {
            h2 { (heading) }
            (content)
        }
    }
}
