// Bedrock's InvokeModelWithResponseStream, as far as the page's test needs it.
// What the last message says decides how the model answers.

import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";

function frame(headers, payload) {
  const fields = Object.entries(headers).map(([name, value]) => {
    const field = Buffer.alloc(name.length + value.length + 4);
    let at = field.writeUInt8(name.length);
    at += field.write(name, at);
    at = field.writeUInt8(7, at);
    at = field.writeUInt16BE(value.length, at);
    field.write(value, at);
    return field;
  });
  const head = Buffer.concat(fields);
  const body = Buffer.from(JSON.stringify(payload));
  const message = Buffer.alloc(head.length + body.length + 16);
  message.writeUInt32BE(message.length);
  message.writeUInt32BE(head.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  head.copy(message, 12);
  body.copy(message, 12 + head.length);
  message.writeUInt32BE(crc32(message.subarray(0, -4)), message.length - 4);
  return message;
}

const event = chunk =>
  frame(
    { ":message-type": "event", ":event-type": "chunk", ":content-type": "application/json" },
    { bytes: Buffer.from(JSON.stringify(chunk)).toString("base64") },
  );
const delta = text => event({ type: "content_block_delta", delta: { type: "text_delta", text } });
const stop = reason =>
  Buffer.concat([
    event({ type: "message_delta", delta: { stop_reason: reason }, usage: { output_tokens: 9 } }),
    event({ type: "message_stop" }),
  ]);

async function answer(question, response) {
  if (question.includes("throttle")) {
    response.writeHead(429, { "x-amzn-errortype": "ThrottlingException" }).end('{"message":"Too many requests"}');
    return;
  }
  response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
  response.write(event({ type: "message_start", message: { usage: { input_tokens: 12 } } }));
  response.write(delta("안녕 <b>"));
  if (question.includes("break")) {
    await sleep(50);
    const type = { ":message-type": "exception", ":exception-type": "modelStreamErrorException", ":content-type": "application/json" };
    response.end(frame(type, { message: "broken", originalStatusCode: 500 }));
    return;
  }
  const words = question.includes("for ever") ? 10_000 : 5;
  for (let word = 1; word <= words && !response.destroyed; word++) {
    await sleep(question.includes("slowly") ? 300 : 20);
    response.write(delta(` word${word}`));
  }
  response.end(stop(question.includes("cut") ? "max_tokens" : "end_turn"));
}

/** Listens on a free port of loopback. `asked` holds the bodies that came. */
export async function bedrock() {
  const asked = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    const body = JSON.parse(text);
    asked.push(body);
    await answer(body.messages.at(-1).content[0].text, response);
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    asked,
    close: () => (server.closeAllConnections(), server.close()),
  };
}
