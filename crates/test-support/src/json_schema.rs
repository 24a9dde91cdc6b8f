//! What a value is to look like.

use boon::{Compiler, Schemas};
use serde_json::Value;

/// What a value has that its JSON Schema does not allow; empty if it is valid.
///
/// # Panics
/// If the schema is none.
#[must_use]
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("schema", schema.clone()).unwrap();
    let compiled = compiler.compile("schema", &mut schemas).unwrap();
    match schemas.validate(value, compiled) {
        Ok(()) => Vec::new(),
        Err(error) => error.causes.iter().map(ToString::to_string).collect(),
    }
}
