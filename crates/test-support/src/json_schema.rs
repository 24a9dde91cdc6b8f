//! What a value is to look like.

use boon::{Compiler, Schemas};
use serde_json::Value;

/// Why a value is not valid under its JSON Schema, or what is wrong with the schema; empty if it is valid.
#[must_use]
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    checked(schema, value).err().into_iter().collect()
}

fn checked(schema: &Value, value: &Value) -> Result<(), String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("schema", schema.clone()).map_err(|error| error.to_string())?;
    let root = compiler.compile("schema", &mut schemas).map_err(|error| error.to_string())?;
    schemas.validate(value, root).map_err(|error| error.to_string())
}
