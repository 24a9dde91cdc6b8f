"""What a rendered template's references come to, with stand-ins for the names that AWS would give."""

import ipaddress
import itertools
import re
from typing import Any

from rendered import Template, holds
from shapes import Unknown

ACCOUNT = "111122223333"
REGION = "us-east-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "warden",
    "AWS::URLSuffix": "amazonaws.com",
}
# Where a reference to a resource is its ARN, and not its name.
REFERRED_TO_BY_ARN = {
    "AWS::Lambda::Alias",
    "AWS::Lambda::Version",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
    "AWS::SecretsManager::Secret",
}


def known(text: str, *parts: Any) -> str:
    """The text, which is known as far as its parts are."""
    return Unknown(text) if any(isinstance(part, Unknown) for part in parts) else text


class Resolver:
    """Resolves values of a template with the defaults of its parameters, or the chosen ones."""

    def __init__(self, template: Template, **chosen: str) -> None:
        self.template = template
        defaults = {name: str(each.get("Default", "")) for name, each in template.get("Parameters", {}).items()}
        self.parameters = {**defaults, **PSEUDO, **chosen}

    def __call__(self, value: Any) -> Any:
        match value:
            case {"Ref": name}:
                return None if name == "AWS::NoValue" else self.parameters[name] if name in self.parameters else self.reference(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self.attribute(name, attribute)
            case {"Fn::GetAtt": str(text)}:
                return self.attribute(*text.split(".", 1))
            case {"Fn::Sub": str(text)}:
                return self.substituted(text, {})
            case {"Fn::Sub": [text, names]}:
                return self.substituted(text, {name: self(each) for name, each in names.items()})
            case {"Fn::If": [condition, when, otherwise]}:
                return self(when if self.holds(condition) else otherwise)
            case {"Fn::FindInMap": [name, first, second]}:
                return self.template["Mappings"][self(name)][self(first)][self(second)]
            case {"Fn::Join": [separator, values]}:
                parts = self(values)
                return known(separator.join(parts), *parts)
            case {"Fn::Select": [at, values]}:
                return self(values)[int(at)]
            case {"Fn::Split": [separator, text]}:
                whole = self(text)
                return [known(part, whole) for part in whole.split(separator)]
            case {"Fn::GetAZs": _}:
                return [f"{REGION}{zone}" for zone in "abc"]
            case {"Fn::Cidr": [block, count, bits]}:
                subnets = ipaddress.ip_network(self(block)).subnets(new_prefix=32 - int(self(bits)))
                return [str(subnet) for subnet in itertools.islice(subnets, int(self(count)))]
            case dict():
                items = ((key, self(item)) for key, item in value.items())
                return {key: item for key, item in items if item is not None}
            case list():
                return [item for item in map(self, value) if item is not None]
        return value

    def holds(self, condition: str) -> bool:
        return holds({"Condition": condition}, self.template.get("Conditions", {}), self.parameters, self.template.get("Mappings", {}))

    def substituted(self, text: str, names: dict[str, str]) -> str:
        parts = []

        def one(found: re.Match[str]) -> str:
            name = found[1]
            parts.append(names[name] if name in names else self({"Fn::GetAtt": name} if "." in name else {"Ref": name}))
            return str(parts[-1])

        return known(re.sub(r"\$\{([\w:.]+)\}", one, text), *parts)

    def reference(self, name: str) -> str:
        return self.arn(name) if self.template["Resources"][name]["Type"] in REFERRED_TO_BY_ARN else self.name(name)

    def attribute(self, name: str, attribute: str) -> str:
        if attribute == "FunctionUrl":
            return Unknown(f"https://{name.lower()}.lambda-url.{REGION}.on.aws/")
        if attribute in ("Arn", "TopicArn", "TableArn", "QueueArn"):
            return self.arn(name)
        return Unknown(f"{self.name(name)}.{attribute}")

    def name(self, name: str) -> str:
        """The name that the template gives a resource, or a stand-in for AWS's own."""
        resource = self.template["Resources"][name]
        kind = resource["Type"].rsplit("::", 1)[-1]
        given = resource.get("Properties", {}).get(f"{kind}Name")
        return self(given) or Unknown(name.lower() if kind == "Bucket" else name)

    def arn(self, name: str) -> str:
        return Unknown(self.arn_of(name))

    def arn_of(self, name: str) -> str:
        resource = self.template["Resources"][name]
        properties = resource.get("Properties", {})
        match resource["Type"].split("::")[1:]:
            case ["S3", "Bucket"]:
                return f"arn:aws:s3:::{self.name(name)}"
            case ["IAM", "Role"]:
                return f"arn:aws:iam::{ACCOUNT}:role/{self.name(name)}"
            case ["Lambda", "Function"]:
                return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name(name)}"
            case ["Lambda", "Alias"]:
                return f"{self.arn(properties['FunctionName']['Ref'])}:{properties['Name']}"
            case ["Logs", "LogGroup"]:
                # CloudFormation's attribute ends so.
                return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self.name(name)}:*"
            case ["DynamoDB", "Table"]:
                return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{self.name(name)}"
            case ["KMS", "Key"]:
                return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}"
            case [service, _]:
                return f"arn:aws:{service.lower()}:{REGION}:{ACCOUNT}:{self.name(name)}"
        raise ValueError(f"{name}: no ARN is known of {resource['Type']}")
