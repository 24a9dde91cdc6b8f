//! A caller's request, read field by field, so that an error names the field.

use serde_json::{Map, Value};

use crate::error::Error;

/// Most bytes of a key (S3's own limit).
const MAX_KEY_BYTES: usize = 1_024;

/// The fields of a request.
pub struct RequestFields<'a>(&'a Map<String, Value>);

impl<'a> RequestFields<'a> {
    /// The fields of a JSON object.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for any other JSON.
    pub fn of(request: &'a Value) -> Result<Self, Error> {
        request.as_object().map(Self).ok_or_else(|| Error::invalid("event", "is not a JSON object"))
    }

    /// A string that is required.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when it is missing, null, empty or not a string.
    pub fn required(&self, field: &'static str) -> Result<&'a str, Error> {
        self.optional(field)?.ok_or_else(|| Error::invalid(field, "is missing"))
    }

    /// A string that may be missing or null.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when it is empty or not a string.
    pub fn optional(&self, field: &'static str) -> Result<Option<&'a str>, Error> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Err(Error::invalid(field, "is empty")),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(Error::invalid(field, format!("is {}, not a string", kind(other)))),
        }
    }

    /// A JSON object that may be missing or null.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for any other JSON.
    pub fn object(&self, field: &'static str) -> Result<Option<&'a Value>, Error> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value @ Value::Object(_)) => Ok(Some(value)),
            Some(other) => Err(Error::invalid(field, format!("is {}, not an object", kind(other)))),
        }
    }

    /// An object's key: 1 to 1,024 bytes.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] as for [`Self::required`], and for a longer one.
    pub fn key(&self, field: &'static str) -> Result<&'a str, Error> {
        let key = self.required(field)?;
        if key.len() > MAX_KEY_BYTES {
            return Err(Error::invalid(
                field,
                format!("is {} bytes long; a key has at most {MAX_KEY_BYTES}", key.len()),
            ));
        }
        Ok(key)
    }
}

/// What a JSON value is, in the words of a message.
pub(crate) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bad_field_is_named_with_what_is_wrong_and_without_its_value() {
        for (request, expected) in [
            (json!({}), "k: is missing"),
            (json!({"k": null}), "k: is missing"),
            (json!({"k": ""}), "k: is empty"),
            (json!({"k": 7}), "k: is a number, not a string"),
            (json!({"k": ["secret"]}), "k: is an array, not a string"),
            (json!({"k": "x".repeat(1025)}), "k: is 1025 bytes long; a key has at most 1024"),
        ] {
            let error = RequestFields::of(&request).unwrap().key("k").unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        for request in [json!([]), json!("text"), json!(3), json!(null)] {
            let error = RequestFields::of(&request).err().unwrap();
            assert_eq!(error.to_string(), "event: is not a JSON object");
        }
    }

    #[test]
    fn a_key_is_taken_exactly_as_it_is() {
        let key = format!(" a+b%20/\u{c0ac}\u{1f600}{}", "x".repeat(1009));
        assert_eq!(key.len(), 1024);
        assert_eq!(RequestFields::of(&json!({"k": key})).unwrap().key("k").unwrap(), key);
    }
}
