"""Who may take the role that docs/deploy.md has deploy from GitHub: the policy that it shows is asked."""

import json
import re
import textwrap
import unittest
from pathlib import Path

from iam import decision

DOCUMENTATION = (Path(__file__).parents[2] / "docs/deploy.md").read_text(encoding="utf-8")
PROVIDER = "token.actions.githubusercontent.com"


class TheTrustOfTheDeployingRole(unittest.TestCase):
    (block,) = [each for each in re.findall(r"^ +```json\n(.*?)^ +```$", DOCUMENTATION, re.DOTALL | re.MULTILINE) if PROVIDER in each]
    policy = json.loads(textwrap.dedent(block))

    def taking(self, subject: str, audience: str = "sts.amazonaws.com") -> str:
        request = {
            "principal": f"arn:aws:iam::111122223333:oidc-provider/{PROVIDER}",
            "action": "sts:AssumeRoleWithWebIdentity",
            "resource": "",
        }
        return decision(self.policy, request, {f"{PROVIDER}:aud": audience, f"{PROVIDER}:sub": subject})

    def test_knows_repositories_by_name_and_by_id(self) -> None:
        # GitHub's subject has ids in it for repositories that were made, renamed or moved since July 2026.
        for subject in [
            "repo:OWNER/REPOSITORY:environment:production",
            "repo:OWNER@OWNER_ID/REPOSITORY@REPOSITORY_ID:environment:production",
        ]:
            self.assertEqual(self.taking(subject), "Allow", subject)

    def test_lets_in_nothing_else_of_the_repository_and_no_other(self) -> None:
        for subject in [
            "repo:OWNER/REPOSITORY:ref:refs/heads/main",
            "repo:OWNER/REPOSITORY:environment:test",
            "repo:OWNER/REPOSITORY:pull_request",
            "repo:OWNER@OWNER_ID/OTHER@REPOSITORY_ID:environment:production",
            "repo:SOMEBODY/REPOSITORY:environment:production",
        ]:
            self.assertEqual(self.taking(subject), "None", subject)
        self.assertEqual(self.taking("repo:OWNER/REPOSITORY:environment:production", "https://github.com/OWNER"), "None")


if __name__ == "__main__":
    unittest.main()
