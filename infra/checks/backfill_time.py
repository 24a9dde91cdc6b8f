"""How long a backfill of so many objects takes by AWS's quotas, and which of them binds: a calculation.

    python3 -B infra/checks/backfill_time.py [OBJECTS]

Nothing of it was measured on AWS. A quota with a rate binds by what an object takes of it; one of things at a time by how long
an object holds them. The work of an object is docs/deploy.md's estimate of an upload, without the summary by a model.
"""

import sys
from dataclasses import dataclass, replace

import costs

# Of pii-detector, which reads with its share of a processor and waits for its model, and of log-summarizer and alert-composer, which ask none.
FUNCTION_SECONDS = costs.OWN + costs.WAITING + costs.reading() * costs.PROCESSOR_GB / costs.MEMORY_GB[True] + 0.2 + 0.2
# From the start of the child to its end.
CHILD_SECONDS = 12.0
# What Bedrock counts a token of the answer as, of the newer Claudes.
BURNDOWN = 5
# A claim and a record, and two writes of the backfill's own item.
WRITE_UNITS, WRITES_OF_ONE_ITEM = 5 + 2, 2


@dataclass(frozen=True)
class Quotas:
    """What an account has in a Region."""

    # Of Bedrock, for pii-detector's model.
    tokens_per_minute: int
    # Of Lambda.
    concurrent_functions: int
    # Of Step Functions: transitions and starts of standard executions in a second.
    transitions: int
    starts: int
    # Children of one Distributed Map at a time, and their starts in a second.
    children: int = 10_000
    child_starts: int = 100
    # Of DynamoDB, for an on-demand table, in a second.
    write_units: int = 40_000
    # The same of one item, in each backfill.
    write_units_of_one_item: int = 1_000


# The large Regions are us-east-1, us-west-2 and eu-west-1. What Bedrock gives differs by account and model: these are examples.
NEW = Quotas(tokens_per_minute=200_000, concurrent_functions=10, transitions=800, starts=150)
USUAL = Quotas(tokens_per_minute=4_000_000, concurrent_functions=1_000, transitions=5_000, starts=300)
ACCOUNTS = {
    "a new account": NEW,
    "the usual quotas, a large Region": USUAL,
    "the same, another Region": replace(USUAL, transitions=800, starts=150),
    "tokens raised to 20 million": replace(USUAL, tokens_per_minute=20_000_000),
    "tokens raised to 100 million": replace(USUAL, tokens_per_minute=100_000_000),
    "and two backfills side by side": replace(
        USUAL, tokens_per_minute=100_000_000, children=20_000, child_starts=200, write_units_of_one_item=2_000
    ),
}


def judgement_tokens() -> float:
    """Of the tokens a minute, what one judgement takes."""
    into, out = costs.judgement()
    return into + BURNDOWN * out


def rates(quotas: Quotas) -> dict[str, float]:
    """How many objects a second each quota lets through."""
    return {
        "Bedrock's tokens a minute": quotas.tokens_per_minute / 60 / judgement_tokens(),
        "Lambda's concurrent executions": quotas.concurrent_functions / FUNCTION_SECONDS,
        "Step Functions' state transitions": quotas.transitions / (costs.TRANSITIONS + costs.CHILD_TRANSITIONS),
        "Step Functions' starts of executions": quotas.starts,
        "starts of a map's children": quotas.child_starts,
        "a map's children at a time": quotas.children / CHILD_SECONDS,
        "DynamoDB's write units": quotas.write_units / WRITE_UNITS,
        "DynamoDB's write units of one item": quotas.write_units_of_one_item / WRITES_OF_ONE_ITEM,
    }


def binding(quotas: Quotas) -> list[tuple[str, float]]:
    """The quotas by how many objects a second they let through, the one that binds first."""
    return sorted(rates(quotas).items(), key=lambda rate: rate[1])


def duration(seconds: float) -> str:
    """A time for people."""
    return f"{seconds / 86_400:.1f} days" if seconds > 172_800 else f"{seconds / 3_600:.0f} hours"


def table(objects: int) -> str:
    """The table as docs/reliability.md has it."""
    lines = ["| account | objects a second | what binds | next | done after |", "|---|---|---|---|---|"]
    for account, quotas in ACCOUNTS.items():
        (first, rate), (second, then) = binding(quotas)[:2]
        lines.append(f"| {account} | {rate:.1f} | {first} | {second}, at {then:.0f} | {duration(objects / rate)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000))
