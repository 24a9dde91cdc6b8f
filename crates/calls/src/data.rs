//! Pictures and vectors in the bodies of requests and answers: they are counted
//! and never told.

use serde_json::Value;

/// From how many characters on a text of base64's letters alone is data: no word
/// or id is that long.
const DATA_CHARACTERS: usize = 128;
/// The same where its field is named for a picture, a sound or bytes.
const NAMED_DATA_CHARACTERS: usize = 16;
/// From how many numbers on a list of whole numbers is a vector.
const VECTOR_NUMBERS: usize = 17;

/// The body with a word in place of each picture and vector, and how many
/// pictures, sounds and films there were.
pub(crate) fn without_data(body: &Value) -> (Value, usize) {
    let mut attachments = 0;
    let told = told(body, "", &mut attachments);
    (told, attachments)
}

fn told(value: &Value, name: &str, attachments: &mut usize) -> Value {
    match value {
        Value::String(text) if is_data(text, name) => {
            *attachments += 1;
            format!("({} characters of data)", text.len()).into()
        }
        Value::Array(values) if is_vector(values, name) => {
            let plural = if values.len() == 1 { "" } else { "s" };
            format!("({} number{plural})", values.len()).into()
        }
        Value::Array(values) => values.iter().map(|value| told(value, name, attachments)).collect(),
        Value::Object(fields) => {
            // What stands under embeddings is named for its kind of number.
            let inner = |field| if is_embedding(name) { name } else { field };
            fields.iter().map(|(field, value)| (field.clone(), told(value, inner(field), attachments))).collect()
        }
        value => value.clone(),
    }
}

fn is_data(text: &str, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_named = ["image", "video", "audio", "base64", "bytes", "artifact"].iter().any(|part| name.contains(part));
    let least = if is_named { NAMED_DATA_CHARACTERS } else { DATA_CHARACTERS };
    let is_base64 = |text: &str| {
        text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'\r' | b'\n')
        })
    };
    let is_url = text.starts_with("data:") && text.contains(";base64,");
    is_url || text.len() >= least && is_base64(text)
}

fn is_embedding(name: &str) -> bool {
    name.to_ascii_lowercase().contains("embedding")
}

fn is_vector(values: &[Value], name: &str) -> bool {
    !values.is_empty()
        && values.iter().all(Value::is_number)
        && (is_embedding(name) || values.len() >= VECTOR_NUMBERS || values.iter().any(Value::is_f64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pictures_and_vectors_are_counted_and_not_told() {
        let picture = "iVBORw0KGgo".repeat(20);
        let named = |name: &str| json!({name: picture[..16]});
        let hidden = "(220 characters of data)";
        for (body, expected, attachments) in [
            (json!({"images": [picture, picture]}), json!({"images": [hidden, hidden]}), 2),
            (
                json!({"artifacts": [{"seed": 1, "base64": picture}]}),
                json!({"artifacts": [{"seed": 1, "base64": hidden}]}),
                1,
            ),
            (json!({"anything": {"deep": picture}}), json!({"anything": {"deep": hidden}}), 1),
            (json!({"url": "data:image/png;base64,AAAA"}), json!({"url": "(26 characters of data)"}), 1),
            (json!(picture), json!(hidden), 1),
            (named("inputImage"), json!({"inputImage": "(16 characters of data)"}), 1),
            (named("id"), named("id"), 0),
            (json!({"text": "a ".repeat(200)}), json!({"text": "a ".repeat(200)}), 0),
            (json!({"imageStyle": "photographic"}), json!({"imageStyle": "photographic"}), 0),
            (json!({"embedding": [1]}), json!({"embedding": "(1 number)"}), 0),
            (
                json!({"embeddingsByType": {"binary": vec![1; 64]}}),
                json!({"embeddingsByType": {"binary": "(64 numbers)"}}),
                0,
            ),
            (
                json!({"embeddings": {"float": [[0.5, 1], [0.25]], "int8": [[1, 2]]}}),
                json!({"embeddings": {"float": ["(2 numbers)", "(1 number)"], "int8": ["(2 numbers)"]}}),
                0,
            ),
            (json!({"seeds": [1, 2], "none": []}), json!({"seeds": [1, 2], "none": []}), 0),
        ] {
            assert_eq!(without_data(&body), (expected, attachments));
        }
    }
}
