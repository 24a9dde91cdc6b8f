// The golden page of the evaluation in a browser: node --test crates/evaluation/page-test/page.test.mjs

import assert from "node:assert/strict";
import { test } from "node:test";

import { browser, holdOf, open, skip } from "../../report/page-test/pages.mjs";

const page = new URL("../tests/evaluation/snapshots/evaluation__page__two_judges.snap.html", import.meta.url);

holdOf({ evaluation: page });

test("what was missed is shown with a rectangle for what is there and for what was told", { skip, timeout: 60_000 }, async () => {
  await open(page);
  const drawn = `[...document.querySelectorAll(".pictures svg")].map(each => {
    const { width, height } = each.getBoundingClientRect();
    return width > 100 && height > 50 && each.querySelectorAll("image").length === 1;
  })`;
  const pictures = await browser.evaluate(drawn);
  assert.ok(pictures.length >= 2 && pictures.every(Boolean), JSON.stringify(pictures));
  const strokes = `["there", "told"].map(name => getComputedStyle(document.querySelector("rect." + name)).stroke)`;
  const [there, told] = await browser.evaluate(strokes);
  assert.ok(there !== told && there !== "none" && told !== "none", `${there} ${told}`);
});
