// Runs the state machine of backfills over its cases: JSONata by its reference implementation, the services by what a case
// says they answer. Ends with a line "N passed, N failed", and non-zero if one failed.

import { isDeepStrictEqual, inspect } from 'node:util';
import validate from 'asl-validator';
import { load } from './lib/definition.mjs';
import { StatesError } from './lib/expressions.mjs';
import { holds } from './lib/ledger.mjs';
import { execute, transitionsOf } from './lib/interpreter.mjs';

const here = new URL('.', import.meta.url);
const { definition, problems } = load(new URL('backfill.asl.json', here), new URL('../infra/audit.yaml', here));
const children = definition.States['Audit versions'].ItemProcessor;

const INPUT = { backfill: 'b-1', plan: { bucket: 'photos' } };
const step = (objects, more, part) => ({ ...INPUT, concurrency: 20, parts: part, part: objects > 0 ? `b-1/00000${part}.jsonl` : null, objects, more });
const again = (items) => ({ items: items.items.map((item) => ({ ...item, again: true })) });
const lines = (count) => Array.from({ length: count }, (_, index) => ({ backfill: 'b-1', id: `v${index}`, detail: { bucket: { name: 'photos' }, object: { key: `${index}.png` } } }));
const report = (status) => ({ subject: 's', protocols: '{}', attributes: {}, status, counters: { done: 2 } });
const condition = new StatesError('DynamoDB.ConditionalCheckFailedException', 'The conditional request failed');
// A record in the ledger, as a failed audit may have left it.
const left = (status, execution, cost) => ({
  Item: { status: { S: status }, execution: { S: `arn:aws:states:us-west-2:111122223333:execution:security-audit:${execution}` }, ...(cost && { cost_usd: { N: cost } }) },
});
const refused = new StatesError('States.TaskFailed', 'AccessDenied');
const audited = (output) => ({ Output: output });
/** What is answered at the end of a backfill that comes to it, and the way of one whose versions are in one part. */
const REPORTED = { Report: report('complete'), 'Publish report': {} };
const ONE_PART = ['List versions', 'Anything to audit?', 'Audit versions', 'More to list?', 'Report', 'Publish report', 'Went well?', 'Done'];

/** Services that answer as a case says: by state a value, an error, or a list of them, one for each call. */
function services(answers) {
  const left = Object.fromEntries(Object.entries(answers).map(([state, answer]) => [state, Array.isArray(answer) && !answer.items ? [...answer] : answer]));
  return async ({ state, resource }) => {
    if (!(state in left)) throw new Error(`${state} is called, and the case has no answer`);
    const answer = Array.isArray(left[state]) ? left[state].shift() : left[state];
    if (answer instanceof Error) throw answer;
    if (answer?.items) return answer.items;
    return resource.endsWith(':lambda:invoke') ? { StatusCode: 200, Payload: answer } : answer;
  };
}

const items = (count) => ({ items: lines(count) });
const counts = (run) =>
  run.calls
    .filter(({ state, succeeded }) => state === 'Count' && succeeded)
    .map(({ arguments: { ExpressionAttributeValues: values } }) => Object.fromEntries(Object.entries(values).filter(([, { N }]) => N !== '0').map(([name, { N }]) => [name.slice(1), Number(N)])));

const CASES = [
  {
    name: 'a bucket of two parts: each version is audited once and counted, and one report is published',
    answers: {
      'List versions': [step(2, true, 1), step(1, false, 2)],
      'Audit versions': [items(2), items(1)],
      'Goes on?': {},
      Audit: [audited({ verdict: 'pii', threat_level: 'high', cost_usd: 0.0007755 }), audited({ verdict: 'clean', threat_level: 'low' }), audited({ verdict: 'undetermined', reason: 'budget', threat_level: 'medium' })],
      Count: {},
      ...REPORTED,
    },
    path: ['List versions', 'Anything to audit?', 'Audit versions', 'More to list?', 'List versions', 'Anything to audit?', 'Audit versions', 'More to list?', 'Report', 'Publish report', 'Went well?', 'Done'],
    status: 'SUCCEEDED',
    counts: [{ one: 1, pii: 1, high: 1, spent: 0.0007755 }, { one: 1 }, { one: 1, undetermined: 1, held: 1 }],
  },
  {
    name: 'nothing to audit in a part: the listing goes on, and then ends',
    answers: { 'List versions': [step(0, true, 1), step(0, false, 2)], ...REPORTED },
    path: ['List versions', 'Anything to audit?', 'List versions', 'Anything to audit?', 'Report', 'Publish report', 'Went well?', 'Done'],
    status: 'SUCCEEDED',
    counts: [],
  },
  {
    name: 'once it is stopped or spent, no audit begins',
    answers: { 'List versions': [step(2, true, 1), step(0, false, 1)], 'Audit versions': items(2), 'Goes on?': condition, Report: report('stopped'), 'Publish report': {} },
    path: ['List versions', 'Anything to audit?', 'Audit versions', 'More to list?', 'List versions', 'Anything to audit?', 'Report', 'Publish report', 'Went well?', 'Done'],
    status: 'SUCCEEDED',
    counts: [],
  },
  {
    name: 'the ledger does not say whether it goes on: the version counts as failed',
    answers: {
      'List versions': step(1, false, 1),
      'Audit versions': again(items(1)),
      'Goes on?': new StatesError('DynamoDB.AmazonDynamoDBException', ''),
      Count: {},
      ...REPORTED,
    },
    path: ONE_PART,
    status: 'SUCCEEDED',
    counts: [{ one: 1, failed: 1, unrecorded: 1, again: 1 }],
  },
  {
    name: 'an audit that fails is counted with what it cost and whether it recorded its failure, and not tried again; a duplicate is told apart',
    answers: {
      'List versions': step(6, false, 1),
      'Audit versions': items(6),
      'Goes on?': {},
      Audit: [refused, refused, refused, refused, refused, audited({ duplicate: true })],
      'Look up its cost': [left('failed', 'child-0', '0.0007755'), left('failed', 'child-1'), left('claimed', 'child-2'), left('failed', 'of-another-day', '0.5'), {}],
      Count: {},
      ...REPORTED,
    },
    path: ONE_PART,
    status: 'SUCCEEDED',
    counts: [
      { one: 1, failed: 1, spent: 0.0007755 },
      { one: 1, failed: 1 },
      { one: 1, failed: 1, unrecorded: 1 },
      { one: 1, failed: 1, unrecorded: 1 },
      { one: 1, failed: 1, unrecorded: 1 },
      { one: 1, duplicates: 1 },
    ],
    lookedUp: { object: { S: 'photos/0.png' }, event: { S: 'v0' } },
  },
  {
    name: 'what was audited before is counted apart, however its audit ends, unless another has it by then',
    answers: {
      'List versions': step(3, false, 1),
      'Audit versions': again(items(3)),
      'Goes on?': {},
      Audit: [audited({ verdict: 'clean' }), audited({ duplicate: true }), refused],
      'Look up its cost': {},
      Count: {},
      ...REPORTED,
    },
    path: ONE_PART,
    status: 'SUCCEEDED',
    counts: [{ one: 1, again: 1 }, { one: 1, duplicates: 1 }, { one: 1, failed: 1, unrecorded: 1, again: 1 }],
  },
  {
    name: 'the ledger does not say what a failed audit cost: it is counted without',
    answers: {
      'List versions': step(1, false, 1),
      'Audit versions': again(items(1)),
      'Goes on?': {},
      Audit: refused,
      'Look up its cost': new StatesError('DynamoDB.AmazonDynamoDBException', ''),
      Count: {},
      ...REPORTED,
    },
    path: ONE_PART,
    status: 'SUCCEEDED',
    counts: [{ one: 1, failed: 1, unrecorded: 1, again: 1 }],
  },
  {
    name: 'too many executions are open: the audit is started later',
    answers: {
      'List versions': step(1, false, 1),
      'Audit versions': items(1),
      'Goes on?': {},
      Audit: [new StatesError('StepFunctions.ExecutionLimitExceededException', ''), audited({ verdict: 'clean' })],
      Count: {},
      ...REPORTED,
    },
    path: ONE_PART,
    status: 'SUCCEEDED',
    counts: [{ one: 1 }],
  },
  {
    name: 'a count that is not taken ends nothing',
    answers: { 'List versions': step(1, false, 1), 'Audit versions': items(1), 'Goes on?': {}, Audit: audited({}), Count: new StatesError('DynamoDB.AmazonDynamoDBException', ''), ...REPORTED },
    path: ONE_PART,
    status: 'SUCCEEDED',
    counts: [],
  },
  {
    name: 'a bucket that cannot be listed: told, and failed',
    answers: { 'List versions': new StatesError('AccessDenied', 'no'), Report: report('failed'), 'Publish report': {} },
    path: ['List versions', 'Report', 'Publish report', 'Went well?', 'Backfill failed'],
    status: 'FAILED',
    counts: [],
    reported: { step: { ...INPUT, failure: { Error: 'AccessDenied', Cause: 'no' } }, failure: { Error: 'AccessDenied', Cause: 'no' } },
  },
  {
    name: 'a part that cannot be read: told, and failed',
    answers: { 'List versions': step(1, false, 1), 'Audit versions': new StatesError('States.ItemReaderFailed', 'no such key'), Report: report('failed'), 'Publish report': {} },
    path: ['List versions', 'Anything to audit?', 'Audit versions', 'Report', 'Publish report', 'Went well?', 'Backfill failed'],
    status: 'FAILED',
    counts: [],
  },
  {
    name: 'no report can be composed: a plain one is published',
    answers: { 'List versions': step(0, false, 1), Report: new StatesError('Internal', 'é'), 'Publish plain report': {} },
    path: ['List versions', 'Anything to audit?', 'Report', 'Publish plain report', 'Backfill failed'],
    status: 'FAILED',
    counts: [],
    plain: { backfill: 'b-1', bucket: 'photos', failure: { Error: 'Internal', Cause: '?' } },
  },
  {
    name: 'no report can be published: a plain one is tried',
    answers: {
      'List versions': step(0, false, 1),
      Report: report('complete'),
      'Publish report': new StatesError('SNS.AmazonSNSException', ''),
      'Publish plain report': new StatesError('SNS.AmazonSNSException', ''),
    },
    path: ['List versions', 'Anything to audit?', 'Report', 'Publish report', 'Publish plain report', 'Backfill failed'],
    status: 'FAILED',
    counts: [],
    plain: { backfill: 'b-1', bucket: 'photos', failure: { Error: 'SNS.AmazonSNSException', Cause: '' } },
  },
];

let passed = 0;
let failed = 0;
const check = (name, found) => {
  console.log(found.length === 0 ? `ok      ${name}` : `FAILED  ${name}\n        ${found.join('\n        ')}`);
  if (found.length === 0) passed += 1;
  else failed += 1;
};

const { isValid, errorsText } = validate(structuredClone(definition), { checkPaths: true, checkArn: true });
check('the definition is one', [...problems, ...(isValid ? [] : [errorsText()])]);

const taken = new Set();
for (const { name, answers, path, status, counts: expected, reported, lookedUp, plain } of CASES) {
  const run = await execute(definition, INPUT, services(answers));
  const found = [];
  const compare = (what, actual, wanted) => {
    if (!isDeepStrictEqual(actual, wanted)) found.push(`${what} is ${inspect(actual, { depth: 9 })}, expected ${inspect(wanted, { depth: 9 })}`);
  };
  compare('the path', run.path, path);
  compare('the status', run.status, status);
  compare('what is counted', counts(run), expected);
  const asked = (state) => run.calls.find((call) => call.state === state).arguments;
  if (reported) {
    const { execution, ...told } = asked('Report').Payload.report;
    compare('what is reported', told, reported);
    if (!execution?.id || !execution?.started) found.push(`the report is asked for by ${inspect(execution)}`);
  }
  if (lookedUp) compare('what is looked up', asked('Look up its cost').Key, lookedUp);
  if (plain) {
    const { execution, ...told } = JSON.parse(asked('Publish plain report').Message);
    compare('the plain report', told, plain);
    if (!execution) found.push('the plain report names no execution');
  }
  for (const { state, arguments: { Input, Name } } of run.calls.filter(({ state }) => state === 'Audit')) {
    if (Input?.backfill !== 'b-1' || !/^child-/.test(Name)) found.push(`${state} starts ${Name} with ${inspect(Input)}`);
  }
  // A part of 20,000 leaves room below Step Functions' 256 KiB.
  const each = (run.resultBytes ?? 0) / Math.max(1, run.children?.length ?? 1);
  if (each * 20_000 > 262_144) found.push(`the outputs of 20,000 children are ${each * 20_000} bytes`);
  for (const child of run.children ?? []) if (child.status !== 'SUCCEEDED') found.push(`a child ends as ${child.status}: ${child.error} ${child.cause}`);
  for (const transition of [...run.transitions, ...(run.children ?? []).flatMap(({ transitions }) => transitions)]) taken.add(transition);
  check(name, found);
}
const goesOn = children.States['Goes on?'].Arguments;
check('a further audit begins while the backfill runs, has money left, and is not held back', [
  ['running', 1, 2, undefined, true],
  ['running', 1, 2, 19, true],
  ['running', 1, 2, 20, false],
  ['running', 2, 2, 0, false],
  ['stopping', 1, 2, 0, false],
].flatMap(([status, spent, most, held, expected]) => {
  const number = (value) => ({ N: value });
  const item = { status: { S: status }, spent_usd: number(spent), max_usd: number(most), ...(held !== undefined && { held: number(held) }) };
  // The table of the cases compares numbers as numbers.
  const values = { ...goesOn.ExpressionAttributeValues, ':enough': number(Number(goesOn.ExpressionAttributeValues[':enough'].N)) };
  return holds(goesOn.ConditionExpression, goesOn.ExpressionAttributeNames, values, item) === expected ? [] : [`${inspect(item)} is held wrongly`];
}));
const all = [...transitionsOf(definition), ...transitionsOf(children)];
check('every transition is taken by a case', all.filter((transition) => !taken.has(transition)).map((transition) => `nobody takes ${transition}`));

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
