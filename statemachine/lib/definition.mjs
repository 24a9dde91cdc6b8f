// The definition with its placeholders filled, and what has to hold for it before anything runs.

import { readFileSync } from 'node:fs';
import validate from 'asl-validator';
import { compile, expressionsIn, source } from './expressions.mjs';

const SAMPLES = {
  LogSummarizerArn: 'arn:aws:lambda:us-west-2:111122223333:function:audit-log-summarizer:live',
  PiiDetectorArn: 'arn:aws:lambda:us-west-2:111122223333:function:audit-pii-detector:live',
  AlertComposerArn: 'arn:aws:lambda:us-west-2:111122223333:function:audit-alert-composer:live',
  AlertTopicArn: 'arn:aws:sns:us-west-2:111122223333:audit-alerts',
  LedgerName: 'audit-ledger',
  Handling: 'delete;none;;;low',
  QuarantineBucketName: 'audit-quarantine',
  BackfillListerArn: 'arn:aws:lambda:us-west-2:111122223333:function:audit-backfill-lister:live',
  BackfillBucketName: 'audit-backfills',
  AuditVersionArn: 'arn:aws:states:us-west-2:111122223333:stateMachine:security-audit:7',
};

/** The functions' error names: the first table of docs/errors.md, which a test holds against the program. */
const FUNCTION_ERRORS = [...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').split('\n## ')[0].matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
/** Those that another try cannot mend. */
const PERMANENT = ['InvalidInput', 'ObjectNotFound', 'AccessDenied', 'ModelOutputInvalid', 'Undetermined'];
const SERVICE_ERRORS = [
  'Lambda.ClientExecutionTimeoutException', 'Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.SdkClientException', 'Lambda.TooManyRequestsException', 'Lambda.Unknown', 'Runtime.ExitError', 'Sandbox.Timedout',
  'DynamoDB.ConditionalCheckFailedException',
  'States.ALL', 'States.QueryEvaluationError', 'States.TaskFailed', 'States.Timeout',
];

/** Reads a definition and fills in samples for its placeholders, `others` before the usual ones. */
export function load(file, template, others = {}) {
  const text = readFileSync(file, 'utf8');
  const names = [...new Set([...text.matchAll(/\$\{([^}]*)\}/g)].map(([, name]) => name))];
  const outputs = readFileSync(template, 'utf8').split(/^Outputs:\n/m)[1] ?? '';
  // `warden deploy` knows it.
  const known = ['AuditVersionArn'];
  const problems = names.flatMap((name) => [
    ...(name in SAMPLES ? [] : [`\${${name}}: no such placeholder in the contract`]),
    ...(known.includes(name) || new RegExp(`^  ${name}:$`, 'm').test(outputs) ? [] : [`\${${name}}: no such output of the stack`]),
  ]);
  const definition = JSON.parse(text.replace(/\$\{([^}]*)\}/g, (whole, name) => others[name] ?? SAMPLES[name] ?? whole));
  return { definition, problems };
}

function tasksOf(definition) {
  return Object.entries(definition.States).filter(([, state]) => state.Type === 'Task');
}

function schema(definition) {
  const { isValid, errorsText } = validate(structuredClone(definition), { checkPaths: true, checkArn: true });
  return isValid ? [] : [errorsText()];
}

function syntax(definition) {
  return expressionsIn(definition).flatMap(({ path, text }) => {
    const where = path.join('/');
    const problems = [];
    if (/[\r\n]/.test(text)) problems.push(`${where}: an expression over several lines`);
    if (/\$eval\b/.test(text)) problems.push(`${where}: Step Functions has no $eval`);
    if (/\$states\.errorOutput/.test(text) && !path.includes('Catch')) problems.push(`${where}: $states.errorOutput is known in a Catch alone`);
    if (/\$states\.result/.test(text) && (path.includes('Catch') || definition.States[path[1]]?.Type !== 'Task' || !['Assign', 'Output'].includes(path[2]))) {
      problems.push(`${where}: $states.result is known in the Assign and Output of a Task alone`);
    }
    try {
      compile(source(text));
    } catch (error) {
      problems.push(`${where}: ${error.message}`);
    }
    return problems;
  });
}

function limits(definition) {
  return tasksOf(definition).flatMap(([name, state]) => {
    const problems = [];
    if (typeof state.TimeoutSeconds !== 'number') problems.push(`${name}: TimeoutSeconds is no number`);
    if (!state.Retry?.length) problems.push(`${name}: no Retry`);
    if (state.Catch?.at(-1)?.ErrorEquals?.join() !== 'States.ALL') problems.push(`${name}: its last Catch does not take States.ALL`);
    for (const [index, retrier] of (state.Retry ?? []).entries()) {
      const waits = retrier.MaxAttempts !== 0;
      if (waits && retrier.JitterStrategy !== 'FULL') problems.push(`${name}: Retry ${index} has no jitter`);
      if (retrier.ErrorEquals.includes('States.ALL') && (retrier.ErrorEquals.length > 1 || index < state.Retry.length - 1)) problems.push(`${name}: States.ALL is not alone and last`);
    }
    if (state.Resource.endsWith(':lambda:invoke')) {
      const never = state.Retry?.[0]?.MaxAttempts === 0 ? state.Retry[0].ErrorEquals : [];
      for (const error of PERMANENT) if (!never.includes(error)) problems.push(`${name}: ${error} is tried again`);
    }
    return problems;
  });
}

function errorNames(definition) {
  const known = [...FUNCTION_ERRORS, ...SERVICE_ERRORS];
  return tasksOf(definition).flatMap(([name, state]) =>
    [...(state.Retry ?? []), ...(state.Catch ?? [])].flatMap(({ ErrorEquals }) => ErrorEquals.filter((error) => !known.includes(error)).map((error) => `${name}: nobody reports the error ${error}`)),
  );
}

/** Step Functions evaluates an Assign from the values at entry; others in sequence. Only what reads the same in both is let through. */
function assignments(definition) {
  const found = [];
  const visit = (node, where) => {
    if (node === null || typeof node !== 'object') return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'Assign') {
        for (const name of Object.keys(value)) {
          const others = Object.keys(value).filter((other) => other !== name);
          for (const { text } of expressionsIn(value[name])) {
            for (const other of others) if (new RegExp(`\\$${other}\\b`).test(text)) found.push(`${where}: ${name} uses $${other}, which the same Assign sets`);
          }
        }
      }
      visit(value, `${where}/${key}`);
    }
  };
  visit(definition.States, '');
  return found;
}

/** The most that a definition may hold: what is decided and said belongs in the functions. */
const MOST = { states: 16, expressions: 42, characters: 160 };

/** How large a definition is. */
export function sizeOf(definition) {
  const expressions = expressionsIn(definition);
  return { states: Object.keys(definition.States).length, expressions: expressions.length, characters: Math.max(...expressions.map(({ text }) => text.length)) };
}

function size(definition) {
  const found = sizeOf(definition);
  return Object.keys(MOST).filter((what) => found[what] > MOST[what]).map((what) => `${found[what]} ${what}, of at most ${MOST[what]}`);
}

/** What has to hold for any definition, by name. */
export const CHECKS = {
  'the definition is valid': schema,
  'each expression compiles and reads what its place knows': syntax,
  'each task has a time limit, retries with jitter and a catch of everything': limits,
  'each error that is waited for is one that somebody reports': errorNames,
  'it is small': size,
  'no variable is set from another of the same Assign': assignments,
};
