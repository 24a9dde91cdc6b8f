// The part of the Amazon States Language that the definitions use, in JSONata but for a distributed Map, with Step Functions' semantics. A field
// or a state that it does not know is an error, so that nothing is passed over in silence. It does not wait.

import { evaluate, StatesError } from './expressions.mjs';

const FIELDS = {
  Task: ['Resource', 'Arguments', 'TimeoutSeconds', 'Retry', 'Catch', 'Assign', 'Output', 'Next', 'End'],
  Choice: ['Choices', 'Default', 'Assign', 'Output'],
  Pass: ['Assign', 'Output', 'Next', 'End'],
  Wait: ['Seconds', 'Assign', 'Output', 'Next'],
  Succeed: ['Output'],
  Fail: ['Error', 'Cause'],
  Map: ['Label', 'MaxConcurrencyPath', 'ToleratedFailurePercentage', 'ItemReader', 'ItemProcessor', 'Catch', 'ResultPath', 'Next'],
};
const COMMON = ['Type', 'Comment', 'QueryLanguage'];
const RETRIER = ['ErrorEquals', 'IntervalSeconds', 'MaxAttempts', 'BackoffRate', 'MaxDelaySeconds', 'JitterStrategy', 'Comment'];
const CATCHER = ['ErrorEquals', 'Assign', 'Output', 'Next', 'Comment'];
const RULE = ['Condition', 'Assign', 'Output', 'Next', 'Comment'];

const DEFAULT_MAX_ATTEMPTS = 3;
/** Step Functions' limit for an input, an output and a variable, in bytes of UTF-8. */
export const MAX_DATA_BYTES = 262_144;

/** A service throws this where an execution is stopped in the midst of a call. */
export class Stopped extends Error {}

/** The definition uses something that this interpreter does not know, or the run does not end. */
export class Unsupported extends Error {}

function checkFields(object, known, where) {
  const unknown = Object.keys(object).filter((key) => !known.includes(key));
  if (unknown.length > 0) throw new Unsupported(`${where}: the interpreter does not know ${unknown.join(', ')}`);
}

/** Whether a retrier or catcher for `names` takes the error `name`. */
export function matches(names, name) {
  return names.some((wanted) => {
    if (wanted === 'States.ALL') return !['States.DataLimitExceeded', 'States.Runtime'].includes(name);
    if (wanted === 'States.TaskFailed') return name !== 'States.Timeout';
    return wanted === name;
  });
}

const bytes = (value) => Buffer.byteLength(JSON.stringify(value));

/** One execution of a definition. */
class Execution {
  constructor(definition, input, task, { name = 'case', started = '2026-11-20T09:14:09.123Z' } = {}) {
    this.definition = definition;
    this.task = task;
    this.variables = {};
    this.run = { path: [], transitions: [], calls: [], outputs: [], variableBytes: 0 };
    this.context = {
      Execution: {
        Id: `arn:aws:states:us-west-2:111122223333:execution:security-audit:${name}`,
        Input: input,
        Name: name,
        RoleArn: 'arn:aws:iam::111122223333:role/state-machine',
        StartTime: started,
        RedriveCount: 0,
      },
      State: { Name: '', EnteredTime: '2026-11-20T09:14:09.123Z', RetryCount: 0 },
      StateMachine: { Id: 'arn:aws:states:us-west-2:111122223333:stateMachine:security-audit', Name: 'security-audit' },
    };
  }

  evaluate(template, extra, where) {
    return evaluate(template, { ...this.variables, states: { input: this.input, context: this.context, ...extra } }, where);
  }

  /** Evaluates Assign and Output from the values at entry, then makes the new variables visible. */
  async leave(fields, extra, unset, where) {
    const assigned = 'Assign' in fields ? await this.evaluate(fields.Assign, extra, `${where}/Assign`) : {};
    const output = 'Output' in fields ? await this.evaluate(fields.Output, extra, `${where}/Output`) : unset;
    if (bytes(output) > MAX_DATA_BYTES) throw new StatesError('States.DataLimitExceeded', `${where}: the output is too large`);
    if (bytes(assigned) > MAX_DATA_BYTES) throw new StatesError('States.DataLimitExceeded', `${where}: the variables are too large`);
    Object.assign(this.variables, assigned);
    this.run.variableBytes = Math.max(this.run.variableBytes, bytes(this.variables));
    this.run.outputs.push({ state: this.context.State.Name, bytes: bytes(output) });
    return output;
  }

  async attempt(name, state) {
    const args = await this.evaluate(state.Arguments ?? {}, {}, `${name}/Arguments`);
    if (bytes(args) > MAX_DATA_BYTES) throw new StatesError('States.DataLimitExceeded', `${name}: the arguments are too large`);
    const call = { state: name, resource: state.Resource, arguments: args };
    this.run.calls.push(call);
    const result = await this.task(call);
    call.succeeded = true;
    return this.leave(state, { result }, result, name);
  }

  async Task(name, state) {
    const attempts = new Map();
    for (;;) {
      try {
        return { output: await this.attempt(name, state), next: state.Next };
      } catch (error) {
        if (!(error instanceof StatesError)) throw error;
        if (error.evaluation) (this.run.evaluationErrors ??= []).push(error.cause);
        for (const retrier of state.Retry ?? []) checkFields(retrier, RETRIER, `${name}/Retry`);
        const retrier = (state.Retry ?? []).find(({ ErrorEquals }) => matches(ErrorEquals, error.error));
        const made = attempts.get(retrier) ?? 0;
        if (retrier && made < (retrier.MaxAttempts ?? DEFAULT_MAX_ATTEMPTS)) {
          attempts.set(retrier, made + 1);
          this.context.State.RetryCount += 1;
          continue;
        }
        for (const catcher of state.Catch ?? []) checkFields(catcher, CATCHER, `${name}/Catch`);
        const index = (state.Catch ?? []).findIndex(({ ErrorEquals }) => matches(ErrorEquals, error.error));
        if (index < 0) throw error;
        const errorOutput = { Error: error.error, ...(error.cause === undefined ? {} : { Cause: error.cause }) };
        const catcher = state.Catch[index];
        const output = await this.leave(catcher, { errorOutput }, errorOutput, `${name}/Catch/${index}`);
        return { output, next: catcher.Next, by: `Catch ${index}` };
      }
    }
  }

  async Choice(name, state) {
    for (const [index, rule] of state.Choices.entries()) {
      const where = `${name}/Choices/${index}`;
      checkFields(rule, RULE, where);
      const holds = await this.evaluate(rule.Condition, {}, `${where}/Condition`);
      if (typeof holds !== 'boolean') {
        const error = new StatesError('States.QueryEvaluationError', `${where}/Condition: ${JSON.stringify(holds)} is no boolean`);
        error.evaluation = true;
        throw error;
      }
      if (holds) return { output: await this.leave(rule, {}, this.input, where), next: rule.Next, by: `rule ${index}` };
    }
    if (!state.Default) throw new StatesError('States.NoChoiceMatched', `${name}: no rule holds`);
    return { output: await this.leave(state, {}, this.input, name), next: state.Default, by: 'Default' };
  }

  /** A distributed Map that keeps its input: a service reads the items, and each is the input of a child of its own. */
  async Map(name, state) {
    const field = (path) => path.replace(/^\$\./, '').split('.').reduce((value, part) => value?.[part], this.input);
    if (state.ResultPath !== null || state.ToleratedFailurePercentage !== 100) throw new Unsupported(`${name}: a Map that ends with its children`);
    const most = field(state.MaxConcurrencyPath);
    if (!Number.isInteger(most) || most < 1) throw new Unsupported(`${name}: no concurrency in the input`);
    const parameters = Object.entries(state.ItemReader.Parameters).map(([key, value]) => (key.endsWith('.$') ? [key.slice(0, -2), field(value)] : [key, value]));
    try {
      const items = await this.task({ state: name, resource: state.ItemReader.Resource, arguments: Object.fromEntries(parameters) });
      let resultBytes = 0;
      for (const [index, item] of items.entries()) {
        const child = await new Execution(state.ItemProcessor, item, this.task, { name: `child-${index}` }).start(item);
        this.run.calls.push(...child.calls);
        (this.run.children ??= []).push(child);
        resultBytes += bytes(child.output ?? null) + 1;
      }
      this.run.resultBytes = Math.max(this.run.resultBytes ?? 0, resultBytes);
      return { output: this.input, next: state.Next };
    } catch (error) {
      if (!(error instanceof StatesError)) throw error;
      const index = (state.Catch ?? []).findIndex(({ ErrorEquals }) => matches(ErrorEquals, error.error));
      if (index < 0) throw error;
      const { ResultPath, Next } = state.Catch[index];
      return { output: { ...this.input, [ResultPath.replace('$.', '')]: { Error: error.error, Cause: error.cause } }, next: Next, by: `Catch ${index}` };
    }
  }

  async Pass(name, state) {
    return { output: await this.leave(state, {}, this.input, name), next: state.Next };
  }

  async Wait(name, state) {
    return this.Pass(name, state);
  }

  async Succeed(name, state) {
    return { output: await this.leave(state, {}, this.input, name), status: 'SUCCEEDED' };
  }

  async Fail(name, state) {
    const error = await this.evaluate(state.Error ?? '', {}, `${name}/Error`);
    const cause = await this.evaluate(state.Cause ?? '', {}, `${name}/Cause`);
    for (const [field, value, limit] of [['Error', error, 256], ['Cause', cause, 32_768]]) {
      if (typeof value !== 'string' || value.length > limit) throw new Unsupported(`${name}/${field}: no string of at most ${limit} characters`);
    }
    return { status: 'FAILED', error, cause };
  }

  start(input) {
    this.input = input;
    return this.from(this.definition.StartAt);
  }

  /** Goes on at the state where it ended, with that state's input and the variables that it had. */
  redrive(task) {
    this.task = task;
    this.context.Execution.RedriveCount += 1;
    this.variables = { ...this.entered.variables };
    this.input = this.entered.input;
    return this.from(this.entered.name);
  }

  async from(first) {
    let name = first;
    try {
      for (let steps = 0; ; steps += 1) {
        if (steps > 1000) throw new Unsupported('the execution does not end');
        const state = this.definition.States[name];
        if (!(state?.Type in FIELDS)) throw new Unsupported(`${name}: the interpreter does not know its type`);
        checkFields(state, [...COMMON, ...FIELDS[state.Type]], name);
        this.run.path.push(name);
        this.entered = { name, input: this.input, variables: { ...this.variables } };
        this.context.State = { Name: name, EnteredTime: this.context.State.EnteredTime, RetryCount: 0 };
        const { output, next, by, ...end } = await this[state.Type](name, state);
        this.input = output;
        if (end.status || !next) return { ...this.run, status: end.status ?? 'SUCCEEDED', error: end.error, cause: end.cause, output };
        this.run.transitions.push(`${name} -> ${next}${by ? ` by ${by}` : ''}`);
        name = next;
      }
    } catch (error) {
      if (error instanceof Stopped) return { ...this.run, status: 'ABORTED' };
      if (!(error instanceof StatesError)) throw error;
      if (error.evaluation && !this.run.evaluationErrors?.includes(error.cause)) (this.run.evaluationErrors ??= []).push(error.cause);
      return { ...this.run, status: 'FAILED', error: error.error, cause: error.cause };
    }
  }
}

/**
 * Runs `definition` on `input`. `task` stands for the services: it is called with `{state, resource, arguments}` at
 * each attempt, and returns the result or throws a StatesError.
 */
export function execute(definition, input, task) {
  return begin(definition, input, task).run;
}

/** The same for an execution that may be redriven: its `run`, and `redrive`, which is given the services anew. */
export function begin(definition, input, task, called) {
  const execution = new Execution(definition, input, task, called);
  return { run: execution.start(input), redrive: (again) => execution.redrive(again) };
}

/** Every way from one state to another, in the form in which a run reports those it took. */
export function transitionsOf(definition) {
  return Object.entries(definition.States).flatMap(([name, state]) => [
    ...(state.Next ? [`${name} -> ${state.Next}`] : []),
    ...(state.Catch ?? []).map((catcher, index) => `${name} -> ${catcher.Next} by Catch ${index}`),
    ...(state.Choices ?? []).map((rule, index) => `${name} -> ${rule.Next} by rule ${index}`),
    ...(state.Default ? [`${name} -> ${state.Default} by Default`] : []),
  ]);
}
