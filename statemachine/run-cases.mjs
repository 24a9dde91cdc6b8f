// Runs the state machine over its cases: JSONata by its reference implementation, the services by what a case says they
// answer. Ends with a line "N passed, N failed", and non-zero if one failed.

import { isDeepStrictEqual, inspect } from 'node:util';
import { readdirSync, readFileSync } from 'node:fs';
import { CHECKS, load } from './lib/definition.mjs';
import { StatesError } from './lib/expressions.mjs';
import { execute, transitionsOf } from './lib/interpreter.mjs';
import { mutationsOf, UNLIKELY } from './lib/mutations.mjs';
import { SEMANTICS } from './lib/semantics.mjs';
import { problemsOf, resultOf } from './lib/services.mjs';

const here = new URL('.', import.meta.url);
const readJson = (path) => JSON.parse(readFileSync(new URL(path, here), 'utf8'));

const { definition, problems: unfilled } = load(new URL('security-audit.asl.json', here), new URL('../infra/audit.yaml', here));
const fixtures = readJson('cases/fixtures.json');

/**
 * Writes out what a case abbreviates: `{"$use": NAME, "with": {…}, "without": […]}` is a fixture with other values,
 * `{"$repeat": TEXT, "times": N}` a long text, `{"$join": […]}` one of several parts.
 */
function expand(node) {
  if (Array.isArray(node)) return node.map(expand);
  if (node === null || typeof node !== 'object') return node;
  if ('$repeat' in node) return node.$repeat.repeat(node.times);
  if ('$join' in node) return expand(node.$join).join('');
  if ('$use' in node) {
    if (!(node.$use in fixtures)) throw new Error(`no such fixture: ${node.$use}`);
    const value = { ...expand(fixtures[node.$use]), ...expand(node.with ?? {}) };
    for (const key of node.without ?? []) {
      if (!(key in value)) throw new Error(`${node.$use} has no ${key} to be without`);
      delete value[key];
    }
    return value;
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, expand(value)]));
}

/** Services that answer with each of `answers` in turn: `{state, payload | result | error, times}`. */
function answering(answers, problems) {
  const queue = answers.flatMap(({ times = 1, ...answer }) => Array(times).fill(answer));
  const service = async ({ state, resource }) => {
    const answer = queue.shift();
    if (answer?.state !== state) {
      problems.push(`${state} is called, but the case has ${answer ? `an answer of ${answer.state}` : 'no more answers'}`);
      throw new StatesError('States.Runtime', 'no answer');
    }
    if (answer.error) throw new StatesError(answer.error.Error, answer.error.Cause);
    return resultOf(resource, answer.payload ?? answer.result ?? null);
  };
  return { service, left: queue };
}

const LAMBDA = ':lambda:invoke';
const callsOf = (run, suffix) => run.calls.filter(({ resource }) => resource.endsWith(suffix));

/** What has to hold for every run, whatever the case. */
function invariants(run, input, payloads) {
  const problems = [...(run.evaluationErrors ?? [])];
  for (const call of run.calls) problems.push(...problemsOf(call).map((problem) => `${call.state}: ${problem}`));
  for (const { state, bytes } of run.outputs) if (bytes > 32_768) problems.push(`${state}: an output of ${bytes} bytes`);
  if (run.variableBytes > 65_536) problems.push(`variables of ${run.variableBytes} bytes`);

  const [summarize] = callsOf(run, LAMBDA);
  if (!isDeepStrictEqual(summarize.arguments.Payload, input)) problems.push('log-summarizer is not given the event as it came');
  for (const { state, arguments: call } of callsOf(run, LAMBDA)) {
    if (state === 'Summarize without the model' && !isDeepStrictEqual(call.Payload, { without_model: true, event: input })) {
      problems.push('log-summarizer is not given the event as it came once the model has failed');
    }
  }

  const published = callsOf(run, ':sns:publish').filter(({ succeeded }) => succeeded);
  const failed = published.at(-1)?.arguments.MessageAttributes.failure.StringValue;
  const alertFailed = callsOf(run, ':sns:publish').length > 0 && published.length === 0;
  if (published.length !== (alertFailed ? 0 : 1)) problems.push(`${published.length} alerts`);
  if (run.status === 'SUCCEEDED' && failed !== 'false') problems.push('a failure that succeeds');
  if (run.status === 'FAILED' && !alertFailed && failed !== 'true') problems.push('a failed execution whose alert says nothing of it');

  for (const { arguments: target } of callsOf(run, ':s3:deleteObject')) {
    const { summary, detection } = payloads;
    const pinned = target.VersionId ? target.VersionId === detection?.object?.version : target.IfMatch === detection?.object?.etag;
    if (detection?.verdict !== 'pii' || !pinned) problems.push('deletes what was not judged to hold personal data');
    if (target.Bucket !== summary?.s3_bucket || target.Key !== summary?.s3_key || target.Bucket !== detection?.object?.bucket || target.Key !== detection?.object?.key) {
      problems.push('deletes another object than the event names');
    }
    if (summary?.is_image_upload !== true) problems.push('deletes what was no upload');
  }
  return problems;
}

const EXPECTATIONS = ['path', 'status', 'error', 'cause', 'output', 'detector', 'deleted', 'alert'];
const ATTRIBUTES = ['threat_level', 'verdict', 'action', 'failure'];

function differences(run, expected) {
  const problems = [];
  const compare = (what, actual, wanted) => {
    if (!isDeepStrictEqual(actual, wanted)) problems.push(`${what} is ${inspect(actual, { depth: 9 })}, expected ${inspect(wanted, { depth: 9 })}`);
  };
  for (const key of ['path', 'status', 'deleted', 'alert']) if (!(key in expected)) problems.push(`the case expects no ${key}`);
  for (const key of Object.keys(expected)) if (!EXPECTATIONS.includes(key)) problems.push(`the case expects something unknown: ${key}`);

  compare('the path', run.path, expected.path);
  compare('the status', run.status, expected.status);
  if ('error' in expected || run.status === 'FAILED') compare('the error', run.error, expected.error);
  if ('cause' in expected && !run.cause?.includes(expected.cause)) problems.push(`the cause is ${inspect(run.cause)}, expected ${inspect(expected.cause)} in it`);
  for (const [key, value] of Object.entries(expected.output ?? {})) compare(`output ${key}`, run.output?.[key], value);
  if ('detector' in expected) compare("pii-detector's payload", callsOf(run, LAMBDA).find(({ state }) => state === 'Detect PII')?.arguments.Payload, expected.detector);

  const deletion = callsOf(run, ':s3:deleteObject').at(-1)?.arguments ?? null;
  compare('the deletion', deletion, expected.deleted);

  const alert = callsOf(run, ':sns:publish').at(-1)?.arguments;
  if (expected.alert === null) compare('the alert', alert, undefined);
  else if (!alert) problems.push('no alert is published');
  else {
    if ('subject' in expected.alert) compare('the subject', alert.Subject, expected.alert.subject);
    const attributes = Object.fromEntries(Object.entries(alert.MessageAttributes).map(([key, { StringValue }]) => [key, StringValue]));
    compare('the attributes', attributes, Object.fromEntries(ATTRIBUTES.map((key) => [key, expected.alert[key]])));
    const lines = alert.Message.split('\n');
    for (const line of expected.alert.lines ?? []) if (!lines.includes(line)) problems.push(`no line of the message is ${inspect(line)}:\n${alert.Message}`);
    for (const text of expected.alert.lacks ?? []) if (alert.Message.includes(text)) problems.push(`the message holds ${inspect(text)}:\n${alert.Message}`);
  }
  return problems;
}

const seen = { states: new Set(), transitions: new Set() };

async function runCase(given) {
  const { input, answers, expect } = expand({ input: given.input, answers: given.answers, expect: given.expect });
  const problems = [];
  const { service, left } = answering(answers, problems);
  const run = await execute(definition, input, service);
  for (const state of run.path) seen.states.add(state);
  for (const transition of run.transitions) seen.transitions.add(transition);
  const payloadOf = (state) => answers.findLast((answer) => answer.state === state)?.payload;
  problems.push(...invariants(run, input, { summary: payloadOf('Summarize without the model') ?? payloadOf('Summarize event'), detection: payloadOf('Detect PII') }));
  problems.push(...differences(run, expect));
  if (left.length > 0) problems.push(`${left.length} answers were not asked for, the first of ${left[0].state}`);
  return problems;
}

/** Runs with an odd value in each place of an answer or an event: nothing may break, and nothing else be deleted. */
async function runMutations(mutants, setUp) {
  const problems = [];
  let runs = 0;
  for (const { where, value } of mutants) {
    const { input, summary, detection, summarizerFails } = setUp(value);
    const service = async ({ state, resource }) => {
      if (state === 'Summarize event' && summarizerFails) throw new StatesError('InvalidInput', '{"errorType":"InvalidInput","errorMessage":"no event"}');
      const part = { 'Summarize event': summary, 'Detect PII': detection }[state] ?? fixtures.published;
      return resultOf(resource, part);
    };
    const run = await execute(definition, input, service);
    runs += 1;
    problems.push(...invariants(run, input, { summary, detection }).map((problem) => `${where}: ${problem}`));
  }
  if (runs < 50) problems.push(`only ${runs} runs`);
  return problems;
}

const upload = expand({ $use: 'upload_summary' });
const pii = expand({ $use: 'pii' });
const event = expand({ $use: 'put_object_event' });
const unpinned = expand({ $use: 'pii', with: { object: { $use: 'object', with: { version: null } } } });
const whole = (name) => UNLIKELY.map((value) => ({ where: `${name} is ${inspect(value).slice(0, 40)}`, value }));

const MUTATIONS = {
  'an odd value anywhere in a summary breaks nothing': () =>
    runMutations([...whole('the summary'), ...mutationsOf(upload)], (summary) => ({ input: event, summary, detection: pii })),
  'an odd value anywhere in a verdict breaks nothing': () =>
    runMutations([...whole('the verdict'), ...mutationsOf(pii)], (detection) => ({ input: event, summary: upload, detection })),
  'an odd value anywhere in a verdict without a version breaks nothing': () =>
    runMutations(mutationsOf(unpinned), (detection) => ({ input: event, summary: { ...upload, s3_version_id: null }, detection })),
  ...Object.fromEntries(
    ['put_object_event', 'bare_record', 'object_created_event'].map((name) => [
      `an odd value anywhere in ${name} does not silence a failure`,
      () => runMutations([...whole('the event'), ...mutationsOf(fixtures[name])], (input) => ({ input, summarizerFails: true })),
    ]),
  ),
};

/** What attackers write, and what a model that obeys them answers. */
const ATTACKS = readJson('cases/attacks.json').map(expand);
const LEVELS = ['low', 'medium', 'high'];
const VERDICTS = ['pii', 'clean', 'undetermined', 'not_image', 'gone'];

/** Runs with an attacker's text in each place of an answer that strangers or a model write. */
async function runAttacks(places, setUp) {
  const problems = [];
  let runs = 0;
  for (const text of ATTACKS) {
    for (const place of places) {
      for (const verdict of VERDICTS) {
        const { summary, detection } = setUp(place, text, verdict);
        const service = async ({ state, resource }) => resultOf(resource, { 'Summarize event': summary, 'Detect PII': detection }[state] ?? fixtures.published);
        const run = await execute(definition, event, service);
        runs += 1;
        const found = invariants(run, event, { summary, detection });
        const { Subject, Message, MessageAttributes } = callsOf(run, ':sns:publish').at(-1).arguments;
        const attribute = (name) => MessageAttributes[name].StringValue;
        if (!/^[ -~]{1,99}$/.test(Subject)) found.push(`the subject is ${inspect(Subject)}`);
        if (/[^\P{C}\n\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u{e0000}-\u{e007f}]/u.test(Message)) found.push(`control characters in ${inspect(Message)}`);
        if (LEVELS.indexOf(attribute('threat_level')) < LEVELS.indexOf(summary.threat_floor)) found.push('a level under its floor');
        if (attribute('verdict') === 'clean' && detection.verdict !== 'clean') found.push(`${detection.verdict} taken for clean`);
        if (attribute('action') === 'deleted' && callsOf(run, ':s3:deleteObject').length !== 1) found.push('says deleted, and deleted nothing');
        problems.push(...found.map((problem) => `${place} is ${inspect(text).slice(0, 60)}, ${verdict}: ${problem}`));
      }
    }
  }
  if (runs < 100) problems.push(`only ${runs} runs`);
  return problems;
}

const judged = (verdict) => ({ ...pii, verdict, reason: verdict === 'undetermined' ? 'model_refused' : null });

const ATTACK_RUNS = {
  "an attacker's text in a summary deletes nothing else, lowers nothing and stays on its line": () =>
    runAttacks(['event_title', 'summarize', 'actor', 'source_ip', 'event_time', 'event_id', 'media_type'], (place, text, verdict) => ({
      summary: { ...upload, [place]: text, threat_floor: 'medium', threat_level: 'medium' },
      detection: judged(verdict),
    })),
  "an attacker's text as key or version deletes nothing else, lowers nothing and stays on its line": () =>
    runAttacks(['key', 'version'], (place, text, verdict) => ({
      summary: { ...upload, [`s3_${place === 'key' ? 'key' : 'version_id'}`]: text },
      detection: { ...judged(verdict), object: { ...pii.object, [place]: text } },
    })),
  'a detector that obeys the attacker deletes nothing else, lowers nothing and stays on its line': () =>
    runAttacks(['bucket', 'key', 'version', 'etag', 'media_type', 'reason', 'category', 'where'], (place, text, verdict) => ({
      summary: upload,
      detection: {
        ...judged(verdict),
        ...(place === 'reason' ? { reason: text } : {}),
        findings: [{ category: 'PERSON', confidence: 0.9, where: 'top', ...(['category', 'where'].includes(place) ? { [place]: text } : {}) }],
        object: { ...pii.object, ...(place in pii.object ? { [place]: text } : {}) },
      },
    })),
};

const COVERAGE = {
  'each state is visited by a case': () => Object.keys(definition.States).filter((state) => !seen.states.has(state)).map((state) => `no case visits ${state}`),
  'each way between states is taken by a case': () => transitionsOf(definition).filter((transition) => !seen.transitions.has(transition)).map((transition) => `no case goes ${transition}`),
};

const tally = { passed: 0, failed: 0 };

async function check(group, name, run) {
  let problems;
  try {
    problems = (await run()) ?? [];
  } catch (error) {
    problems = [error.stack];
  }
  if (problems.length === 0) {
    tally.passed += 1;
    console.log(`ok      ${group}: ${name}`);
    return;
  }
  tally.failed += 1;
  console.log(`FAILED  ${group}: ${name}`);
  for (const problem of problems.slice(0, 10)) console.log(`        ${problem.replaceAll('\n', '\n        ')}`);
  if (problems.length > 10) console.log(`        and ${problems.length - 10} more`);
}

for (const [name, run] of Object.entries(SEMANTICS)) await check('interpreter', name, run);
await check('definition', 'each placeholder is an output of the stack', () => unfilled);
for (const [name, run] of Object.entries(CHECKS)) await check('definition', name, () => run(definition));

const files = readdirSync(new URL('cases/', here)).filter((file) => file.endsWith('.json') && !['fixtures.json', 'attacks.json'].includes(file)).sort();
const names = new Set();
for (const file of files) {
  for (const given of readJson(`cases/${file}`)) {
    await check(file.replace('.json', ''), given.name, () => (names.has(given.name) ? ['two cases of this name'] : runCase(given)));
    names.add(given.name);
  }
}
for (const [name, run] of Object.entries(MUTATIONS)) await check('mutations', name, run);
for (const [name, run] of Object.entries(ATTACK_RUNS)) await check('attacks', name, run);
for (const [name, run] of Object.entries(COVERAGE)) await check('coverage', name, run);

console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
