"""What holds for every template: its parameters are explained, its data stays, a changed setting reaches its function."""

import copy
import json
import re
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.decode.cfn_yaml import load
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from rendered import Template, plain

TEMPLATES = {path.name: plain(load(str(path))) for path in sorted(Path(__file__).parents[1].glob("[!.]*.yaml"))}

# What holds data or evidence that nothing can make again.
DATA = ["AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::EFS::FileSystem"]
# What works for others too, so that it may not go when this stack's creation fails.
SHARED = ["AWS::ApiGateway::Account"]
# What CloudFormation would leave behind or throw away without being told which.
TOLD = [*DATA, "AWS::Logs::LogGroup", "AWS::SQS::Queue", "AWS::KMS::Key"]


def of_types(template: Template, kinds: list[str]) -> Iterator[tuple[str, Template]]:
    return ((name, each) for name, each in template["Resources"].items() if each["Type"] in kinds)


def unexplained_parameters(template: Template) -> Iterator[str]:
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    for name, parameter in template["Parameters"].items():
        if not parameter.get("Description"):
            yield f"{name} has no description"
        if grouped.count(name) != 1:
            yield f"{name} stands in {grouped.count(name)} groups"
        if name not in interface["ParameterLabels"]:
            yield f"{name} has no label"


def careless_data(template: Template) -> Iterator[str]:
    for name, resource in of_types(template, TOLD):
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"]:
            if policy not in resource:
                yield f"{name} does not say its {policy}"
    for name, resource in of_types(template, DATA):
        # What a failed creation leaves behind under a fixed name would stop the next.
        kept = resource.get("DeletionPolicy") == "RetainExceptOnCreate"
        if not kept or resource.get("UpdateReplacePolicy") != "Retain":
            yield f"{name} is not kept"
    for name, resource in of_types(template, ["AWS::Logs::LogGroup"]):
        if "RetentionInDays" not in resource["Properties"]:
            yield f"{name} keeps its logs for ever"


def unknown_types(template: Template) -> Iterator[str]:
    """A type that CloudFormation does not know in a Region fails the stack, unless a rule says so first."""
    for region in template["Mappings"].get("InferenceProfile", {}):
        known = PROVIDER_SCHEMA_MANAGER.get_resource_types(region)
        for name, resource in template["Resources"].items():
            kind = resource["Type"]
            if not kind.startswith("AWS::") or kind.startswith("AWS::Serverless::") or kind in known:
                continue
            rules = template.get("Rules", {}).values()
            # What is made on a condition is refused on one.
            refusing = [rule for rule in rules if "Condition" in resource or "RuleCondition" not in rule]
            if not any(region in refused_regions(rule) for rule in refusing):
                yield f"{name}: {region} has no {kind}, and no rule says so"


def refused_regions(rule: Template) -> list[str]:
    for assertion in rule["Assertions"]:
        match assertion["Assert"]:
            case {"Fn::Not": [{"Fn::Contains": [regions, {"Ref": "AWS::Region"}]}]}:
                return list(regions)
    return []


def create_only(kind: str) -> set[str]:
    """The properties of a type of resource whose change makes another resource."""
    if not kind.startswith("AWS::") or kind.startswith("AWS::Serverless::"):
        return set()
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return {pointer.split("/")[2] for pointer in schema.get("createOnlyProperties", [])}


def replaced_by(name: str, template: Template) -> set[str]:
    """The parameters whose change makes another resource of that name, which whoever refers to it has to learn of."""
    resource = template["Resources"].get(name)
    if resource is None:
        return set()
    kept = create_only(resource["Type"])
    fixed = {key: item for key, item in resource.get("Properties", {}).items() if key in kept}
    return parameters_in(fixed, template)


def taken_from_others(template: Template) -> Iterator[str]:
    """CloudFormation does not undo what it set for the whole account: neither it nor what it names may go."""
    for name, resource in of_types(template, SHARED):
        named = [item["Fn::GetAtt"][0] for item in resource["Properties"].values() if "Fn::GetAtt" in item]
        for each in [name, *named]:
            if template["Resources"][each].get("DeletionPolicy") != "Retain":
                yield f"{each} goes when the stack's creation fails"


def parameters_in(value: Any, template: Template) -> set[str]:
    """The parameters that a value depends on, by references, by text, by conditions and by what they make anew."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                found |= {item} & template["Parameters"].keys() or replaced_by(item, template)
            elif key == "Fn::GetAtt":
                found |= replaced_by(item[0] if isinstance(item, list) else item.split(".")[0], template)
            elif key == "Fn::If":
                condition = template["Conditions"][item[0]]
                found |= parameters_in(condition, template) | parameters_in(item[1:], template)
            elif key == "Fn::Sub":
                text = item if isinstance(item, str) else item[0]
                own = item[1].keys() if isinstance(item, list) else set()
                for name in set(re.findall(r"\$\{(\w+)(?:\.\w+)*\}", text)) - own:
                    found |= {name} & template["Parameters"].keys() or replaced_by(name, template)
                found |= parameters_in(item[1:] if isinstance(item, list) else [], template)
            else:
                found |= parameters_in(item, template)
    elif isinstance(value, list):
        for item in value:
            found |= parameters_in(item, template)
    return found


def settings_that_publish_no_version(template: Template) -> Iterator[str]:
    """SAM does not see what a parameter's value changes: the version's description has to tell it."""
    common = template["Globals"]["Function"]
    for name, function in of_types(template, ["AWS::Serverless::Function"]):
        properties = {**common, **function["Properties"]}
        properties["Environment"] = [common.get("Environment"), function["Properties"].get("Environment")]
        # It is the function's and no version's.
        properties.pop("ReservedConcurrentExecutions", None)
        described = parameters_in(properties.pop("VersionDescription", {}), template)
        for parameter in sorted(parameters_in(properties, template) - described):
            yield f"{name}: a change of {parameter} would not reach the alias"


class EveryTemplate(unittest.TestCase):
    def test_explains_its_parameters(self) -> None:
        for name, template in TEMPLATES.items():
            with self.subTest(template=name):
                self.assertEqual(list(unexplained_parameters(template)), [])

    def test_keeps_data_and_says_what_becomes_of_the_rest(self) -> None:
        for name, template in TEMPLATES.items():
            with self.subTest(template=name):
                self.assertEqual(list(careless_data(template)), [])

    def test_is_refused_where_a_type_of_it_is_not_known(self) -> None:
        for name, template in TEMPLATES.items():
            with self.subTest(template=name):
                self.assertEqual(list(unknown_types(template)), [])

    def test_takes_nothing_from_others(self) -> None:
        for name, template in TEMPLATES.items():
            with self.subTest(template=name):
                self.assertEqual(list(taken_from_others(template)), [])

    def test_publishes_a_version_when_a_setting_changes(self) -> None:
        for name, template in TEMPLATES.items():
            with self.subTest(template=name):
                self.assertEqual(list(settings_that_publish_no_version(template)), [])


class ACarelessChange(unittest.TestCase):
    def test_that_takes_a_role_from_others_is_noticed(self) -> None:
        template = copy.deepcopy(TEMPLATES["private-api.yaml"])
        template["Resources"]["ApiLogRole"]["DeletionPolicy"] = "RetainExceptOnCreate"
        self.assertEqual(list(taken_from_others(template)), ["ApiLogRole goes when the stack's creation fails"])

    def setUp(self) -> None:
        self.template = copy.deepcopy(TEMPLATES["audit.yaml"])

    def test_that_adds_a_parameter_without_a_word_is_noticed(self) -> None:
        self.template["Parameters"]["New"] = {"Type": "String"}
        expected = ["New has no description", "New stands in 0 groups", "New has no label"]
        self.assertEqual(list(unexplained_parameters(self.template)), expected)

    def test_that_loses_data_is_noticed(self) -> None:
        resources = self.template["Resources"]
        resources["UploadBucket"]["DeletionPolicy"] = "Delete"
        del resources["OperationsKey"]["UpdateReplacePolicy"]
        del resources["PiiDetectorLogGroup"]["Properties"]["RetentionInDays"]
        expected = [
            "OperationsKey does not say its UpdateReplacePolicy",
            "UploadBucket is not kept",
            "PiiDetectorLogGroup keeps its logs for ever",
        ]
        self.assertEqual(list(careless_data(self.template)), expected)

    def test_that_tells_of_no_region_without_a_type_is_noticed(self) -> None:
        rule = self.template["Rules"]["AlertsGoThroughPipes"]
        rule["Assertions"][0]["Assert"]["Fn::Not"][0]["Fn::Contains"][0].remove("mx-central-1")
        noticed = list(unknown_types(self.template))
        expected = "FindingPipe: mx-central-1 has no AWS::Pipes::Pipe, and no rule says so"
        self.assertEqual(noticed[0], expected)
        streaming = copy.deepcopy(TEMPLATES["streaming.yaml"])
        streaming["Rules"]["FunctionUrlsExistHere"]["RuleCondition"] = {"Fn::Equals": [{"Ref": "Access"}, "token"]}
        self.assertNotEqual(list(unknown_types(streaming)), [])

    def test_that_leaves_a_bucket_behind_a_failed_creation_is_noticed(self) -> None:
        self.template["Resources"]["UploadBucket"]["DeletionPolicy"] = "Retain"
        self.assertEqual(list(careless_data(self.template)), ["UploadBucket is not kept"])

    def test_that_forgets_what_makes_another_network_is_noticed(self) -> None:
        template = copy.deepcopy(TEMPLATES["private-api.yaml"])
        description = template["Resources"]["GenerateApi"]["Properties"]["VersionDescription"]
        text = json.dumps(description).replace("${Cidr} ${FirstZone}", "").replace('{"Ref": "VpcCidr"}', '""')
        text = text.replace('"NamesCidr"', '"NamesGuardrail"')
        template["Resources"]["GenerateApi"]["Properties"]["VersionDescription"] = json.loads(text)
        self.assertEqual(
            list(settings_that_publish_no_version(template)),
            [f"GenerateApi: a change of {parameter} would not reach the alias" for parameter in ["FirstZone", "VpcCidr"]],
        )

    def test_that_forgets_a_setting_in_the_versions_description_is_noticed(self) -> None:
        description = self.template["Resources"]["PiiDetector"]["Properties"]["VersionDescription"]
        text = json.dumps(description).replace("${MinimumConfidence}", "").replace("${LogLevel}", "")
        self.template["Resources"]["PiiDetector"]["Properties"]["VersionDescription"] = json.loads(text)
        expected = ["LogLevel", "MinimumConfidence"]
        self.assertEqual(
            list(settings_that_publish_no_version(self.template)),
            [f"PiiDetector: a change of {parameter} would not reach the alias" for parameter in expected],
        )


if __name__ == "__main__":
    unittest.main()
