// The interpreter's own cases: small definitions on which Step Functions and a naive interpreter differ.

import { deepStrictEqual as same } from 'node:assert';
import { StatesError } from './expressions.mjs';
import { execute } from './interpreter.mjs';

const machine = (States) => ({ QueryLanguage: 'JSONata', StartAt: Object.keys(States)[0], States });
const pass = (Output, rest = {}) => machine({ Only: { Type: 'Pass', Output, End: true, ...rest } });
const outputOf = async (expression, input = {}) => {
  const { status, output, error } = await execute(pass({ value: expression }), input);
  return status === 'SUCCEEDED' ? output.value : error;
};
const task = (rest) => machine({ Work: { Type: 'Task', Resource: 'arn', ...rest, Next: 'Done' }, Done: { Type: 'Succeed' }, Caught: { Type: 'Succeed' } });
/** A service that fails with each of `errors` in turn and then answers. */
const failing = (...errors) => async () => {
  const error = errors.shift();
  if (error) throw new StatesError(error, 'cause');
  return { fine: true };
};

export const SEMANTICS = {
  'Assign is evaluated from the values at entry': async () => {
    const run = await execute(
      machine({
        First: { Type: 'Pass', Assign: { a: 1 }, Next: 'Second' },
        Second: { Type: 'Pass', Assign: { a: 2, b: '{% $a %}' }, Output: { a: '{% $a %}' }, Next: 'Third' },
        Third: { Type: 'Pass', Output: { a: '{% $a %}', b: '{% $b %}', before: '{% $states.input.a %}' }, End: true },
      }),
      {},
    );
    same(run.output, { a: 2, b: 1, before: 1 });
  },
  'what is not found is an error': async () => {
    same(await outputOf('{% $states.input.absent %}'), 'States.QueryEvaluationError');
    same(await outputOf('{% $unknown %}'), 'States.QueryEvaluationError');
  },
  'a type error and a function are errors': async () => {
    same(await outputOf("{% 1 + 'a' %}"), 'States.QueryEvaluationError');
    same(await outputOf('{% $string %}'), 'States.QueryEvaluationError');
  },
  'null is a value': async () => same(await outputOf('{% $states.input.x %}', { x: null }), null),
  'braces within a text are no expression': async () => same(await outputOf('id {% 1 %}'), 'id {% 1 %}'),
  'a condition that is no boolean is an error': async () => {
    const choice = (Condition) => machine({ Choose: { Type: 'Choice', Choices: [{ Condition, Next: 'Done' }], Default: 'Done' }, Done: { Type: 'Succeed' } });
    same((await execute(choice("{% 'true' %}"), {})).error, 'States.QueryEvaluationError');
    same((await execute(choice('{% 1 = 1 %}'), {})).status, 'SUCCEEDED');
  },
  'a choice without a way out fails': async () => {
    const run = await execute(machine({ Choose: { Type: 'Choice', Choices: [{ Condition: '{% false %}', Next: 'Done' }] }, Done: { Type: 'Succeed' } }), {});
    same(run.error, 'States.NoChoiceMatched');
  },
  'the Assign of a choice holds for its Default alone': async () => {
    const choice = (value) => machine({
      First: { Type: 'Pass', Assign: { by: 'nobody' }, Next: 'Choose' },
      Choose: { Type: 'Choice', Choices: [{ Condition: `{% ${value} %}`, Next: 'Done' }], Default: 'Done', Assign: { by: 'default' } },
      Done: { Type: 'Succeed', Output: '{% $by %}' },
    });
    same((await execute(choice(true), {})).output, 'nobody');
    same((await execute(choice(false), {})).output, 'default');
  },
  'the first retrier that fits counts for itself': async () => {
    const work = task({ Retry: [{ ErrorEquals: ['A'], MaxAttempts: 1 }, { ErrorEquals: ['B'] }] });
    same((await execute(work, {}, failing('A', 'B', 'B', 'B'))).calls.length, 5);
    same((await execute(work, {}, failing('A', 'A'))).error, 'A');
    same((await execute(work, {}, failing('B', 'B', 'B', 'B'))).calls.length, 4);
  },
  'no attempts means never': async () => {
    const work = task({ Retry: [{ ErrorEquals: ['A'], MaxAttempts: 0 }, { ErrorEquals: ['States.ALL'] }] });
    same((await execute(work, {}, failing('A'))).calls.length, 1);
  },
  'States.TaskFailed takes everything but a timeout': async () => {
    const work = task({ Retry: [{ ErrorEquals: ['States.TaskFailed'], MaxAttempts: 1 }] });
    same((await execute(work, {}, failing('A'))).status, 'SUCCEEDED');
    same((await execute(work, {}, failing('States.Timeout'))).error, 'States.Timeout');
  },
  'States.ALL does not take what ends every execution': async () => {
    const work = task({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] });
    same((await execute(work, {}, failing('A'))).path, ['Work', 'Caught']);
    same((await execute(work, {}, failing('States.Runtime'))).status, 'FAILED');
    same((await execute(work, {}, failing('States.DataLimitExceeded'))).status, 'FAILED');
  },
  'a catch yields the error, and the state itself sets nothing': async () => {
    const States = {
      First: { Type: 'Pass', Assign: { seen: 'nothing' }, Next: 'Work' },
      Work: { Type: 'Task', Resource: 'arn', Assign: { seen: 'result' }, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }], Next: 'Caught' },
      Caught: { Type: 'Succeed', Output: { input: '{% $states.input %}', seen: '{% $seen %}' } },
    };
    same((await execute(machine(States), {}, failing('A'))).output, { input: { Error: 'A', Cause: 'cause' }, seen: 'nothing' });
  },
  'a task that ends the execution ends it only when it succeeds': async () => {
    const work = machine({ Work: { Type: 'Task', Resource: 'arn', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }], End: true }, Caught: { Type: 'Succeed' } });
    same((await execute(work, {}, failing())).path, ['Work']);
    same((await execute(work, {}, failing('A'))).path, ['Work', 'Caught']);
  },
  'a task whose output cannot be evaluated is caught': async () => {
    const work = task({ Output: '{% $states.result.absent %}', Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'Caught' }] });
    const run = await execute(work, {}, failing());
    same(run.path, ['Work', 'Caught']);
    same(run.evaluationErrors.length, 1);
  },
  'the functions that Step Functions adds are there': async () => {
    same(await outputOf('{% $partition([1, 2, 3], 2) %}'), [[1, 2], [3]]);
    same(await outputOf('{% $range(1, 7, 3) %}'), [1, 4, 7]);
    same(await outputOf("{% $hash('abc', 'MD5') %}"), '900150983cd24fb0d6963f7d28e17f72');
    same(await outputOf("{% $parse('{\"a\":[1]}').a %}"), [1]);
    same(await outputOf("{% $length($uuid()) %}"), 36);
    same(await outputOf('{% $random(7) = $random(7) %}'), true);
  },
  '$eval is not there': async () => same(await outputOf("{% $eval('1') %}"), 'States.QueryEvaluationError'),
  'too much data ends the execution': async () => {
    same(await outputOf("{% $pad('x', 262144) %}"), 'States.DataLimitExceeded');
  },
};
