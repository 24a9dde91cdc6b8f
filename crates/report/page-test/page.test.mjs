// The golden pages of the report in a browser: node --test crates/report/page-test/page.test.mjs

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";

import { browser, faint, holdOf, open, skip } from "./pages.mjs";

const page = name => new URL(`../tests/report/snapshots/report__page__${name}.snap.html`, import.meta.url);
const busy = page("busy");

holdOf({ busy, one: page("one"), nothing: page("nothing") });

test("a table becomes a list on a narrow screen and is still a table", { skip, timeout: 60_000 }, async () => {
  await open(busy, { width: 375 });
  const { nodes } = await browser.send("Accessibility.getFullAXTree");
  const roles = nodes.filter(node => !node.ignored).map(node => node.role?.value);
  assert.ok(roles.includes("table") && roles.includes("columnheader"), [...new Set(roles)].join(" "));
  assert.ok(roles.filter(role => role === "cell").length > 50);
});

test("it is printed on white, without what only a screen can open", { skip, timeout: 60_000 }, async () => {
  await open(busy, { scheme: "dark", media: "print" });
  assert.equal(await browser.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
  assert.equal(await browser.evaluate("getComputedStyle(document.querySelector('details')).display"), "none");
  assert.deepEqual(await browser.evaluate(`(${faint})()`), []);
  const { data } = await browser.send("Page.printToPDF", { printBackground: true });
  if (process.env.PICTURES) writeFileSync(`${process.env.PICTURES}/busy.pdf`, Buffer.from(data, "base64"));
});
