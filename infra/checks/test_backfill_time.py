"""How long a backfill takes by AWS's quotas."""

import unittest
from dataclasses import replace

from backfill_time import ACCOUNTS, USUAL, binding, duration, rates


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

    def test_a_plain_upload_that_is_not_summarised_takes_fewer_tokens(self):
        tokens = "Bedrock's tokens a minute"
        self.assertGreater(rates(replace(USUAL, summarise=False))[tokens], rates(USUAL)[tokens])

    def test_a_time_is_written_for_people(self):
        self.assertEqual((duration(7_200), duration(864_000)), ("2 hours", "10.0 days"))
