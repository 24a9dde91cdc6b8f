//! What a service says in XML, as the JSON that others would say.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};
use serde_json::Value;

/// How services name what a list holds.
const LIST_ITEMS: [&str; 2] = ["member", "item"];

/// The document's root as JSON: a text, a list of what is called `member` or `item`, or an object, in which what
/// occurs more than once is a list. `None` of what is not XML.
pub(crate) fn read(text: &str) -> Option<Value> {
    Document::parse(text).ok().map(|document| value(document.root_element()))
}

/// Takes out what an answer holds any number of times at a path, as `/TagSet/Tag`.
pub(crate) fn take_each(answer: &mut Value, path: &str) -> Vec<Value> {
    match answer.pointer_mut(path).map(Value::take) {
        Some(Value::Array(values)) => values,
        Some(Value::Object(fields)) => vec![Value::Object(fields)],
        _ => Vec::new(),
    }
}

fn value(node: Node<'_, '_>) -> Value {
    let children: Vec<_> = node.children().filter(Node::is_element).collect();
    if children.is_empty() {
        return node.text().unwrap_or_default().into();
    }
    if children.iter().all(|child| LIST_ITEMS.contains(&child.tag_name().name())) {
        return children.into_iter().map(value).collect();
    }
    let mut by_name: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for child in children {
        by_name.entry(child.tag_name().name()).or_default().push(value(child));
    }
    let fields = by_name.into_iter().map(|(name, mut values)| match values.pop() {
        Some(only) if values.is_empty() => (name.to_owned(), only),
        last => (name.to_owned(), values.into_iter().chain(last).collect()),
    });
    Value::Object(fields.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_objects_and_texts_are_told_apart() {
        let answer = r#"<ListSubscriptionsByTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
            <ListSubscriptionsByTopicResult>
              <Subscriptions>
                <member><Protocol>email</Protocol><SubscriptionArn>PendingConfirmation</SubscriptionArn></member>
                <member><Protocol>sqs</Protocol><SubscriptionArn>arn:a</SubscriptionArn></member>
              </Subscriptions>
              <NextToken/>
            </ListSubscriptionsByTopicResult>
          </ListSubscriptionsByTopicResponse>"#;
        assert_eq!(
            read(answer),
            Some(json!({"ListSubscriptionsByTopicResult": {
                "Subscriptions": [
                    {"Protocol": "email", "SubscriptionArn": "PendingConfirmation"},
                    {"Protocol": "sqs", "SubscriptionArn": "arn:a"}],
                "NextToken": ""}}))
        );
        assert_eq!(read("<a><set><item><b>1</b></item></set></a>"), Some(json!({"set": [{"b": "1"}]})));
        assert_eq!(
            read("<a><entry><key>k</key></entry><entry><key>l</key></entry><entry><key>m</key></entry></a>"),
            Some(json!({"entry": [{"key": "k"}, {"key": "l"}, {"key": "m"}]}))
        );
        assert_eq!(read("<html>"), None);
    }
}
