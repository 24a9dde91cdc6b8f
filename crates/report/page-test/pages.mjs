// What holds of every page that is made of the parts in crates/report: it fits, it can be read, it loads nothing.
//
// Needs Chromium (CHROMIUM names one that is not on the path; without any the tests are skipped).
// With PICTURES=DIR each page is also written there as pictures.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { Browser, installed } from "../../functions/bedrock-stream/page-test/browser.mjs";

const program = installed();
export const skip = program ? false : "no Chromium on this machine: install it, or name it in CHROMIUM";
const SCHEMES = ["light", "dark"];
const WIDTHS = [1280, 375];

export let browser;

before(async () => {
  if (skip) return;
  browser = await Browser.open(program);
  await browser.send("Emulation.setScrollbarsHidden", { hidden: true });
});

after(() => browser?.close());

/** Opens a golden page: a URL of a file. */
export async function open(page, { scheme = "light", width = 1280, media = "" } = {}) {
  const features = [{ name: "prefers-color-scheme", value: scheme }];
  await browser.send("Emulation.setEmulatedMedia", { media, features });
  await browser.send("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: width < 600 });
  await browser.send("Page.navigate", { url: "about:blank" });
  await browser.goto(page.href);
}

/** Keeps a picture of the page where PICTURES names a folder. */
export async function picture(name) {
  if (!process.env.PICTURES) return;
  const { data } = await browser.send("Page.captureScreenshot", { captureBeyondViewport: true });
  writeFileSync(`${process.env.PICTURES}/${name}.png`, Buffer.from(data, "base64"));
}

/** Runs in the page: every text whose contrast with what lies behind it is below 4.5:1. */
export function faint() {
  const parsed = colour => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parsed(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const element = text.parentElement;
    if (!text.data.trim() || element.closest("svg")) continue;
    const [one, other] = [light(parsed(getComputedStyle(element).color)), light(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) found.push(`${contrast.toFixed(2)} ${text.data}`);
  }
  return found;
}

/** What holds of every page: `pages` by their names, each the URL of a file. */
export function holdOf(pages) {
  for (const [name, page] of Object.entries(pages)) {
    for (const scheme of SCHEMES) {
      for (const width of WIDTHS) {
        test(`${name}: fits ${width} pixels and can be read, ${scheme}`, { skip, timeout: 60_000 }, async () => {
          await open(page, { scheme, width });
          assert.equal(await browser.evaluate("document.documentElement.scrollWidth"), width);
          const cut = `[...document.querySelectorAll("section *, .tile *")].filter(each => !each.closest(".hidden, svg, caption, thead")
            && each.getBoundingClientRect().right > innerWidth).map(each => each.outerHTML.slice(0, 100))`;
          assert.deepEqual(await browser.evaluate(cut), []);
          assert.deepEqual(await browser.evaluate(`(${faint})()`), []);
          await picture(`${name}-${width}-${scheme}`);
        });
      }
    }

    test(`${name}: every table has a caption, every chart its words, every heading its level`, { skip, timeout: 60_000 }, async () => {
      await open(page);
      const unnamed = `[...document.querySelectorAll("table")].filter(each => !each.caption?.textContent.trim()).length
        + [...document.querySelectorAll("svg")].filter(each => each.ariaHidden !== "true" && !(each.getAttribute("role") === "img" && each.ariaLabel)).length
        + [...document.querySelectorAll("th")].filter(each => !each.scope).length`;
      assert.equal(await browser.evaluate(unnamed), 0);
      const levels = await browser.evaluate(`[...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map(each => each.tagName).join(" ")`);
      assert.match(levels, /^H1( H2)+$/);
      assert.equal(await browser.evaluate("document.documentElement.lang"), "en");
    });

    test(`${name}: runs nothing, loads nothing, and nothing is complained of`, { skip, timeout: 60_000 }, async () => {
      await open(page);
      const loaded = `performance.getEntriesByType("resource").length + document.querySelectorAll("script, link, iframe, object, img").length
        + [...document.querySelectorAll("[src], [href], [onload], [onclick], [onerror]")].filter(each => !each.getAttribute("href")?.startsWith("data:image/jpeg;base64,")).length`;
      assert.equal(await browser.evaluate(loaded), 0);
      assert.deepEqual(browser.complaints, []);
    });
  }
}
