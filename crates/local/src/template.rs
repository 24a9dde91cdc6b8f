//! A SAM template, as far as packaging it goes: which functions it has, and
//! where their code is.

use serde_json::json;
use serde_norway::{Mapping, Value};

/// The resource type whose code is packaged.
const FUNCTION: &str = "AWS::Serverless::Function";

/// The resource type of what functions share.
const LAYER: &str = "AWS::Serverless::LayerVersion";

/// A SAM template.
#[derive(Clone, Debug)]
pub struct Template {
    document: Value,
}

/// A function of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The resource's name in the template.
    pub logical_id: String,
    /// The Cargo package that is its code.
    pub package: String,
}

/// Why a template could not be packaged.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is not YAML.
    #[error("the template is not YAML: {0}")]
    Yaml(#[from] serde_norway::Error),
    /// It has no resources.
    #[error("the template has no Resources")]
    NoResources,
    /// A function does not say which binary it is.
    #[error("function {0} names no binary: add `Metadata: {{BuildProperties: {{Binary: …}}}}`")]
    NoBinary(String),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When it is not YAML.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Ok(Self { document: serde_norway::from_str(text)? })
    }

    /// The functions of the template, and the packages that are their code.
    ///
    /// # Errors
    /// When there are no resources, or a function does not name its binary.
    pub fn functions(&self) -> Result<Vec<Function>, TemplateError> {
        let resources = self.document.get("Resources").and_then(Value::as_mapping).ok_or(TemplateError::NoResources)?;
        let functions = resources.iter().filter(|(_, resource)| is_function(resource));
        functions
            .map(|(name, resource)| {
                let logical_id = name.as_str().unwrap_or_default().to_owned();
                let binary =
                    resource.get("Metadata").and_then(|metadata| metadata.get("BuildProperties")?.get("Binary"));
                match binary.and_then(Value::as_str) {
                    Some(package) => Ok(Function { logical_id, package: package.to_owned() }),
                    None => Err(TemplateError::NoBinary(logical_id)),
                }
            })
            .collect()
    }

    /// Says where the packaged code of a function is.
    pub fn set_code(&mut self, function: &Function, bucket: &str, key: &str) {
        let code: Mapping =
            [("Bucket", bucket), ("Key", key)].map(|(name, value)| (name.into(), value.into())).into_iter().collect();
        let properties = self
            .document
            .get_mut("Resources")
            .and_then(|resources| resources.get_mut(&function.logical_id)?.get_mut("Properties")?.as_mapping_mut());
        if let Some(properties) = properties {
            properties.insert("CodeUri".into(), code.into());
        }
    }

    /// Sets a variable of a function's environment.
    pub fn set_variable(&mut self, logical_id: &str, name: &str, value: &str) {
        let variables = self.document.get_mut("Resources").and_then(|resources| {
            resources.get_mut(logical_id)?.get_mut("Properties")?.get_mut("Environment")?.get_mut("Variables")
        });
        if let Some(variables) = variables.and_then(Value::as_mapping_mut) {
            variables.insert(name.into(), value.into());
        }
    }

    /// Says that the layers are packaged, which nobody does here: the parameters leave them out.
    pub fn leave_layers(&mut self, bucket: &str) {
        let resources = self.document.get_mut("Resources").and_then(Value::as_mapping_mut);
        for (_, resource) in resources.into_iter().flatten() {
            if resource.get("Type").and_then(Value::as_str) == Some(LAYER)
                && let Some(properties) = resource.get_mut("Properties").and_then(Value::as_mapping_mut)
            {
                properties.insert("ContentUri".into(), format!("s3://{bucket}/none.zip").into());
            }
        }
    }

    /// The template as JSON: CloudFormation takes YAML for that of version 1.1, in which a text such as `on` is a truth value
    /// unless it is quoted.
    #[must_use]
    pub fn render(&self) -> String {
        in_json(&self.document).to_string()
    }
}

/// A value in JSON, with the long names of CloudFormation's functions.
fn in_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let name = match name.trim_start_matches('!') {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            // The short form has a resource and its attribute in one.
            let of = match tagged.value.as_str().and_then(|text| text.split_once('.')) {
                Some((resource, attribute)) if name == "Fn::GetAtt" => json!([resource, attribute]),
                _ => in_json(&tagged.value),
            };
            json!({name: of})
        }
        Value::Mapping(entries) => {
            let entry = |(name, value): (&Value, &Value)| Some((name.as_str()?.to_owned(), in_json(value)));
            entries.iter().filter_map(entry).collect()
        }
        Value::Sequence(values) => values.iter().map(in_json).collect(),
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => json!(truth),
        Value::Number(number) => json!(number),
        Value::String(text) => json!(text),
    }
}

fn is_function(resource: &Value) -> bool {
    resource.get("Type").and_then(Value::as_str) == Some(FUNCTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"
Resources:
  Detector:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: pii-detector}}
    Properties:
      FunctionName: !Sub "${AWS::StackName}-pii-detector"
      CodeUri: ../crates/functions/pii-detector
      Role: !GetAtt Role.Arn
      Environment:
        Variables:
          MODEL_ID: !Sub ["${G}.x", {G: !If [Named, !Ref A, !FindInMap [M, !Ref B, C]]}]
  Topic: {Type: AWS::SNS::Topic}
"#;

    #[test]
    fn a_function_says_which_package_is_its_code() {
        let functions = Template::parse(TEMPLATE).unwrap().functions().unwrap();
        assert_eq!(functions, [Function { logical_id: "Detector".into(), package: "pii-detector".into() }]);
    }

    #[test]
    fn packaging_changes_the_code_and_nothing_else() {
        let mut template = Template::parse(TEMPLATE).unwrap();
        let function = template.functions().unwrap().remove(0);
        template.set_code(&function, "artifacts", "detector.zip");

        let expected = TEMPLATE.replace("../crates/functions/pii-detector", "{Bucket: artifacts, Key: detector.zip}");
        assert_eq!(template.render(), Template::parse(&expected).unwrap().render());
    }

    #[test]
    fn a_variable_joins_those_of_its_function_and_a_layer_counts_as_packaged() {
        let text =
            format!("{TEMPLATE}  Weights: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: here}}}}\n");
        let mut template = Template::parse(&text).unwrap();
        template.set_variable("Detector", "WEIGHTS", "/models");
        template.leave_layers("artifacts");

        let expected = text
            .replace("        Variables:\n", "        Variables:\n          WEIGHTS: /models\n")
            .replace("here", "s3://artifacts/none.zip");
        assert_eq!(template.render(), Template::parse(&expected).unwrap().render());
    }

    #[test]
    fn functions_of_cloudformation_and_texts_stay_what_they_are() {
        let text = r#"
            A: ["on", "2012-10-17", "007", true, 7, null]
            B: !If [Named, !Ref A, !Sub "${B}.x"]
            C: !GetAtt Role.Arn
            D: !And [!Condition E, !Not [!Equals [a, "off"]]]
        "#;
        let rendered: serde_json::Value = serde_json::from_str(&Template::parse(text).unwrap().render()).unwrap();
        let expected = json!({
            "A": ["on", "2012-10-17", "007", true, 7, null],
            "B": {"Fn::If": ["Named", {"Ref": "A"}, {"Fn::Sub": "${B}.x"}]},
            "C": {"Fn::GetAtt": ["Role", "Arn"]},
            "D": {"Fn::And": [{"Condition": "E"}, {"Fn::Not": [{"Fn::Equals": ["a", "off"]}]}]},
        });
        assert_eq!(rendered, expected);
    }

    #[test]
    fn a_function_without_a_binary_is_named() {
        let template = Template::parse("Resources: {F: {Type: AWS::Serverless::Function}}").unwrap();
        assert!(template.functions().unwrap_err().to_string().contains("function F"));
    }

    #[test]
    fn what_is_no_template_is_refused() {
        assert!(matches!(Template::parse("a: [").unwrap_err(), TemplateError::Yaml(_)));
        assert!(matches!(Template::parse("a: 1").unwrap().functions(), Err(TemplateError::NoResources)));
    }
}
