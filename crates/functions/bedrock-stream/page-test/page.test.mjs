// The chat page in a browser, before the function itself and a stand-in for
// Bedrock: node --test crates/functions/bedrock-stream/page-test
//
// Needs Chromium (CHROMIUM names one that is not on the path; without any the
// tests are skipped) and the function's executable (cargo build --bin bedrock-stream).

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";

import { bedrock } from "./bedrock.mjs";
import { Browser, installed } from "./browser.mjs";
import { functionUrl } from "./function-url.mjs";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const executable = process.env.BEDROCK_STREAM ?? `${process.env.CARGO_TARGET_DIR ?? `${root}target`}/debug/bedrock-stream`;
const program = installed();
const skip = program ? false : "no Chromium on this machine: install it, or name it in CHROMIUM";
const SECRET = "a long random token";

let browser, model, lambda;

before(async () => {
  if (skip) return;
  assert.ok(existsSync(executable), `${executable} is not there: cargo build --bin bedrock-stream`);
  model = await bedrock();
  lambda = await functionUrl(executable, {
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: model.url,
    MODEL_ID: "us.anthropic.claude-haiku-5-5",
    ALLOWED_MODEL_IDS: "us.anthropic.claude-sonnet-5-5",
    CHAT_TOKEN_SHA256: createHash("sha256").update(SECRET).digest("hex"),
  });
});

beforeEach(async () => {
  if (skip) return;
  model.asked.length = 0;
  lambda.requests.length = 0;
  browser = await Browser.open(program);
  await browser.goto(lambda.url);
});

after(() => {
  lambda?.close();
  model?.close();
});

async function enter(token = SECRET) {
  await browser.until("document.activeElement.id === 'token'");
  await browser.type(token);
  await browser.press("Enter");
}

async function ask(question) {
  await browser.until("document.activeElement.id === 'prompt'");
  await browser.type(question);
  await browser.press("Enter");
}

const last = "(document.querySelector('article:last-of-type.assistant p')?.textContent ?? '')";
const idle = "document.querySelector('#stop').hidden";
const alerts = "Array.from(document.querySelectorAll('[role=alert]'), each => each.textContent).join('|')";

/** A test with a browser of its own, in which nothing is complained of. */
function page(name, run) {
  test(name, { skip, timeout: 120_000 }, async () => {
    try {
      await run();
      assert.deepEqual(browser.complaints, []);
    } finally {
      await browser.close();
    }
  });
}

page("asks for the token, and again for a wrong one", async () => {
  await enter("a guess");
  await browser.until("document.querySelector('#status').textContent.includes('not the token')");
  await enter();
  await browser.until("document.querySelector('#gate').hidden");
  assert.equal(await browser.evaluate("sessionStorage.getItem('warden-token')"), SECRET);
  assert.equal(await browser.evaluate("document.querySelector('#model').options.length"), 2);
  await browser.click("#forget");
  await browser.until("!document.querySelector('#gate').hidden");
  assert.equal(await browser.evaluate("sessionStorage.length"), 0);
});

page("takes no token that no header takes, and asks again", async () => {
  for (const quoted of ["\u201ca token\u201d", "\ud1a0\ud070"]) {
    await enter(quoted);
    await browser.until("document.querySelector('#status').textContent.includes('ASCII alone')");
    assert.equal(await browser.evaluate("sessionStorage.length"), 0);
    assert.equal(await browser.evaluate("document.querySelector('#gate').hidden"), false);
  }
  await enter(` ${SECRET} `);
  await browser.until("document.querySelector('#gate').hidden");
});

page("lets go of a token while the service cannot be reached", async () => {
  await browser.evaluate("sessionStorage.setItem('warden-token', '\u201cold\u201d')");
  await browser.goto(lambda.url);
  await browser.until("!document.querySelector('#forget').hidden");
  await browser.click("#forget");
  await browser.until("!document.querySelector('#gate').hidden");
});

page("keeps the token that is given while another is being refused", async () => {
  await browser.until("document.activeElement.id === 'token'");
  // The answer to the first that is entered is held back.
  await browser.evaluate(`{
    const asks = window.fetch;
    window.fetch = async (...request) => {
      window.fetch = asks;
      const response = await asks(...request);
      await new Promise(resolve => { window.release = resolve; });
      return response;
    };
  }`);
  await enter("a guess");
  await browser.until("'release' in window");
  await enter();
  await browser.until("document.querySelector('#gate').hidden");
  await browser.evaluate("release(); new Promise(resolve => setTimeout(resolve, 100))");
  assert.equal(await browser.evaluate("sessionStorage.getItem('warden-token')"), SECRET);
  assert.equal(await browser.evaluate("document.querySelector('#gate').hidden"), true);
  assert.equal(await browser.evaluate("document.querySelector('#status').textContent"), "");
});

page("shows the answer as it grows, as text, and sends the history with its digest", async () => {
  await enter();
  await ask("Say it slowly");
  const lengths = new Set();
  while (!(await browser.evaluate(idle))) lengths.add((await browser.evaluate(last)).length);
  assert.ok(lengths.size >= 4, `${lengths.size} lengths were seen`);
  const answer = "안녕 <b> word1 word2 word3 word4 word5";
  assert.equal(await browser.evaluate(last), answer);
  await browser.until("document.body.innerText.includes('12 tokens in, 9 out')");

  await browser.evaluate("document.querySelector('#model').value = 'us.anthropic.claude-sonnet-5-5'");
  await ask("And again?");
  await browser.until(`${idle} && document.querySelectorAll('article').length === 4`);
  assert.deepEqual(
    model.asked[1].messages.map(({ role, content }) => [role, content[0].text]),
    [["user", "Say it slowly"], ["assistant", answer], ["user", "And again?"]],
  );
  const posts = lambda.requests.filter(({ requestContext }) => requestContext.http.method === "POST");
  for (const { headers, body } of posts) {
    assert.equal(headers["x-amz-content-sha256"], createHash("sha256").update(body).digest("hex"));
    assert.equal(headers["x-warden-token"], SECRET);
  }
  assert.equal(JSON.parse(posts[1].body).model, "us.anthropic.claude-sonnet-5-5");
});

page("takes Shift and Enter for a new line", async () => {
  await enter();
  await browser.until("document.activeElement.id === 'prompt'");
  await browser.type("one");
  await browser.press("Enter", { shift: true });
  await browser.type("two");
  await browser.press("Enter");
  await browser.until(`${last}.includes('word5')`);
  assert.equal(model.asked[0].messages[0].content[0].text, "one\ntwo");
});

for (const [how, stop] of [
  ["Escape", () => browser.press("Escape")],
  ["the button", () => browser.click("#stop")],
]) {
  page(`stops an answer by ${how}, and goes on`, async () => {
    await enter();
    await ask("Talk for ever");
    await browser.until(`${last}.includes('word3')`);
    await stop();
    await browser.until(`${idle} && document.body.innerText.includes('Stopped. The answer is not whole.')`);
    const text = await browser.evaluate(last);
    await ask("Go on");
    await browser.until(`${last}.includes('word5')`);
    assert.equal(model.asked[1].messages[1].content[0].text, text);
  });
}

page("says plainly that an answer was cut", async () => {
  await enter();
  await ask("Please break");
  await browser.until(`${alerts}.includes('The answer was cut. ModelUnavailable: ')`);
  assert.equal(await browser.evaluate(last), "안녕 <b>");
  await ask("Now be cut");
  await browser.until(`${alerts}.includes('it reached its most tokens')`);
});

page("says plainly that there is no answer, and asks the next question without it", async () => {
  await enter();
  await ask("throttle me");
  await browser.until(`${alerts}.includes('ModelThrottled: ')`);
  await ask("Hello");
  await browser.until(`${last}.includes('word5')`);
  assert.equal(model.asked.at(-1).messages.length, 1);
});

page("fits a phone", async () => {
  await browser.send("Emulation.setDeviceMetricsOverride", { width: 360, height: 640, deviceScaleFactor: 2, mobile: true });
  await enter();
  await ask("Hello");
  await browser.until(`${last}.includes('word5')`);
  assert.ok(await browser.evaluate("document.documentElement.scrollWidth <= 360"));
  const bottom = await browser.evaluate("document.querySelector('#send').getBoundingClientRect().bottom");
  assert.ok(bottom > 0 && bottom <= 640, `the button ends at ${bottom}`);
  if (process.env.SCREENSHOT) writeFileSync(process.env.SCREENSHOT, await browser.screenshot());
});
