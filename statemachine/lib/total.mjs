// Whether an expression yields something on values of any kind. A Choice, a Pass, a Fail and a catcher have no Catch of
// their own: an expression that fails there ends the execution before anybody is told.

import { expressionsIn, evaluate } from './expressions.mjs';
import { mutationsOf, UNLIKELY } from './mutations.mjs';

const RUNS = 150;

/** The expressions that nothing catches, with what each has to yield. */
export function uncaught(definition) {
  return Object.entries(definition.States).flatMap(([name, state]) => {
    const within = (node, path) => expressionsIn(node, path).map(({ path: where, text }) => ({ where: [name, ...where].join('/'), text, yields: where.at(-1) === 'Condition' ? 'boolean' : undefined }));
    if (state.Type === 'Fail') return within(state, []).map((each) => ({ ...each, yields: 'string' }));
    if (state.Type !== 'Task') return within(state, []);
    const catchers = (state.Catch ?? []).flatMap((catcher, index) => within(catcher, ['Catch', index]));
    // Where this one cannot be evaluated, nobody is told at all.
    const last = state.Catch?.at(-1)?.Next;
    const isLastAlert = state.Resource.endsWith(':sns:publish') && definition.States[last]?.Type === 'Fail';
    // What fails once an alert is out would be told a second time.
    const afterwards = state.Resource.endsWith(':sns:publish') && 'Output' in state ? within(state.Output, ['Output']) : [];
    return [...(isLastAlert ? within(state.Arguments, ['Arguments']) : []), ...catchers, ...afterwards];
  });
}

/** Numbers that look random and are the same in each run. */
function* numbers(seed) {
  for (let n = seed; ; ) {
    n = (Math.imul(n, 1_664_525) + 1_013_904_223) >>> 0;
    yield n;
  }
}

/**
 * Evaluates each expression that nothing catches on odd values in each of its places: `likely` names usual values of the
 * variables, of `input` and of `event`.
 */
export async function problemsOfUncaught(definition, likely) {
  const problems = [];
  for (const { where, text, yields } of uncaught(definition)) {
    const names = [...new Set([...text.matchAll(/\$([a-z_]\w*)/gi)].map(([, name]) => name))].filter((name) => name in likely);
    const places = ['input', 'event', ...names];
    const values = Object.fromEntries(places.map((place) => [place, [likely[place], ...UNLIKELY, ...mutationsOf(likely[place]).map(({ value }) => value)]]));
    const random = numbers(text.length);
    const pick = (list) => list[random.next().value % list.length];
    const errors = [{ Error: 'X', Cause: 'c' }, { Error: 'X' }, { Error: '', Cause: '' }, { Error: 'X', Cause: '{"errorMessage":"m"}' }];
    const runs = [
      ...places.flatMap((place) => values[place].map((value) => ({ ...likely, [place]: value }))),
      ...Array.from({ length: RUNS }, () => Object.fromEntries(places.map((place) => [place, pick(values[place])]))),
    ];
    for (const run of runs) {
      const { input, event, ...variables } = run;
      const context = { Execution: { Id: 'arn:aws:states:us-west-2:111122223333:execution:security-audit:case', Input: event, Name: 'case' }, State: { Name: 'X' } };
      try {
        const value = await evaluate(text, { ...variables, states: { input, context, errorOutput: pick(errors) } }, where);
        if (yields && typeof value !== yields) problems.push(`${where}: ${JSON.stringify(value)?.slice(0, 60)} is no ${yields}`);
      } catch (error) {
        problems.push(error.message.slice(0, 300));
      }
    }
  }
  return [...new Set(problems)];
}
