"""docs/deploy.md's table of what a million uploads cost is what costs.py reckons, by prompts as they are."""

import json
import re
import unittest

import costs


class TheTable(unittest.TestCase):
    def test_is_the_documentations(self) -> None:
        document = (costs.ROOT / "docs/deploy.md").read_text()
        self.assertIn(costs.table(), document)
        for kind in costs.MIX:
            self.assertIn(f"| {kind.share:.0%} | {kind.what} | {kind.tokens:,} | {kind.megabytes:g} MB |", document)

    def test_of_pii_detectors_memory_is_the_documentations(self) -> None:
        document = (costs.ROOT / "docs/performance.md").read_text()
        self.assertIn(costs.by_memory(), document)
        template = (costs.ROOT / "infra/audit.yaml").read_text()
        detector = template.split("\n  PiiDetector:\n")[1].split("\n\n")[0]
        on, off = (f"{costs.MEMORY_GB[floor] * 1024:.0f}" for floor in (True, False))
        self.assertIn(f"MemorySize: !If [ReadsText, {on}, {off}]\n", detector)

    def test_counts_the_prompts_that_there_are(self) -> None:
        for name, path in costs.SNAPSHOTS.items():
            body = json.loads((costs.ROOT / path).read_text().split("\n---\n")[1])
            texts = [part["text"] for part in body["messages"][0]["content"] if part["type"] == "text"]
            schema = json.dumps(body["output_config"]["format"]["schema"], separators=(",", ":"))
            characters = len(body["system"]) + sum(map(len, texts)) + len(schema)
            # Whoever changes a prompt counts it anew.
            self.assertAlmostEqual(characters, costs.PROMPTS[name][0], delta=50, msg=name)

    def test_is_what_a_backfill_is_estimated_by(self) -> None:
        text = (costs.ROOT / "crates/core/src/backfill/estimate.rs").read_text()
        ((into, out),) = re.findall(r"const TOKENS: .* = \(([\d_.]+), ([\d_.]+)\);", text)
        (platform,) = re.findall(r"const PLATFORM_USD: f64 = ([\d_.]+);", text)
        expected = costs.judgement()
        self.assertAlmostEqual(float(into.replace("_", "")), expected[0], delta=10)
        self.assertAlmostEqual(float(out.replace("_", "")), expected[1], delta=1)
        # No data event, and a child of the map.
        rest = sum(row.dollars for row in costs.beside_models(summarised=False) if row.what != "CloudTrail data events")
        self.assertAlmostEqual(float(platform.replace("_", "")) * 1e6, rest + costs.CHILD_TRANSITIONS * costs.PER_TRANSITION, delta=5)

    def test_counts_the_states_of_a_backfills_child(self) -> None:
        states = json.loads((costs.ROOT / "statemachine/backfill.asl.json").read_text())["States"]
        child = states["Audit versions"]["ItemProcessor"]
        taken, name = 1, child["StartAt"]
        while name:
            taken, name = taken + 1, child["States"][name].get("Next")
        self.assertEqual(taken, costs.CHILD_TRANSITIONS)


if __name__ == "__main__":
    unittest.main()
