//! Answers in tags: which tags the request shows, and what belongs into each.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::shape::Shape;

/// A tag of the answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tag {
    pub(super) name: String,
    /// What an example shows inside it.
    pub(super) example: String,
    pub(super) inner: Vec<Tag>,
    /// Whether the example goes on in a new line after it.
    pub(super) line_break: bool,
}

/// Tags that hold what the request says, rather than what the answer says.
const NOT_OF_ANSWER: &[&str] = &[
    "b",
    "br",
    "code",
    "context",
    "data",
    "div",
    "document",
    "documents",
    "em",
    "event",
    "events",
    "example",
    "examples",
    "format",
    "guidelines",
    "i",
    "image",
    "images",
    "input",
    "instruction",
    "instructions",
    "li",
    "log",
    "logs",
    "ol",
    "output_format",
    "p",
    "pre",
    "prompt",
    "question",
    "record",
    "request",
    "role",
    "rules",
    "sample",
    "samples",
    "schema",
    "span",
    "strong",
    "system",
    "task",
    "template",
    "ul",
    "user",
];

static OPENING: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<([A-Za-z][A-Za-z0-9_-]{0,40})>").ok());

/// Finds the tags that the answer should have, in the order of the request.
pub(super) fn find(text: &str, examples: &[(Range<usize>, Shape)]) -> Vec<Tag> {
    let about_tags = ["tag", "태그", "タグ"].iter().any(|word| text.to_lowercase().contains(word));
    let mut tags = inside(text, 0..text.len(), examples, about_tags);
    // An example shows more than a mention does.
    tags.sort_by_key(|(_, tag)| tag.example.is_empty() && tag.inner.is_empty());
    let mut kept: Vec<(usize, Tag)> = Vec::new();
    for (at, tag) in tags {
        if !kept.iter().any(|(_, known)| known.name == tag.name) {
            kept.push((at, tag));
        }
    }
    kept.sort_by_key(|(at, _)| *at);
    kept.into_iter().map(|(_, tag)| tag).collect()
}

fn inside(text: &str, range: Range<usize>, examples: &[(Range<usize>, Shape)], about_tags: bool) -> Vec<(usize, Tag)> {
    let mut tags = Vec::new();
    let mut at = range.start;
    while let Some(found) = OPENING.as_ref().and_then(|opening| opening.captures_at(&text[..range.end], at)) {
        let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else {
            return tags;
        };
        let (start, content, name) = (whole.start(), whole.end(), name.as_str());
        at = content;
        // A placeholder inside a JSON example is none.
        if examples.iter().any(|(range, _)| range.contains(&start)) {
            continue;
        }
        let closing = format!("</{name}>");
        // A mention before the example is no opening.
        let again = text[content..range.end].find(whole.as_str());
        let close = text[content..range.end]
            .find(&closing)
            .filter(|offset| again.is_none_or(|again| *offset < again))
            .map(|offset| content + offset);
        let is_other = NOT_OF_ANSWER.contains(&name.to_lowercase().as_str());
        match close {
            Some(_) if is_other => {}
            Some(close) => {
                let after = text[close + closing.len()..range.end].chars().find(|c| *c == '\n' || !c.is_whitespace());
                let inner = inside(text, content..close, examples, false);
                let example = if inner.is_empty() { text[content..close].trim().to_owned() } else { String::new() };
                tags.push((
                    start,
                    Tag {
                        name: name.to_owned(),
                        example,
                        inner: inner.into_iter().map(|(_, tag)| tag).collect(),
                        line_break: after == Some('\n'),
                    },
                ));
                at = close + closing.len();
            }
            None if about_tags && !is_other => {
                let tag = Tag { name: name.to_owned(), example: String::new(), inner: Vec::new(), line_break: true };
                tags.push((start, tag));
            }
            None => {}
        }
    }
    tags
}

/// The tag that stands around an example, or that alone was asked for.
pub(super) fn around(tags: &[Tag], text: &str, example: &Range<usize>) -> Option<String> {
    let encloses = |tag: &&Tag| {
        let before = text[..example.start].trim_end().ends_with(&format!("<{}>", tag.name));
        before && text[example.end..].trim_start().starts_with(&format!("</{}>", tag.name))
    };
    let only = match tags {
        [tag] if tag.example.is_empty() && tag.inner.is_empty() => Some(tag),
        _ => None,
    };
    tags.iter().find(encloses).or(only).map(|tag| tag.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        find(text, &super::super::skeleton::find(text)).into_iter().map(|tag| tag.name).collect()
    }

    #[test]
    fn tags_are_found_in_an_example_or_by_mention() {
        assert_eq!(names("Answer as <answer>yes</answer><why>because</why>."), ["answer", "why"]);
        assert_eq!(names("Put yes or no in the <verdict> tag and the cause in the <cause> tag."), ["verdict", "cause"]);
        assert_eq!(names("결과는 <result> 태그 안에, 이유는 <reason> 태그 안에."), ["result", "reason"]);
    }

    #[test]
    fn tags_around_data_or_examples_and_placeholders_are_no_answer() {
        assert_eq!(names("Read the <log> tag.\n<log></log>"), Vec::<String>::new());
        assert_eq!(names("<example><ok>yes</ok></example>"), ["ok"]);
        assert_eq!(names(r#"Fill {"a": "<string>"} as <placeholder>"#), Vec::<String>::new());
    }

    #[test]
    fn the_tag_around_a_json_example_is_known() {
        let text = r#"Reply <answer>{"a": 1}</answer>"#;
        let examples = super::super::skeleton::find(text);
        let tags = find(text, &examples);
        assert_eq!(around(&tags, text, &examples[0].0).as_deref(), Some("answer"));
    }
}
