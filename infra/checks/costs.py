"""What a million uploads cost: the table in docs/deploy.md.

    python3 -B infra/checks/costs.py

Nothing of it was measured on AWS. Prices of models are those of crates/core/src/bedrock/prices.rs; prompts were counted, see PROMPTS.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODEL = "anthropic.claude-haiku-5-5"

# Characters of a prompt as its snapshot has it (role, question, schema), and their tokens as @anthropic-ai/tokenizer 0.0.4 counts
# them. That is the tokenizer of older models: newer ones count up to a third more, so 35 % are added.
PROMPTS = {"judgement": (1_715, 421), "summary": (1_656, 449)}
SNAPSHOTS = {
    "judgement": "crates/core/src/pii/snapshots/warden_core__pii__question__tests__schema_without_thinking.snap",
    "summary": "crates/core/src/audit/summary/snapshots/warden_core__audit__summary__tests__upload_by_schema.snap",
}
MARGIN = 1.35
# Answers, counted likewise: none found; three findings; a summary of three sentences.
CLEAN_ANSWER, PII_ANSWER, SUMMARY_ANSWER = 10, 63, 90


@dataclass(frozen=True)
class Picture:
    """A kind of picture among the uploads."""

    share: float
    what: str
    # By width x height / 750, and 4,000 at most.
    tokens: int
    megabytes: float
    # Seconds of a processor that reading text and faces in code adds: docs/performance.md.
    reading: float


MIX = [
    Picture(0.25, "photographs of a phone, 12 megapixels", 4_000, 3.0, 0.76),
    Picture(0.50, "pictures as sites and messengers scale them, 1600 x 1200", 2_560, 0.4, 0.48),
    Picture(0.15, "screenshots of a phone, 1080 x 2400", 3_456, 0.8, 0.94),
    Picture(0.10, "small pictures, 800 x 600", 640, 0.1, 0.32),
]
# Of these, so many hold personal data, and so many have the bytes of one before.
PII, REPEATED = 0.10, 0.05
# Of those with personal data, what is read in code decides so many: docs/evaluation.md, of the generated pictures ("decided").
DECIDED = 0.32
# pii-detector's memory, by whether it reads text and faces, and that at which Lambda gives a function a whole processor, in GB.
MEMORY_GB, PROCESSOR_GB = {True: 576 / 1_024, False: 512 / 1_024}, 1_769 / 1_024
# Dollars for a million GB-seconds, arm64.
PER_GB_SECOND = 13.3334
# Seconds of pii-detector's beside reading text and faces: its own, and until the model has answered.
OWN, WAITING = 0.5, 3.5


def prices(geography: str = "us.") -> tuple[float, float]:
    """US dollars for a million tokens into and out of the model."""
    text = (ROOT / "crates/core/src/bedrock/prices.rs").read_text()
    (row,) = re.findall(rf'\("{re.escape(MODEL)}", ([\d.]+), ([\d.]+), ([\d.]+)\)', text)
    times = 1.0 if geography == "global." else float(row[2])
    return round(float(row[0]) * times, 6), round(float(row[1]) * times, 6)


def tokens(counted: float) -> int:
    """Tokens of a newer model."""
    return round(counted * MARGIN)


@dataclass(frozen=True)
class Row:
    what: str
    need: str
    price: str
    dollars: float


def of_tokens(tokens_in: float, tokens_out: float, geography: str = "us.") -> float:
    """What a million calls with so many tokens cost."""
    into, out = prices(geography)
    return tokens_in * into + tokens_out * out


def judgement() -> tuple[float, float]:
    """Tokens into and out of the model for one picture of the mix that is judged."""
    picture = sum(kind.share * kind.tokens for kind in MIX)
    answer = tokens((1 - PII) * CLEAN_ANSWER + PII * PII_ANSWER)
    return tokens(PROMPTS["judgement"][1]) + picture, answer


def summary() -> tuple[float, float]:
    """Tokens of one summary."""
    return tokens(PROMPTS["summary"][1]), tokens(SUMMARY_ANSWER)


# Of a clean image, and of the child of a backfill's map that starts its audit: the states, and the start of the execution.
TRANSITIONS, CHILD_TRANSITIONS = 7, 5
PER_TRANSITION = 25.0


def judged(floor: bool) -> float:
    """The share of pictures that the model is asked about: bytes that it has judged before are known, and so is what code decides."""
    return (1 - REPEATED) * (1 - PII * DECIDED * floor)


def reading() -> float:
    """Seconds of a processor that reading text and faces takes of a picture of the mix. Known bytes are not read."""
    return (1 - REPEATED) * sum(kind.share * kind.reading for kind in MIX)


def beside_models(summarised: bool = True, floor: bool = True) -> list[Row]:
    """What else AWS bills for a million uploads. A summary by record and rules alone takes a tenth of one that a model writes."""
    summary = 2.0 if summarised else 0.2
    detection = OWN + WAITING * judged(floor)
    functions = summary * 0.25 + detection * MEMORY_GB[floor] + 0.2 * 0.125
    read = [Row("reading text and faces, Lambda, arm64", f"{reading():.2f} s of a processor, which is {PROCESSOR_GB:.2f} GB", "0.0000133334 per GB-s ³", reading() * PROCESSOR_GB * PER_GB_SECOND)]
    return [
        Row("Step Functions", f"{TRANSITIONS} state transitions of a clean image (8 with a deletion, 11 with quarantine)", "0.025 per 1,000 ²", TRANSITIONS * PER_TRANSITION),
        Row("ledger", "a claim on two conditions (4 write units) and a record of 1 KB (1), kept 400 days, with its backup", "0.625 per million write units, 0.25 and 0.20 per GB and month ⁵", 5 * 0.625 + 0.45 * 13),
        Row("verdicts on bytes", "two read units before a judgement, a write unit after it, 0.5 KB kept 90 days (`ReuseVerdicts`)", "0.125 and 0.625 per million units ⁵", 2 * 0.125 + 0.625 + 0.5 * 0.25 * 3),
        Row("Lambda, arm64", f"{summary:g} s × 0.25 GB + {detection:.1f} s × {MEMORY_GB[floor]:.2f} GB + 0.2 s × 0.125 GB, mostly waiting for the model; 3 requests", "0.0000133334 per GB-s, 0.20 per million ³", functions * PER_GB_SECOND + 3 * 0.20),
        *(read if floor else []),
        Row("CloudTrail data events", "1 write (2 with a deletion)", "0.10 per 100,000 ⁴", 1.0),
        Row("S3", "1 GetObject (2 of a clean image with `PiiFloor=off`: for the model, and for barcodes)", "0.0004 per 1,000 ⁵", 0.4 if floor else 0.8),
        Row("SNS", "1 message; delivery to SQS and Lambda is free", "0.50 per million ⁶", 0.5),
        Row("CloudWatch Logs", "4 KB", "0.50 per GB ⁷", 2.0),
        Row("X-Ray", "5 % of the traces", "5.00 per million ⁵", 0.25),
    ]


def models(geography: str = "us.", floor: bool = True) -> list[Row]:
    """What the models cost for a million uploads."""
    into, out = prices(geography)
    price = f"{into:g} in, {out:g} out per million tokens ¹"
    (summary_in, summary_out), (judged_in, judged_out) = summary(), judgement()
    prompt = tokens(PROMPTS["judgement"][1])
    return [
        Row("summary, model", f"{summary_in} tokens in, {summary_out} out", price, of_tokens(summary_in, summary_out, geography)),
        Row(
            "judgement, model",
            f"{prompt} tokens of question and schema + {judged_in - prompt:,.0f} of the picture ⁸ in, {judged_out} out; {judged(floor):.1%} are asked about",
            price,
            judged(floor) * of_tokens(judged_in, judged_out, geography),
        ),
    ]


def gigabytes() -> float:
    return sum(kind.share * kind.megabytes for kind in MIX) * 1e3


def total(geography: str = "us.", summarised: bool = True, floor: bool = True) -> float:
    rows = models(geography, floor)[0 if summarised else 1 :] + beside_models(summarised, floor)
    return sum(row.dollars for row in rows)


def requirement() -> float:
    """The design that this project's requirement describes, with the same model: no ledger, no alert of a clean picture, six state
    transitions, the whole event in the prompt, and a model that is left to think (300 tokens of an answer)."""
    pictures = sum(kind.share * kind.tokens for kind in MIX)
    # Assumed, not counted: 900 tokens of an event of CloudTrail with its question, 150 of a question without a schema, 300 of
    # an answer with its thinking; 2.5 GB-s of its functions. Then 0.4 for each of GetObject and two requests to Lambda, and the data event as above.
    return of_tokens(900, 300) + of_tokens(pictures + 150, 300) + 6 * PER_TRANSITION + 2.5 * 13.3334 + 0.4 + 1.0 + 0.4


def table() -> str:
    """The table as docs/deploy.md has it."""
    lines = ["| what | estimate | price | a million |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.need} | {row.price} | **{row.dollars:,.1f}** |" for row in models() + beside_models()]
    lines += [f"| **together**, without e-mail | | | **about {total():,.0f}** |"]
    lines += [
        "",
        "| beside it | a million |",
        "|---|---|",
        f"| with `SummarizeWithModel=risky` | {total(summarised=False):,.0f} |",
        f"| with `InferenceGeography=global` | {total('global.'):,.0f} |",
        f"| with both | {total('global.', False):,.0f} |",
        f"| with `PiiFloor=off` | {total(floor=False):,.0f} |",
        f"| the design that the requirement describes, with the same model: its tokens are assumed, not counted ¹⁰ | {requirement():,.0f} |",
        f"| GuardDuty Malware Protection for S3 (malware alone): 0.215 per 1,000 objects, 0.09 per GB ⁹ | {215 + 0.09 * gigabytes():,.0f} |",
        f"| Macie (no images): 1.00 per GB ⁹ | {gigabytes():,.0f} |",
    ]
    return "\n".join(lines)


def by_memory() -> str:
    """What pii-detector costs with more memory, as docs/performance.md has it: it reads faster, and waits for the model at a higher price."""
    lines = ["  | memory | of a processor | seconds of reading | seconds in all | dollars for a million |", "  |---|---|---|---|---|"]
    for name, memory in [("512 MB", MEMORY_GB[False]), ("576 MB", MEMORY_GB[True]), ("1,024 MB", 1.0), ("1,769 MB", PROCESSOR_GB)]:
        share = memory / PROCESSOR_GB
        seconds = OWN + WAITING * judged(floor=True) + reading() / share
        lines.append(f"  | {name} | {share:.2f} | {reading() / share:.1f} | {seconds:.1f} | {seconds * memory * PER_GB_SECOND:.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    for kind in MIX:
        print(f"{kind.share:.0%} {kind.what}: {kind.tokens:,} tokens, {kind.megabytes} MB")
    print(table())
    print(by_memory())
