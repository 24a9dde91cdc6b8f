"""What becomes of many uploads at once, by the retriers of the definition: a simulation, in seconds of its own.

A function that finds no room is refused at once; a model whose minute is used up is told by the function a second later.
"""

import heapq
import random
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import Any

# What a try takes when it succeeds, and when the model is throttled, in seconds.
WORK = {"Summarize event": 4.0, "Detect PII": 6.0, "Publish alert": 0.2}
ASKS_THE_MODEL = ("Summarize event", "Detect PII")
THROTTLED_AFTER = 1.0


@dataclass
class Outcome:
    """How the uploads ended."""

    judged: int = 0
    unsummarised: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Upload:
    state: str = "Summarize event"
    tries: dict[int, int] = field(default_factory=dict)


def waits(retrier: dict[str, Any], attempt: int) -> float:
    """The longest wait before a try, of which full jitter takes a part."""
    wait = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2) ** attempt
    return min(wait, retrier.get("MaxDelaySeconds", wait))


def simulate(definition: dict[str, Any], uploads: int, concurrency: int, per_minute: int, seed: int = 1) -> Outcome:
    chance, order, outcome = random.Random(seed), count(), Outcome()
    running = 0
    asked: deque[float] = deque()
    events: list[tuple[float, int, str, Upload]] = [(0.0, next(order), "start", Upload()) for _ in range(uploads)]

    def after(seconds: float, what: str, upload: Upload) -> None:
        heapq.heappush(events, (now + seconds, next(order), what, upload))

    def refused(upload: Upload, error: str) -> None:
        for index, retrier in enumerate(definition["States"][upload.state]["Retry"]):
            if error in retrier["ErrorEquals"] or retrier["ErrorEquals"] == ["States.ALL"]:
                attempt = upload.tries.get(index, 0)
                if attempt < retrier.get("MaxAttempts", 3):
                    upload.tries[index] = attempt + 1
                    part = chance.random() if retrier.get("JitterStrategy") == "FULL" else 1.0
                    return after(waits(retrier, attempt) * part, "start", upload)
                break
        if upload.state == "Summarize event":
            # The record is summarised without the model; the upload is judged all the same.
            outcome.unsummarised += 1
            upload.state, upload.tries = "Detect PII", {}
            return after(0, "start", upload)
        outcome.failed.append(f"{upload.state}: {error}")
        return None

    while events:
        now, _, what, upload = heapq.heappop(events)
        if what == "start":
            if running == concurrency:
                refused(upload, "Lambda.TooManyRequestsException")
                continue
            running += 1
            while asked and asked[0] <= now - 60:
                asked.popleft()
            if upload.state in ASKS_THE_MODEL and len(asked) >= per_minute:
                after(THROTTLED_AFTER, "throttled", upload)
                continue
            if upload.state in ASKS_THE_MODEL:
                asked.append(now)
            after(WORK[upload.state], "done", upload)
            continue
        running -= 1
        if what == "throttled":
            refused(upload, "ModelThrottled")
            continue
        states = list(WORK)
        if upload.state == states[-1]:
            outcome.judged += 1
            outcome.seconds = max(outcome.seconds, now)
            continue
        upload.state, upload.tries = states[states.index(upload.state) + 1], {}
        after(0, "start", upload)
    return outcome
