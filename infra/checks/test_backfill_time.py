"""How long a backfill takes by AWS's quotas."""

import unittest
from dataclasses import replace

import costs
from backfill_time import ACCOUNTS, FUNCTION_SECONDS, USUAL, binding, duration, judgement_tokens, rates, table


class BackfillTime(unittest.TestCase):
    def test_the_smallest_rate_binds(self):
        for account, quotas in ACCOUNTS.items():
            with self.subTest(account):
                self.assertEqual(binding(quotas)[0][1], min(rates(quotas).values()))

    def test_what_is_raised_binds_later_or_no_more(self):
        (first, rate), *_ = binding(USUAL)
        self.assertEqual(first, "Bedrock's tokens a minute")
        raised = binding(replace(USUAL, tokens_per_minute=10 * USUAL.tokens_per_minute))
        self.assertGreater(raised[0][1], rate)

    def test_is_the_documentations(self):
        document = (costs.ROOT / "docs/reliability.md").read_text()
        self.assertIn(table(10_000_000), document)
        transitions = costs.TRANSITIONS + costs.CHILD_TRANSITIONS
        for figure in [
            f"{FUNCTION_SECONDS:.1f} s of functions",
            f"{judgement_tokens():,.0f} of Bedrock's tokens",
            f"{transitions} state transitions",
        ]:
            self.assertIn(figure, document)

    def test_a_time_is_written_for_people(self):
        self.assertEqual((duration(7_200), duration(864_000)), ("2 hours", "10.0 days"))
