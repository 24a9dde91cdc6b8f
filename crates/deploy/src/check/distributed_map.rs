//! What a Map state has where each of its items is an execution of its own: where items are read, how they are batched,
//! where results go.

use jsonc_parser::ast::{Object, ObjectProp};

use super::fields::{Fields, QueryLanguage};
use super::{Checker, child, is_expression};

/// The most characters of a `Label`.
const MAX_LABEL: usize = 40;
/// The most bytes of a batch's input: those of an execution's.
const MAX_BATCH_BYTES: i64 = 262_144;

const ITEM_READER: Fields =
    Fields { either: &[&["Resource", "ReaderConfig"]], json_path: &[&["Parameters"]], jsonata: &[&["Arguments"]] };
const READER_CONFIG: Fields = Fields {
    either: &[
        &["InputType", "MaxItems", "ItemsPointer", "ManifestType", "Transformation"],
        &["CSVHeaderLocation", "CSVHeaders", "CSVDelimiter"],
    ],
    json_path: &[&["MaxItemsPath"]],
    jsonata: &[],
};
const ITEM_BATCHER: Fields = Fields {
    either: &[&["MaxItemsPerBatch", "MaxInputBytesPerBatch", "BatchInput"]],
    json_path: &[&["MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"]],
    jsonata: &[],
};
const RESULT_WRITER: Fields =
    Fields { either: &[&["Resource", "WriterConfig"]], json_path: &[&["Parameters"]], jsonata: &[&["Arguments"]] };
const WRITER_CONFIG: Fields = Fields { either: &[&["Transformation", "OutputType"]], json_path: &[], jsonata: &[] };

/// What a Map state has in a Distributed Map alone.
const DISTRIBUTED: [&str; 4] = ["ItemReader", "ItemBatcher", "ResultWriter", "Label"];

impl Checker<'_> {
    /// What the parts of a Map state have that read, batch and write.
    pub(super) fn distributed_map(&mut self, state: &Object<'_>, language: QueryLanguage, location: &str) {
        let processor = state.get_object("ItemProcessor");
        let config = processor.and_then(|processor| processor.get_object("ProcessorConfig"));
        let mode = config.and_then(|config| config.get_string("Mode")).map(|mode| mode.value.as_ref());
        for name in DISTRIBUTED {
            if let Some(field) = state.get(name).filter(|_| mode != Some("DISTRIBUTED")) {
                self.schema(field, &child(location, name), "needs the Mode `DISTRIBUTED` in `ProcessorConfig`");
            }
        }
        self.item_reader(state, language, location);
        self.item_batcher(state, language, location);
        self.result_writer(state, language, location);
        if let Some(field) = state.get("Label") {
            let is_label = |text: &str| {
                let is_plain = |char: char| {
                    !char.is_whitespace() && !char.is_control() && !r#"?*<>{}[]:;,\|^~$#%&`""#.contains(char)
                };
                (1..=MAX_LABEL).contains(&text.chars().count()) && text.chars().all(is_plain)
            };
            if !field.value.as_string_lit().is_some_and(|text| is_label(&text.value)) {
                let message = "must have 1 to 40 characters, without spaces, brackets, wildcards and the like";
                self.schema(&field.value, &child(location, "Label"), message);
            }
        }
    }

    fn item_reader(&mut self, state: &Object<'_>, language: QueryLanguage, location: &str) {
        const TYPES: [&str; 5] = ["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"];
        let Some((reader, location)) = self.part(state, "ItemReader", &ITEM_READER, language, location) else { return };
        self.needs_resource(reader, "ItemReader", &location);
        let Some((config, location)) = self.part(reader, "ReaderConfig", &READER_CONFIG, language, &location) else {
            return;
        };
        self.one_of(config, "InputType", &TYPES, &location);
        self.one_of(config, "CSVHeaderLocation", &["FIRST_ROW", "GIVEN"], &location);
        self.one_of(config, "CSVDelimiter", &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"], &location);
        self.one_of(config, "ManifestType", &["ATHENA_DATA", "S3_INVENTORY"], &location);
        self.whole(config, "MaxItems", 1..=i64::MAX, language, &location);
        let text = |name| config.get_string(name).map(|text| text.value.as_ref());
        let lists_no_headers = config.get_array("CSVHeaders").is_none_or(|headers| headers.elements.is_empty());
        if let Some(field) = config.get("CSVHeaderLocation")
            && text("CSVHeaderLocation") == Some("GIVEN")
            && lists_no_headers
        {
            self.schema(field, &child(&location, "CSVHeaderLocation"), "`GIVEN` needs `CSVHeaders`, an array of names");
        }
        if let Some(field) = config.get("InputType")
            && text("InputType") == Some("CSV")
            && config.get("CSVHeaderLocation").is_none()
        {
            self.schema(field, &child(&location, "InputType"), "`CSV` needs a `CSVHeaderLocation`");
        }
    }

    fn item_batcher(&mut self, state: &Object<'_>, language: QueryLanguage, location: &str) {
        let Some((batcher, location)) = self.part(state, "ItemBatcher", &ITEM_BATCHER, language, location) else {
            return;
        };
        self.whole(batcher, "MaxItemsPerBatch", 1..=i64::MAX, language, &location);
        self.whole(batcher, "MaxInputBytesPerBatch", 1..=MAX_BATCH_BYTES, language, &location);
        let bounds = ["MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"];
        if bounds.iter().all(|bound| batcher.get(bound).is_none()) {
            self.schema(batcher, &location, "needs `MaxItemsPerBatch` or `MaxInputBytesPerBatch`");
        }
    }

    fn result_writer(&mut self, state: &Object<'_>, language: QueryLanguage, location: &str) {
        let Some((writer, location)) = self.part(state, "ResultWriter", &RESULT_WRITER, language, location) else {
            return;
        };
        if writer.get("Resource").is_none() && writer.get("WriterConfig").is_none() {
            self.schema(writer, &location, "needs `Resource`, `WriterConfig` or both");
        }
        if let Some((config, location)) = self.part(writer, "WriterConfig", &WRITER_CONFIG, language, &location) {
            self.one_of(config, "Transformation", &["NONE", "COMPACT", "FLATTEN"], &location);
            self.one_of(config, "OutputType", &["JSON", "JSONL"], &location);
        }
    }

    /// An object within another, with its location, once its fields are looked at; of an expression nothing is known.
    fn part<'a>(
        &mut self,
        around: &'a Object<'a>,
        name: &str,
        fields: &Fields,
        language: QueryLanguage,
        location: &str,
    ) -> Option<(&'a Object<'a>, String)> {
        let field = around.get(name)?;
        let location = child(location, name);
        if is_expression(&field.value, language) {
            return None;
        }
        let Some(object) = field.value.as_object() else {
            self.schema(&field.value, &location, "must be an object");
            return None;
        };
        self.known_fields(object, &format!("`{name}`"), fields, &[], language, &location);
        Some((object, location))
    }

    fn needs_resource(&mut self, object: &Object<'_>, name: &str, location: &str) {
        if object.get("Resource").is_none() {
            let message = format!("`{name}` needs `Resource`, such as `arn:aws:states:::s3:getObject`");
            self.schema(object, location, &message);
        }
    }

    fn one_of(&mut self, object: &Object<'_>, name: &str, known: &[&str], location: &str) {
        if let Some(field) = object.get(name)
            && !field.value.as_string_lit().is_some_and(|text| known.contains(&text.value.as_ref()))
        {
            self.schema(&field.value, &child(location, name), &format!("must be one of {}", known.join(", ")));
        }
    }

    /// How a Map state runs its items: within the execution, or each as one of its own.
    pub(super) fn processor_config(&mut self, config: &ObjectProp<'_>, location: &str) {
        let Some(fields) = config.value.as_object() else {
            return self.schema(config, location, "must be an object");
        };
        let text =
            |name| fields.get(name).and_then(|field| field.value.as_string_lit()).map(|text| text.value.as_ref());
        match (text("Mode"), text("ExecutionType")) {
            (Some("INLINE"), None) if fields.get("ExecutionType").is_none() => {}
            (None, None) if fields.properties.is_empty() => {}
            (Some("DISTRIBUTED"), Some("STANDARD" | "EXPRESS")) => {}
            (Some("DISTRIBUTED"), _) => {
                self.schema(config, location, "needs an `ExecutionType`, which is `STANDARD` or `EXPRESS`");
            }
            (Some("INLINE"), _) => {
                self.schema(config, location, "has an `ExecutionType` with the Mode `DISTRIBUTED` alone");
            }
            _ => self.schema(config, location, "needs a `Mode`, which is `INLINE` or `DISTRIBUTED`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::check;

    /// What is wrong with a Map state of these fields, whose items are executions of their own unless its config says otherwise.
    fn findings(language: &str, fields: &str, config: &str) -> Vec<String> {
        let inner = r#""StartAt": "X", "States": {"X": {"Type": "Succeed"}}"#;
        let state = format!(
            r#"{{"Type": "Map", "End": true, {fields}"ItemProcessor": {{"ProcessorConfig": {config}, {inner}}}}}"#
        );
        let definition = format!(r#"{{"QueryLanguage": "{language}", "StartAt": "A", "States": {{"A": {state}}}}}"#);
        check("f", &definition).iter().map(|found| format!("{}: {}", found.location, found.message)).collect()
    }

    const EACH: &str = r#"{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}"#;

    #[test]
    fn a_map_runs_its_items_within_it_or_each_by_itself() {
        for (config, found) in [
            (r#"{"Mode": "INLINE"}"#, None),
            ("{}", None),
            (r#"{"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}"#, None),
            (EACH, None),
            (r#"{"Mode": "distributed"}"#, Some("needs a `Mode`, which is `INLINE` or `DISTRIBUTED`")),
            (r#"{"ExecutionType": "STANDARD"}"#, Some("needs a `Mode`, which is `INLINE` or `DISTRIBUTED`")),
            (r#"{"Mode": "DISTRIBUTED"}"#, Some("needs an `ExecutionType`, which is `STANDARD` or `EXPRESS`")),
            (
                r#"{"Mode": "DISTRIBUTED", "ExecutionType": "FAST"}"#,
                Some("needs an `ExecutionType`, which is `STANDARD` or `EXPRESS`"),
            ),
            (
                r#"{"Mode": "INLINE", "ExecutionType": "STANDARD"}"#,
                Some("has an `ExecutionType` with the Mode `DISTRIBUTED` alone"),
            ),
            ("1", Some("must be an object")),
        ] {
            let found: Vec<_> =
                found.map(|found| format!("/States/A/ItemProcessor/ProcessorConfig: {found}")).into_iter().collect();
            assert_eq!(findings("JSONPath", "", config), found, "{config}");
        }
    }

    #[test]
    fn items_are_read_batched_and_written_as_step_functions_takes_it() {
        let reader = |config: &str| {
            format!(r#""ItemReader": {{"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {config}}}"#)
        };
        for (fields, found) in [
            (reader(r#"{"InputType": "JSONL", "MaxItems": 5}"#), None),
            (reader(r#"{"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "CSVDelimiter": "TAB"}"#), None),
            (reader(r#""{% $states.input.config %}""#), None),
            (
                reader(
                    r#"{"InputType": "MANIFEST", "ManifestType": "S3_INVENTORY", "MaxItems": "{% $states.input.most %}"}"#,
                ),
                None,
            ),
            (reader(r#"{"InputType": "XML"}"#), Some("InputType: must be one of CSV, JSON, JSONL, PARQUET, MANIFEST")),
            (reader(r#"{"InputType": "CSV"}"#), Some("InputType: `CSV` needs a `CSVHeaderLocation`")),
            (
                reader(r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}"#),
                Some("CSVHeaderLocation: `GIVEN` needs `CSVHeaders`, an array of names"),
            ),
            (reader(r#"{"InputType": "JSON", "MaxItems": 0}"#), Some("MaxItems: must be a whole number, 1 or greater")),
            (reader(r#"{"Type": "JSON"}"#), Some("Type: `ReaderConfig` has no field `Type`")),
            (reader("1"), Some("ReaderConfig: must be an object")),
            (r#""ItemReader": {"Arguments": {}}"#.into(), Some("ItemReader: `ItemReader` needs `Resource`")),
            (
                r#""ItemReader": {"Resource": "arn:x", "Parameters": {}}"#.into(),
                Some("`Parameters` belongs to JSONPath, and `ItemReader` here is in JSONata"),
            ),
            (r#""ItemBatcher": {"MaxItemsPerBatch": 10, "BatchInput": {"a": 1}}"#.into(), None),
            (
                r#""ItemBatcher": {"BatchInput": {}}"#.into(),
                Some("ItemBatcher: needs `MaxItemsPerBatch` or `MaxInputBytesPerBatch`"),
            ),
            (
                r#""ItemBatcher": {"MaxInputBytesPerBatch": 262145}"#.into(),
                Some("MaxInputBytesPerBatch: must be a whole number from 1 to 262144"),
            ),
            (r#""ResultWriter": {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"}}"#.into(), None),
            (r#""ResultWriter": {}"#.into(), Some("ResultWriter: needs `Resource`, `WriterConfig` or both")),
            (
                r#""ResultWriter": {"WriterConfig": {"OutputType": "CSV"}}"#.into(),
                Some("OutputType: must be one of JSON, JSONL"),
            ),
            (r#""Label": "uploads-2026""#.into(), None),
            (r#""Label": "all uploads""#.into(), Some("Label: must have 1 to 40 characters")),
            (format!(r#""Label": "{}""#, "x".repeat(41)), Some("Label: must have 1 to 40 characters")),
        ] {
            let all = findings("JSONata", &format!("{fields}, "), EACH).join("\n");
            assert_eq!(all.is_empty(), found.is_none(), "{fields}: {all}");
            assert!(all.contains(found.unwrap_or_default()), "{fields}: {all}");
        }
    }

    #[test]
    fn what_reads_batches_and_writes_belongs_to_items_that_run_by_themselves() {
        let batcher = r#""ItemBatcher": {"MaxItemsPerBatchPath": "$.n"}, "#;
        assert_eq!(findings("JSONPath", batcher, EACH), Vec::<String>::new());
        let needs = "/States/A/ItemBatcher: needs the Mode `DISTRIBUTED` in `ProcessorConfig`";
        assert_eq!(findings("JSONPath", batcher, r#"{"Mode": "INLINE"}"#), [needs]);
    }
}
