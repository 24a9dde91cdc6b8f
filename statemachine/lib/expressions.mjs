// JSONata as Step Functions evaluates it: the reference implementation, with the functions that Step Functions adds,
// without the one it takes away, and with its rule that an expression has to yield something.

import { createHash, randomUUID } from 'node:crypto';
import jsonata from 'jsonata';

/** A failure that Step Functions reports, by its error name. */
export class StatesError extends Error {
  constructor(name, cause) {
    super(`${name}: ${cause}`);
    this.error = name;
    this.cause = cause;
  }
}

export const isExpression = (text) => typeof text === 'string' && text.startsWith('{%') && text.endsWith('%}');

export const source = (text) => text.slice(2, -2).trim();

const partition = (array, size) => {
  const width = Math.floor(size);
  if (!(width > 0)) throw new RangeError('$partition: the size has to be positive');
  const parts = [];
  for (let at = 0; at < array.length; at += width) parts.push(array.slice(at, at + width));
  return parts;
};

const range = (first, last, step) => {
  const [from, to, by] = [first, last, step].map(Math.floor);
  if (by === 0 || !Number.isFinite(by)) throw new RangeError('$range: the step must not be zero');
  const numbers = [];
  for (let n = from; by > 0 ? n <= to : n >= to; n += by) numbers.push(n);
  return numbers;
};

const HASHES = { MD5: 'md5', 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };

const hash = (text, algorithm) => {
  if (!(algorithm in HASHES)) throw new RangeError(`$hash: no such algorithm: ${algorithm}`);
  return createHash(HASHES[algorithm]).update(text).digest('hex');
};

// Numbers that differ by the seed alone, so that a case yields the same each time.
const random = (seed = 0) => createHash('sha256').update(String(seed)).digest().readUInt32BE() / 2 ** 32;

const compiled = new Map();

/** Compiles `expression` once; throws jsonata's error if it is not JSONata. */
export function compile(expression) {
  let program = compiled.get(expression);
  if (!program) {
    program = jsonata(expression);
    program.registerFunction('partition', partition, '<an:a>');
    program.registerFunction('range', range, '<nnn:a>');
    program.registerFunction('hash', hash, '<ss:s>');
    program.registerFunction('random', random, '<n?:n>');
    program.registerFunction('uuid', () => randomUUID(), '<:s>');
    program.registerFunction('parse', (text) => JSON.parse(text), '<s:x>');
    program.assign('eval', undefined);
    compiled.set(expression, program);
  }
  return program;
}

async function evaluateExpression(text, bindings, where) {
  const fail = (problem) => {
    const error = new StatesError('States.QueryEvaluationError', `${where}: ${problem} in ${text}`);
    error.evaluation = true;
    throw error;
  };
  let value;
  try {
    value = await compile(source(text)).evaluate(undefined, bindings);
  } catch (error) {
    fail(error.message ?? String(error));
  }
  if (value === undefined) fail('nothing was found');
  if (typeof value === 'function' || value?._jsonata_function || value?._jsonata_lambda) fail('a function is no value');
  if (typeof value === 'number' && !Number.isFinite(value)) fail('the number is not finite');
  return JSON.parse(JSON.stringify(value));
}

/** Evaluates every expression within a field of a state; what is no expression stays as it is. */
export async function evaluate(template, bindings, where) {
  if (isExpression(template)) return evaluateExpression(template, bindings, where);
  if (Array.isArray(template)) {
    return Promise.all(template.map((item, index) => evaluate(item, bindings, `${where}/${index}`)));
  }
  if (template !== null && typeof template === 'object') {
    const entries = Object.entries(template).map(async ([key, value]) => [key, await evaluate(value, bindings, `${where}/${key}`)]);
    return Object.fromEntries(await Promise.all(entries));
  }
  return template;
}

/** Every expression in a definition, with the path to it: `[{path: ['States', …], text}]`. */
export function expressionsIn(node, path = []) {
  if (isExpression(node)) return [{ path, text: node }];
  if (node === null || typeof node !== 'object') return [];
  return Object.entries(node).flatMap(([key, value]) => expressionsIn(value, [...path, key]));
}
