// What the cases abbreviate: test events, the functions' answers as the snapshots of their own tests have them, and
// long texts.

import { readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');

export const readJson = (path) => JSON.parse(read(path));

/** What a test keeps as its snapshot: JSON below a header between two rules. */
export function snapshot(path) {
  const text = read(path);
  return JSON.parse(text.slice(text.indexOf('\n---\n') + 5));
}

/** An answer of `function/case`, from the snapshot of the function's tests. */
function answer(name) {
  const [function_, case_] = name.split('/');
  const kept = snapshot(`crates/functions/${function_}/src/snapshots/${function_.replace('-', '_')}__tests__${case_}.snap`);
  // What is published is not answered, but the definition before this one takes it from the answer.
  return function_ === 'alert-composer' ? { message_id: '5f1f8c6e-0f6a-5f0e-9f6c-d2c1a4e1b001', ...kept } : kept;
}

const sources = {
  $event: (name) => readJson(`events/log-summarizer/${name}.json`),
  $answer: answer,
};

/** Sets the value at a path such as `object.version`; without a value, takes it away. */
function set(whole, path, value) {
  const names = path.split('.');
  const last = names.pop();
  const parent = names.reduce((node, name) => node[name], whole);
  if (parent === null || typeof parent !== 'object') throw new Error(`there is no ${path}`);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
}

/**
 * Writes out what a case abbreviates: `{"$event": NAME}` and `{"$answer": FUNCTION/NAME}`, each perhaps `"with"`
 * other values by their paths or `"without"` some; `{"$repeat": TEXT, "times": N}`; `{"$join": […]}`.
 */
export function expand(node) {
  if (Array.isArray(node)) return node.map(expand);
  if (node === null || typeof node !== 'object') return node;
  if ('$repeat' in node) return node.$repeat.repeat(node.times);
  if ('$join' in node) return expand(node.$join).join('');
  const source = Object.keys(sources).find((name) => name in node);
  if (source) {
    const value = sources[source](node[source]);
    for (const [path, other] of Object.entries(node.with ?? {})) set(value, path, expand(other));
    for (const path of node.without ?? []) set(value, path, undefined);
    return value;
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, expand(value)]));
}
