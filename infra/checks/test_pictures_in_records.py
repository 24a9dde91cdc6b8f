"""Whether Bedrock's records hold the pictures of the audit: the call that docs/private-api.md gives tells, and what it says to
do about it keeps the audit's calls out.
"""

import base64
import gzip
import json
import re
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

from iam import many
from rendered import render
from resolved import Resolver
from roles import policies
from shapes import operation

ROOT = Path(__file__).parents[2]
DOCUMENTATION = (ROOT / "docs/private-api.md").read_text(encoding="utf-8")
AUDIT = render(ROOT / "infra/audit.yaml")
PRIVATE_API = render(ROOT / "infra/private-api.yaml")

SAMPLES = {"image/png": "id-card.png", "image/jpeg": "landscape.jpg"}


def asking(media_type: str | None) -> dict[str, Any]:
    """What the audit sends to InvokeModel, with a picture or without."""
    content = [{"type": "text", "text": 'What is in it? Not "data", /9j/ or iVBORw0 by themselves.'}]
    if media_type:
        data = base64.b64encode((ROOT / "samples" / SAMPLES[media_type]).read_bytes()).decode()
        content.insert(0, {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}})
    return {"anthropic_version": "bedrock-2023-05-31", "messages": [{"role": "user", "content": content}]}


class TheCallThatTells(unittest.TestCase):
    (command,) = [block for block in re.findall(r"^```sh\n(.*?)^```$", DOCUMENTATION, re.DOTALL | re.MULTILINE) if "iVBORw0" in block]

    def found(self, files: dict[str, str]) -> list[str]:
        """The files that the command's second half names; its first copies the bucket."""
        search = self.command.partition("&&")[2]
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder, "records", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(gzip.compress(text.encode()))
            done = subprocess.run(["sh", "-c", search], cwd=folder, capture_output=True, text=True, check=False)
            self.assertEqual(done.stderr, "")
            return sorted(line.removeprefix("records/") for line in done.stdout.split())

    def test_copies_the_bucket_of_the_records(self) -> None:
        self.assertIn('aws s3 sync "s3://$InvocationLogBucketName/" records', self.command)
        self.assertIn("InvocationLogBucketName", PRIVATE_API["Outputs"])

    def test_names_the_records_that_hold_a_picture_and_no_other(self) -> None:
        record = {"schemaType": "ModelInvocationLog", "operation": "InvokeModel"}
        files = {
            # A body is a document in its record, or, when it is large, one of its own.
            "a/with-png.json.gz": json.dumps({**record, "input": {"inputBodyJson": asking("image/png")}}, separators=(",", ":")),
            "a/with-jpeg.json.gz": json.dumps({**record, "input": {"inputBodyJson": asking("image/jpeg")}}),
            "large/data/body.json.gz": json.dumps(asking("image/jpeg")),
            "a/without.json.gz": json.dumps({**record, "input": {"inputBodyJson": asking(None)}}),
            "a/unlogged.json.gz": json.dumps({**record, "input": {"inputTokenCount": 1}}),
        }
        self.assertEqual(self.found(files), ["a/with-jpeg.json.gz", "a/with-png.json.gz", "large/data/body.json.gz"])


class TheAuditsCalls(unittest.TestCase):
    def regions(self, **chosen: str) -> set[str]:
        """The Regions in which the audit's functions ask Bedrock, by their settings and by their roles."""
        resolve = Resolver(AUDIT, **chosen)
        found = set()
        for function in AUDIT["Resources"].values():
            if function["Type"] != "AWS::Lambda::Function":
                continue
            variables = resolve(function["Properties"].get("Environment", {})).get("Variables", {})
            if "MODEL_ID" in variables:
                found.add(variables["BEDROCK_REGION"])
                role = function["Properties"]["Role"]["Fn::GetAtt"][0]
                for statement in policies(AUDIT, role, resolve)["Statement"]:
                    profiles = [each for each in many(statement["Resource"]) if ":inference-profile/" in each]
                    found |= {profile.split(":")[3] for profile in profiles}
        return found

    def test_are_made_in_another_region_when_it_is_named(self) -> None:
        self.assertEqual(self.regions(), {"us-east-1"})
        self.assertEqual(self.regions(BedrockRegion="eu-central-1", InferenceGeography="eu"), {"eu-central-1"})
        # What logs is a matter of the Region that is asked: the call that sets it names none.
        (member,) = operation("bedrock", "PutModelInvocationLoggingConfiguration").input_shape.members.values()
        self.assertIn("textDataDeliveryEnabled", member.members)
        self.assertFalse([name for name in member.members if "region" in name.lower()])

    def test_are_recorded_without_their_bodies_when_no_text_is_logged(self) -> None:
        resource = PRIVATE_API["Resources"]["ModelInvocationLogging"]
        for chosen in ["true", "false"]:
            self.assertEqual(Resolver(PRIVATE_API, LogText=chosen)(resource["Properties"])["LogText"], chosen)


if __name__ == "__main__":
    unittest.main()
