// A headless Chromium, driven by its DevTools protocol over a pipe.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The browser on this machine: CHROMIUM, or the first of the usual names. */
export function installed() {
  const names = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"].filter(Boolean);
  return names.find(name => spawnSync(name, ["--version"]).status === 0);
}

const KEYS = {
  Enter: { code: "Enter", windowsVirtualKeyCode: 13, text: "\r" },
  Escape: { code: "Escape", windowsVirtualKeyCode: 27 },
  Tab: { code: "Tab", windowsVirtualKeyCode: 9 },
};

export class Browser {
  static async open(program) {
    const browser = new Browser();
    browser.profile = mkdtempSync(join(tmpdir(), "page-test-"));
    const options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
    browser.process = spawn(program, [...options, "--remote-debugging-pipe", `--user-data-dir=${browser.profile}`], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      // A process group of its own, which ends as one.
      detached: true,
    });
    browser.answers = new Map();
    browser.complaints = [];
    let rest = "";
    browser.process.stdio[4].setEncoding("utf8").on("data", text => {
      const messages = (rest + text).split("\0");
      rest = messages.pop();
      messages.forEach(message => browser.#take(JSON.parse(message)));
    });
    const { targetId } = await browser.send("Target.createTarget", { url: "about:blank" });
    browser.session = (await browser.send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
    await browser.send("Page.enable");
    await browser.send("Runtime.enable");
    await browser.send("Log.enable");
    return browser;
  }

  #last = 0;

  #take(message) {
    if (message.id) {
      const { resolve, reject } = this.answers.get(message.id);
      this.answers.delete(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    } else if (message.method === "Runtime.exceptionThrown") {
      this.complaints.push(message.params.exceptionDetails.exception?.description ?? message.params.exceptionDetails.text);
    } else if (message.method === "Log.entryAdded" && message.params.entry.source === "security") {
      this.complaints.push(message.params.entry.text);
    }
  }

  send(method, params = {}) {
    const id = ++this.#last;
    const message = { id, method, params, ...(this.session && { sessionId: this.session }) };
    this.process.stdio[3].write(JSON.stringify(message) + "\0");
    return new Promise((resolve, reject) => this.answers.set(id, { resolve, reject }));
  }

  async goto(url) {
    await this.send("Page.navigate", { url });
    await this.until("document.readyState === 'complete' && location.href !== 'about:blank'");
  }

  /** The value of an expression in the page. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until an expression holds, and gives its value. */
  async until(expression, seconds = 20) {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(25)) {
      const value = await this.evaluate(expression);
      if (value) return value;
    }
    const text = await this.evaluate("document.body.innerText");
    throw new Error(`${expression} did not hold; the page says:\n${text}`);
  }

  /** Types into whatever has the focus. */
  type(text) {
    return this.send("Input.insertText", { text });
  }

  async press(key, { shift = false } = {}) {
    const event = { key, modifiers: shift ? 8 : 0, ...KEYS[key] };
    await this.send("Input.dispatchKeyEvent", { type: event.text ? "keyDown" : "rawKeyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event, text: undefined });
  }

  async click(selector) {
    const box = await this.evaluate(`JSON.stringify(document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect())`);
    const { x, y, width, height } = JSON.parse(box);
    const event = { x: x + width / 2, y: y + height / 2, button: "left", clickCount: 1 };
    await this.send("Input.dispatchMouseEvent", { type: "mousePressed", ...event });
    await this.send("Input.dispatchMouseEvent", { type: "mouseReleased", ...event });
  }

  async screenshot() {
    return Buffer.from((await this.send("Page.captureScreenshot")).data, "base64");
  }

  async close() {
    const ended = new Promise(resolve => this.process.once("exit", resolve));
    // Its helpers write to the profile, too: they are of the same group.
    process.kill(-this.process.pid, "SIGKILL");
    await ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 20 });
  }
}
