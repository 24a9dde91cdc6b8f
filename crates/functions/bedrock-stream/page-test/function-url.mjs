// A function behind a function URL: Lambda's Runtime API on one side, HTTP on
// the other. What the function writes is passed on as it comes.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

const listen = server => new Promise(resolve => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));

/** Starts the executable with these settings. `requests` holds the events that it got. */
export async function functionUrl(executable, settings) {
  const waiting = [];
  const polls = [];
  const open = new Map();
  const requests = [];

  const runtime = createServer(async (request, response) => {
    const [, id, what] = request.url.match(/invocation\/([^/]+)(?:\/(\w+))?$/) ?? [];
    if (id === "next") {
      polls.push(response);
      hand();
      return;
    }
    const caller = open.get(id);
    open.delete(id);
    // It breaks off where the caller left.
    if (what === "response") await passOn(request, caller).catch(() => {});
    else caller.writeHead(502).end();
    response.writeHead(202).end();
  });

  function hand() {
    while (polls.length && waiting.length) {
      const { event, caller } = waiting.shift();
      const id = randomUUID();
      open.set(id, caller);
      const headers = {
        "content-type": "application/json",
        "lambda-runtime-aws-request-id": id,
        "lambda-runtime-deadline-ms": String(Date.now() + 300_000),
        "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:111122223333:function:bedrock-stream",
      };
      polls.shift().writeHead(200, headers).end(JSON.stringify(event));
    }
  }

  const front = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const event = {
      version: "2.0",
      rawPath: request.url,
      headers: request.headers,
      requestContext: { http: { method: request.method, path: request.url } },
      body: Buffer.concat(parts).toString(),
      isBase64Encoded: false,
    };
    requests.push(event);
    waiting.push({ event, caller: response });
    hand();
  });

  const [api, port] = [await listen(runtime), await listen(front)];
  const env = {
    AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${api}`,
    AWS_LAMBDA_FUNCTION_NAME: "bedrock-stream",
    AWS_LAMBDA_FUNCTION_VERSION: "1",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: "test",
    ...settings,
  };
  let process;
  // The runtime ends with the connection of a caller who left; as on Lambda, another begins.
  const start = () => (process = spawn(executable, { stdio: ["ignore", "ignore", "ignore"], env }).once("exit", start));
  start();
  return {
    url: `http://127.0.0.1:${port}/`,
    requests,
    close() {
      process.off("exit", start).kill();
      for (const server of [runtime, front]) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

/** Splits the prelude off, and writes what follows to the caller. */
async function passOn(response, caller) {
  const end = Buffer.alloc(8);
  let head = Buffer.alloc(0);
  let begun = false;
  for await (const part of response) {
    if (begun) {
      caller.write(part);
      continue;
    }
    head = Buffer.concat([head, part]);
    const at = head.indexOf(end);
    if (at < 0) continue;
    begun = true;
    const { statusCode, headers } = JSON.parse(head.subarray(0, at).toString());
    caller.writeHead(statusCode, headers);
    caller.flushHeaders();
    if (head.length > at + 8) caller.write(head.subarray(at + 8));
    // Whoever leaves is noticed here, as it is not on Lambda.
    caller.on("close", () => response.destroy());
  }
  caller.end();
}
