// Runs the state machine over its cases: JSONata by its reference implementation, in the version that Step Functions
// implements, the services by what a case says they answer. Ends with a line "N passed, N failed", and non-zero if one
// failed. With WRITE_EVENTS=1 it writes what alert-composer is sent to events/alert-composer.

import { isDeepStrictEqual, inspect } from 'node:util';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { CHECKS, load, sizeOf } from './lib/definition.mjs';
import { StatesError } from './lib/expressions.mjs';
import { expand, readJson } from './lib/fixtures.mjs';
import { execute, transitionsOf } from './lib/interpreter.mjs';
import { mutationsOf, UNLIKELY } from './lib/mutations.mjs';
import { recoveries } from './lib/recovery.mjs';
import { SEMANTICS } from './lib/semantics.mjs';
import { problemsOf, resultOf } from './lib/services.mjs';
import { problemsOfUncaught } from './lib/total.mjs';

const here = new URL('.', import.meta.url);
const stack = new URL('../infra/audit.yaml', here);
const { definition, problems: unfilled } = load(new URL('security-audit.asl.json', here), stack);
const previous = load(new URL('cases/previous/security-audit.asl.json', here), stack);
const PUBLISHED = { MessageId: '5f1f8c6e-0f6a-5f0e-9f6c-d2c1a4e1b001' };

/** Services that answer with each of `answers` in turn: `{state, payload | result | error, refused, times}`,
 * refused where the service does not take the arguments. */
function answering(answers, problems) {
  const queue = answers.flatMap(({ times = 1, ...answer }) => Array(times).fill(answer));
  const service = async (call) => {
    const { state, resource } = call;
    const answer = queue.shift();
    if (answer?.state !== state) {
      problems.push(`${state} is called, but the case has ${answer ? `an answer of ${answer.state}` : 'no more answers'}`);
      throw new StatesError('States.Runtime', 'no answer');
    }
    call.refused = answer.refused;
    if (answer.error) throw new StatesError(answer.error.Error, answer.error.Cause);
    call.told = toldBy(call, answer.payload);
    return resultOf(resource, answer.payload ?? answer.result ?? (resource.endsWith(':sns:publish') ? PUBLISHED : null));
  };
  return { service, left: queue };
}

const LAMBDA = ':lambda:invoke';
/** The answer of alert-composer, if it has published. */
const toldBy = ({ state }, payload) => (state === 'Publish alert' && typeof payload?.message_id === 'string' ? payload : undefined);
const callsOf = (run, suffix) => run.calls.filter(({ resource }) => resource.endsWith(suffix));
/** What a call writes into a record. */
const keptBy = (call) => call && Object.fromEntries(Object.entries(call.arguments.AttributeUpdates ?? {}).map(([name, { Value }]) => [name, Value]));
/** What people were told: by alert-composer, or plainly by the machine itself. */
const alertsOf = (run) =>
  run.calls.filter(({ resource, succeeded, told }) => told || (resource.endsWith(':sns:publish') && succeeded)).map(({ resource, arguments: args, told }) => ({
    failure: resource.endsWith(':sns:publish') ? args.MessageAttributes?.failure?.StringValue : `${told.failed}`,
  }));
const attributesOf = ({ MessageAttributes }) => Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]));

/** The keys among the resources of a record. */
const keysOf = (resources) => (Array.isArray(resources) ? resources.map((resource) => /^arn:aws:s3:::[^/]+\/(.*)$/s.exec(resource?.ARN)?.[1]) : []);

/** The bucket, the keys and the version that an event names, read without the definition's help. */
function namedBy(event) {
  const record = event?.detail ?? event ?? {};
  return {
    bucket: record.requestParameters?.bucketName ?? record.bucket?.name,
    keys: [record.requestParameters?.key, record.object?.key, ...keysOf(record.resources)],
    version: record.responseElements?.['x-amz-version-id'] ?? record.object?.['version-id'],
  };
}

/** What has to hold for every run, whatever the case. */
function invariants(run, input, { detection, summary }) {
  const problems = [];
  for (const call of run.calls) if (!call.refused) problems.push(...problemsOf(call).map((problem) => `${call.state}: ${problem}`));
  for (const { state, bytes } of run.outputs) if (bytes > 131_072) problems.push(`${state}: an output of ${bytes} bytes`);
  if (run.variableBytes > 200_000) problems.push(`variables of ${run.variableBytes} bytes`);

  for (const { state, arguments: call } of callsOf(run, LAMBDA)) {
    if (state === 'Summarize without the model' && !(call.Payload.without_model === true && isDeepStrictEqual(call.Payload.event, input))) {
      problems.push('log-summarizer is not given the event as it came when it is asked without the model');
    }
  }

  // An execution ends where somebody was told, or where nobody could be.
  if (!['Complete', 'Audit failed', 'Duplicate'].includes(run.path.at(-1))) problems.push(`the execution ends in ${run.path.at(-1)}: ${run.error} ${run.cause}`);
  const kept = keptBy(callsOf(run, ':dynamodb:updateItem').filter(({ succeeded, refused }) => succeeded && !refused).at(-1));
  if (kept?.action && ['complete', 'failed'].includes(kept.status?.S) && (kept.status.S === 'complete') !== (run.status === 'SUCCEEDED')) problems.push(`a record that says ${kept.status?.S} of an execution that ${run.status}`);
  // log-summarizer claims the event before it does anything else.
  if (run.path.at(-1) === 'Duplicate') return run.calls.every(({ state }) => state.startsWith('Summarize')) ? problems : [...problems, 'work for a duplicate'];
  const [summarize] = callsOf(run, LAMBDA);
  if (summarize?.state === 'Summarize event' && !isDeepStrictEqual(summarize.arguments.Payload?.event, input)) problems.push('log-summarizer is not given the event as it came');
  const published = alertsOf(run);
  const failed = published.at(-1)?.failure;
  const alertFailed = callsOf(run, ':sns:publish').length > 0 && published.length === 0;
  if (published.length !== (alertFailed ? 0 : 1)) problems.push(`${published.length} alerts`);
  if (run.status === 'SUCCEEDED' && failed !== 'false') problems.push('a failure that succeeds');
  const wasDeleted = callsOf(run, ':s3:deleteObject').some(({ succeeded }) => succeeded);
  if (kept && wasDeleted && kept.acted?.S !== 'deleted') problems.push('a deletion that its record does not tell');
  const unkept = run.path.at(-2) === 'Complete' && !kept;
  if (run.status === 'FAILED' && !alertFailed && !unkept && failed !== 'true') problems.push('a failed execution whose alert says nothing of it');

  const event = namedBy(input);
  const isNamed = (bucket, key, version) => bucket === event.bucket && event.keys.includes(key) && (!version || typeof event.version !== 'string' || ['', 'null'].includes(event.version) || version === event.version);
  const copied = callsOf(run, ':s3:headObject').some(({ succeeded }) => succeeded);
  for (const { arguments: copy } of callsOf(run, ':s3:copyObject')) {
    const [source, version] = (copy.CopySource ?? '').split('?versionId=');
    const [bucket, key] = source.split('/');
    if (!isNamed(bucket, decodeURIComponent(key ?? ''), version)) problems.push('copies another object than the event names');
    if (!['pii', 'undetermined'].includes(detection?.verdict) || copy.CopySourceIfMatch !== detection?.object?.etag) problems.push('copies what was not judged');
  }
  for (const { arguments: tagged, refused } of callsOf(run, ':s3:putObjectTagging')) {
    if (!refused && !isNamed(tagged.Bucket, tagged.Key, tagged.VersionId)) problems.push('tags another object than the event names');
  }
  for (const { arguments: target } of callsOf(run, ':s3:deleteObject')) {
    const pinned = target.VersionId ? target.VersionId === detection?.object?.version : target.IfMatch === detection?.object?.etag;
    if ((detection?.verdict !== 'pii' && !copied) || !pinned) problems.push('deletes what was not judged to hold personal data');
    if (target.Bucket !== event.bucket || !event.keys.includes(target.Key) || target.Bucket !== detection?.object?.bucket || target.Key !== detection?.object?.key) {
      problems.push('deletes another object than the event names');
    }
    if (target.VersionId && typeof event.version === 'string' && !['', 'null'].includes(event.version) && target.VersionId !== event.version) problems.push('deletes another version than the event names');
    const judge = typeof summary?.judge === 'boolean' ? summary.judge : summary?.is_image_upload;
    if (judge !== true) problems.push('deletes what was no upload');
  }
  return problems;
}

const EXPECTATIONS = ['path', 'status', 'error', 'cause', 'detector', 'deleted', 'composed', 'alert', 'lines', 'evaluation_fails', 'copied', 'tagged', 'kept', 'claimed_by'];

/** What alert-composer is sent in this case: a file of its events. */
const composerEvent = (name) => new URL(`../events/alert-composer/${name}.json`, here);

function differences(run, expected) {
  const problems = [];
  const compare = (what, actual, wanted) => {
    if (!isDeepStrictEqual(actual, wanted)) problems.push(`${what} is ${inspect(actual, { depth: 9 })}, expected ${inspect(wanted, { depth: 9 })}`);
  };
  for (const key of ['path', 'status', 'deleted']) if (!(key in expected)) problems.push(`the case expects no ${key}`);
  for (const key of Object.keys(expected)) if (!EXPECTATIONS.includes(key)) problems.push(`the case expects something unknown: ${key}`);

  compare('the path', run.path, expected.path);
  compare('the status', run.status, expected.status);
  if ('error' in expected || run.status === 'FAILED') compare('the error', run.error, expected.error);
  if ('cause' in expected && !run.cause?.includes(expected.cause)) problems.push(`the cause is ${inspect(run.cause)}, expected ${inspect(expected.cause)} in it`);
  if ('detector' in expected) compare("pii-detector's payload", callsOf(run, LAMBDA).find(({ state }) => state === 'Detect PII')?.arguments.Payload, expected.detector);
  const unexpected = (run.evaluationErrors ?? []).filter((problem) => !problem.startsWith('Complete/'));
  compare('whether an expression fails', unexpected.length > 0, expected.evaluation_fails ?? false);

  const deletion = callsOf(run, ':s3:deleteObject').at(-1)?.arguments ?? null;
  compare('the deletion', deletion, expected.deleted);

  if ('copied' in expected) compare('the copy', callsOf(run, ':s3:copyObject').at(-1)?.arguments, expected.copied);
  if ('tagged' in expected) compare('the tags', callsOf(run, ':s3:putObjectTagging').at(-1)?.arguments, expected.tagged);
  if ('kept' in expected) compare('the status of the record', keptBy(callsOf(run, ':dynamodb:updateItem').at(-1))?.status?.S ?? null, expected.kept);

  if ('claimed_by' in expected) compare('the claimant', callsOf(run, LAMBDA)[0].arguments.Payload.claim, expected.claimed_by);

  if (expected.composed) {
    const sent = callsOf(run, LAMBDA).findLast(({ state }) => state === 'Publish alert')?.arguments.Payload;
    const file = composerEvent(expected.composed);
    if (process.env.WRITE_EVENTS) writeFileSync(file, `${JSON.stringify(sent, null, 2)}\n`);
    compare("alert-composer's payload", sent, existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined);
  }
  const alert = callsOf(run, ':sns:publish').at(-1)?.arguments;
  if (expected.composed && run.path.at(-1) === 'Complete') {
    const { record } = expand({ $answer: `alert-composer/${expected.composed}` });
    compare('the output', run.output, record);
  }
  if (expected.alert) compare('the attributes', attributesOf(alert), expected.alert);
  for (const line of expected.lines ?? []) if (!alert.Message.split('\n').includes(line)) problems.push(`no line of the message is ${inspect(line)}:\n${alert.Message}`);
  return problems;
}

/** In a case alert-composer answers as the snapshot of its own test has it, unless the case says otherwise. */
function withComposer(answers, composed) {
  return answers.map((answer) => {
    const left = answer.state === 'Publish alert' && !('payload' in answer) && !answer.error && composed;
    return left ? { ...answer, payload: expand({ $answer: `alert-composer/${composed}` }) } : answer;
  });
}

const seen = { states: new Set(), transitions: new Set() };

async function runCase(given, machine = definition) {
  const { input, answers: abbreviated, expect } = expand({ input: given.input, answers: given.answers, expect: given.expect });
  const answers = process.env.WRITE_EVENTS && expect.composed ? withStub(abbreviated, expect.status === 'FAILED') : withComposer(abbreviated, expect.composed);
  const problems = [];
  const runs = given.stack ? load(new URL('security-audit.asl.json', here), stack, given.stack).definition : machine;
  const { service, left } = answering(answers, problems);
  const run = await execute(runs, input, service);
  if (machine === definition) {
    for (const state of run.path) seen.states.add(state);
    for (const transition of run.transitions) seen.transitions.add(transition);
  }
  const payloadOf = (state) => answers.findLast((answer) => answer.state === state)?.payload;
  problems.push(...invariants(run, input, { summary: payloadOf('Summarize without the model') ?? payloadOf('Summarize event'), detection: payloadOf('Detect PII') }));
  problems.push(...differences(run, expect));
  if (left.length > 0) problems.push(`${left.length} answers were not asked for, the first of ${left[0].state}`);
  return problems;
}

/** An answer of alert-composer that says no more than whether the audit failed. */
const answerOf = (failed) => ({ message_id: PUBLISHED.MessageId, record: {}, item: { status: { S: failed ? 'failed' : 'complete' } }, failed });
const stub = ({ audit }) => answerOf(audit.failed_in !== null);
const withStub = (answers, fails) => answers.map((answer) => (answer.state === 'Publish alert' && !answer.error ? { ...answer, payload: answerOf(fails) } : answer));

/** Services that answer what `parts` says by the name of the state; SNS and S3 refuse what they do not take. */
const lenient = (parts) => async (call) => {
  const { state, resource, arguments: args } = call;
  const part = state in parts ? parts[state] : state === 'Publish alert' ? (parts.composer ?? stub)(args.Payload) : PUBLISHED;
  if (part instanceof StatesError) throw part;
  if (!resource.endsWith(LAMBDA) && problemsOf(call).length > 0) {
    call.refused = true;
    throw new StatesError('Sns.InvalidParameterException', problemsOf(call).join());
  }
  call.told = toldBy(call, part);
  return resultOf(resource, part);
};

/** Runs with an odd value in each place of an answer or an event: nothing may break, and nothing else be deleted. */
async function runMutations(mutants, setUp) {
  const problems = [];
  let runs = 0;
  for (const { where, value } of mutants) {
    const { input, summary, detection, composer, fails = {} } = { input: event, summary: upload, detection: pii, ...setUp(value) };
    const run = await execute(definition, input, lenient({ 'Summarize event': summary, 'Summarize without the model': summary, 'Detect PII': detection, 'Check copy': { ContentLength: detection?.object?.size, ChecksumSHA256: 'any' }, composer, ...fails }));
    runs += 1;
    problems.push(...invariants(run, input, { summary, detection }).map((problem) => `${where}: ${problem}`));
  }
  if (runs < 15) problems.push(`only ${runs} runs`);
  return problems;
}

const event = expand({ $event: 'put-object' });
const created = expand({ $event: 'object-created' });
const bare = expand({ $event: 'record-alone' });
const upload = expand({ $answer: 'log-summarizer/put-object' });
const pii = expand({ $answer: 'pii-detector/pii' });
const unversioned = expand({ $answer: 'pii-detector/pii_unversioned' });
const whole = (name) => UNLIKELY.map((value) => ({ where: `${name} is ${inspect(value).slice(0, 40)}`, value }));
const refused = new StatesError('InvalidInput', '{"errorType":"InvalidInput","errorMessage":"no event"}');

const MUTATIONS = {
  'an odd value anywhere in a summary breaks nothing': () => runMutations([...whole('the summary'), ...mutationsOf(upload)], (summary) => ({ summary })),
  'an odd value anywhere in a detection breaks nothing': () => runMutations([...whole('the detection'), ...mutationsOf(pii)], (detection) => ({ detection })),
  'an odd value anywhere in a detection without a version breaks nothing': () => runMutations(mutationsOf(unversioned), (detection) => ({ detection })),
  'an odd event deletes nothing that it does not name': () =>
    runMutations([...whole('the event'), ...mutationsOf(event), ...mutationsOf(created), ...mutationsOf(bare)], (input) => ({ input })),
  'an odd event without a summary is told': () =>
    runMutations([...whole('the event'), ...mutationsOf(event), ...mutationsOf(created), ...mutationsOf(bare)], (input) => ({ input, fails: { 'Summarize event': refused } })),
  'an odd event is told where every function is dead': () =>
    runMutations([...whole('the event'), ...mutationsOf(event), ...mutationsOf(bare)], (input) => {
      const dead = new StatesError('Lambda.Unknown', 'crash');
      return { input, fails: { 'Summarize event': dead, 'Summarize without the model': dead, 'Publish alert': dead } };
    }),
  'an odd alert is told plainly': () => {
    const alert = expand({ $answer: 'alert-composer/version-deleted' });
    const { message_id, record, key, item, failed } = alert;
    // A record without a status of its own is one of a failure, for a replay to take up.
    return runMutations(mutationsOf({ message_id, record, key, item }).filter(({ where }) => where !== 'item.status is missing'), (value) => ({ composer: () => ({ ...value, failed }) }));
  },
  'an alert that is none is told plainly': () => runMutations(whole('the alert'), (value) => ({ composer: () => value })),
  'an odd error is told': () =>
    runMutations(UNLIKELY.filter((value) => typeof value === 'string').flatMap((Error) => [{ where: `Error ${Error.slice(0, 9)}`, value: { Error } }, { where: `Cause ${Error.slice(0, 9)}`, value: { Error: 'X', Cause: Error.slice(0, 32_768) } }]), ({ Error, Cause }) => ({
      fails: { 'Detect PII': new StatesError(Error.slice(0, 256), Cause), 'Publish alert': new StatesError('Lambda.Unknown', Cause) },
    })),
};

/** Texts of an attacker in each place of the answers: nothing else is deleted. */
async function runAttacks(setUp) {
  const problems = [];
  let runs = 0;
  for (const text of expand(readJson('statemachine/cases/attacks.json'))) {
    for (const place of ['bucket', 'key', 'version', 'etag', 'media_type', 'reason', 'action', 'verdict']) {
      const { summary, detection } = setUp(place, text);
      const run = await execute(definition, event, lenient({ 'Summarize event': summary, 'Summarize without the model': summary, 'Detect PII': detection }));
      runs += 1;
      problems.push(...invariants(run, event, { summary, detection }).map((problem) => `${place} is ${inspect(text).slice(0, 60)}: ${problem}`));
    }
  }
  if (runs < 100) problems.push(`only ${runs} runs`);
  return problems;
}

const inPlace = (place, text) => (place in pii.object ? { ...pii, object: { ...pii.object, [place]: text } } : { ...pii, [place]: text });
const ATTACK_RUNS = {
  'a detector that obeys the attacker deletes nothing else': () => runAttacks((place, text) => ({ summary: upload, detection: inPlace(place, text) })),
  'functions that both obey the attacker delete nothing else': () =>
    runAttacks((place, text) => ({ summary: { ...upload, s3_bucket: place === 'bucket' ? text : upload.s3_bucket, s3_key: place === 'key' ? text : upload.s3_key, s3_version_id: null }, detection: inPlace(place, text) })),
};

/** Where a clean image goes, its start counted. */
const CLEAN = ['Summarize event', 'Image upload?', 'Detect PII', 'Act?', 'Publish alert', 'Complete'];
const LIKELY = {
  summary: upload, judged: pii, deletion: 'deleted', summarize_error: 'ModelThrottled', is_resource: true, failed_in: 'Detect PII',
  copied: true, record: { status: { S: 'failed' } }, answer: expand({ $answer: 'alert-composer/version-deleted' }),
  failure: { Error: 'ModelThrottled', Cause: 'quota' }, input: { Error: 'S3.S3Exception', Cause: 'Status Code: 412' }, event,
};

const WHOLE = {
  'each placeholder is an output of the stack': () => unfilled,
  'a clean image takes 7 transitions, its start counted': async () => {
    const clean = expand({ $answer: 'pii-detector/clean' });
    const { path } = await execute(definition, event, lenient({ 'Summarize event': upload, 'Detect PII': clean }));
    return isDeepStrictEqual(path, CLEAN) ? [] : [`it takes ${path.length + 1}: ${path.join(', ')}`];
  },
  'no expression that nothing catches can fail, on values of any kind': () => problemsOfUncaught(definition, LIKELY),
  'an expression that fails in a choice is noticed': async () => {
    const broken = structuredClone(definition);
    broken.States['Act?'].Choices.at(-1).Condition = '{% $judged.action %}';
    broken.States['Image upload?'].Choices[0].Condition = "{% $contains($summary.s3_key, '.png') %}";
    const problems = await problemsOfUncaught(broken, LIKELY);
    return ['Act?', 'Image upload?'].filter((state) => !problems.some((problem) => problem.includes(state))).map((state) => `${state} passes`);
  },
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
for (const [name, run] of Object.entries(CHECKS)) await check('definition', name, () => run(definition));
for (const [name, run] of Object.entries(WHOLE)) await check('definition', name, run);

const names = new Set();
const files = readdirSync(new URL('cases/', here)).filter((file) => file.endsWith('.json') && file !== 'attacks.json').sort();
for (const file of files) {
  for (const given of readJson(`statemachine/cases/${file}`)) {
    await check(file.replace('.json', ''), given.name, () => (names.has(given.name) ? ['two cases of this name'] : runCase(given)));
    names.add(given.name);
  }
}
for (const [name, run] of Object.entries(MUTATIONS)) await check('mutations', name, run);
for (const [name, run] of Object.entries(ATTACK_RUNS)) await check('attacks', name, run);
for (const [name, run] of Object.entries(recoveries(definition, { event, upload, pii }))) await check('recovery', name, run);
for (const [name, run] of Object.entries(COVERAGE)) await check('coverage', name, run);
// While executions are shifted from one version to the next, the definition before this one works with the functions of today.
for (const given of readJson('statemachine/cases/previous/cases.json')) await check('previous', given.name, () => runCase(given, previous.definition));

const { states, expressions, characters } = sizeOf(definition);
console.log(`${states} states, ${expressions} expressions of at most ${characters} characters; a clean image takes ${CLEAN.length + 1} transitions, its start counted`);
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
