"""Many uploads at once, in an account with little room, are all judged."""

import copy
import json
import unittest
from pathlib import Path

from burst import simulate

DEFINITION = json.loads((Path(__file__).parents[2] / "statemachine/security-audit.asl.json").read_text(encoding="utf-8"))


class ManyUploadsAtOnce(unittest.TestCase):
    def test_are_all_judged_in_a_new_account(self) -> None:
        # Lambda gives new accounts 10 concurrent functions; 50 requests a minute are little for a model.
        for seed in range(1, 6):
            outcome = simulate(DEFINITION, uploads=500, concurrency=10, per_minute=50, seed=seed)
            self.assertEqual((outcome.judged, outcome.failed), (500, []), seed)
            self.assertLess(outcome.seconds, 90 * 60, seed)

    def test_would_not_be_without_patience(self) -> None:
        hasty = copy.deepcopy(DEFINITION)
        for state in hasty["States"].values():
            for retrier in state.get("Retry", []):
                if retrier["ErrorEquals"] == ["Lambda.TooManyRequestsException"]:
                    retrier |= {"IntervalSeconds": 1, "MaxAttempts": 5, "BackoffRate": 2, "MaxDelaySeconds": 20}
        outcome = simulate(hasty, uploads=500, concurrency=10, per_minute=50)
        self.assertNotEqual(outcome.failed, [])


if __name__ == "__main__":
    unittest.main()
