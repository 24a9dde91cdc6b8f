// What becomes of an event when its execution is stopped or fails in any state, and is then redriven or its event replayed.
// The services are small worlds of their own: a ledger, versions in a bucket, copies, alerts.

import { StatesError } from './expressions.mjs';
import { snapshot } from './fixtures.mjs';
import { begin, Stopped } from './interpreter.mjs';
import { Table } from './ledger.mjs';
import { resultOf } from './services.mjs';

/** What log-summarizer asks of DynamoDB for a claim. */
const CLAIM = snapshot('crates/aws/src/snapshots/warden_aws__ledger_table__tests__claim.snap');

/** The claim of a record by an execution. */
function claimOf({ object, event }, { execution, started }) {
  const claim = structuredClone(CLAIM);
  const [{ Update }, { ConditionCheck }] = claim.TransactItems;
  Object.assign(Update, { Key: { object, event } });
  ConditionCheck.Key.object = object;
  const aDayAgo = new Date(Date.now() - 86_400_000).toISOString();
  Object.assign(Update.ExpressionAttributeValues, { ':execution': { S: execution }, ':started': { S: started }, ':a_day_ago': { S: aDayAgo } });
  return claim;
}

/** Services that do what they are asked, over what is there; `fate` may stop or fail a call before or after it is done. */
class World {
  constructor(answers) {
    Object.assign(this, { answers, table: new Table(), isThere: true, copies: new Set(), tags: null, alerts: [], modelCalls: 0 });
  }

  services(fate = {}) {
    return async (call) => {
      const { state, resource } = call;
      if (fate.before?.includes(state)) fate.happens();
      const part = this.done(call);
      if (fate.after === state) fate.happens();
      return resultOf(resource, part);
    };
  }

  done({ state, resource, arguments: args }) {
    const action = resource.split(':').slice(-2).join(':');
    if (action === 'dynamodb:updateItem') return this.table.update(args);
    if (action === 'sns:publish') return this.alerts.push(args) && { MessageId: `${this.alerts.length}` };
    if (action === 's3:copyObject') return this.isThere ? this.copies.add(args.Key) && {} : this.gone();
    if (action === 's3:headObject') return this.copies.has(args.Key) ? { ContentLength: this.answers.detection.object.size } : this.gone();
    if (action === 's3:putObjectTagging') return (this.tags = args.Tagging.TagSet) && {};
    if (action === 's3:deleteObject') return (this.isThere = false) || {};
    if (state === 'Publish alert') return this.alerts.push(args.Payload) && composed(args.Payload);
    if (state === 'Compose record') return composed(args.Payload);
    if (state.startsWith('Summarize')) return this.table.transact(claimOf(this.answers.summary.claim, args.Payload.claim)) ? this.asked(this.answers.summary) : { duplicate: true };
    return this.asked(this.isThere ? this.answers.detection : { ...this.answers.detection, verdict: 'gone', action: 'none' });
  }

  /** The answer of a function that asks a model for it. */
  asked(answer) {
    this.modelCalls += 1;
    return answer;
  }

  gone() {
    throw new StatesError('S3.S3Exception', 'The specified version does not exist. (Service: S3, Status Code: 404)');
  }

  get records() {
    return [...this.table.items.values()];
  }
}

const keyOf = ({ detail: { requestParameters: { bucketName, key }, responseElements } }) => ({ object: { S: `${bucketName}/${key}` }, event: { S: responseElements['x-amz-version-id'] } });

/** As alert-composer: an alert is out, and this is the record of what became of the event. */
function composed({ audit, execution }) {
  const failed = audit.failed_in !== null || audit.failure?.Error !== undefined;
  return {
    message_id: 'message',
    failed,
    record: {},
    // Where there is no summary, alert-composer reads the key from the event.
    key: audit.summary?.claim ?? keyOf(execution.event),
    item: {
      status: { S: failed ? 'failed' : audit.detection?.reason === 'budget' ? 'held' : 'complete' },
      ...(audit.detection && { verdict: { S: audit.detection.verdict } }),
      ...(audit.detection?.reason && { reason: { S: audit.detection.reason } }),
      ...(audit.detection?.judged_before && { judged_before: { BOOL: true } }),
      ...(audit.detection && { input_tokens: { N: '1800' }, output_tokens: { N: '90' }, cost_usd: { N: '0.5' }, high_of: { S: 'b-1' } }),
    },
  };
}

const stop = () => {
  throw new Stopped();
};
const fail = () => {
  throw new StatesError('Service.Down', 'an outage');
};

/** What has to hold when all is over. */
function problemsOf(world, run, { alerts = [1], claimed = true } = {}) {
  const problems = [];
  if (run.status !== 'SUCCEEDED') problems.push(`it ends as ${run.status} in ${run.path.at(-1)}: ${run.error} ${run.cause}`);
  const statuses = world.records.map(({ status }) => status.S);
  if (statuses.join() !== 'complete') problems.push(`the records are ${statuses.join()}`);
  if (!alerts.includes(world.alerts.length)) problems.push(`${world.alerts.length} alerts`);
  const [{ acted, quarantine_key: copy } = {}] = world.records;
  // What is done without a claim is told in its alert alone.
  if (claimed && !world.isThere && acted?.S !== 'deleted') problems.push('it is gone, and its record does not tell why');
  if (claimed && !world.isThere && world.copies.size > 0 && !world.copies.has(copy?.S)) problems.push('it lies in quarantine, and its record does not tell where');
  if (!world.isThere && world.answers.detection.action === 'quarantine' && world.copies.size === 0) problems.push('it is gone, and was not copied');
  return problems;
}

/** The tasks of a whole way, each with the answers that lead through it. */
function ways({ upload, pii }) {
  const detection = (action, rest = {}) => ({ summary: upload, detection: { ...pii, ...rest, action } });
  return {
    'a deletion': detection('delete_version'),
    'a quarantine': detection('quarantine'),
    'a tag': detection('tag', { tags: [{ Key: 'warden:verdict', Value: 'pii' }] }),
  };
}

/** The cases, by name: `event` names the version that `pii` is about. */
export function recoveries(definition, { event, upload, pii }) {
  const cases = {};
  const started = new Date().toISOString();
  const start = (world, name, fate) => begin(definition, event, world.services(fate), { name, started });
  for (const [way, answers] of Object.entries(ways({ upload, pii }))) {
    const tasks = async () => {
      const { path } = await start(new World(answers), 'whole').run;
      return [...new Set(path)].filter((name) => definition.States[name].Type === 'Task');
    };
    const each = (check) => async () => {
      const problems = [];
      for (const state of await tasks()) problems.push(...(await check(state)).map((problem) => `${state}: ${problem}`));
      return problems;
    };
    for (const when of ['before', 'after']) {
      const done = { before: 'before a call is made', after: 'when a call was made and nobody heard its answer' }[when];
      cases[`${way}: stopped ${done}, in each state, then redriven`] = each(async (state) => {
        const world = new World(answers);
        const execution = start(world, 'first', { [when]: when === 'before' ? [state] : state, happens: stop });
        if ((await execution.run).status !== 'ABORTED') return ['it is not stopped'];
        const other = await start(world, 'another').run;
        const claimed = when === 'after' || state !== 'Summarize event';
        if (claimed !== (other.path.at(-1) === 'Duplicate')) return [`meanwhile the event comes again, and ends in ${other.path.at(-1)}`];
        if (!claimed) return [];
        // SNS cannot be asked whether it has a message: one whose answer was lost comes twice, rather than not at all.
        return problemsOf(world, await execution.redrive(world.services()), { alerts: when === 'after' && state === 'Publish alert' ? [2] : [1] });
      });
    }
    cases[`${way}: failed in each state, then replayed`] = each(async (state) => {
      const world = new World(answers);
      // Without a summary the machine asks once more without the model.
      const broken = state === 'Summarize event' ? [state, 'Summarize without the model'] : [state];
      const failed = await start(world, 'first', { before: broken, happens: fail }).run;
      if (failed.status !== 'FAILED') return [`it ends as ${failed.status}`];
      if (failed.path.at(-1) !== 'Audit failed') return [`it fails in ${failed.path.at(-1)}`];
      const replayed = await start(world, 'replayed').run;
      // Told and done, but for the record: the claim is another's until a day has passed.
      if (state === 'Complete') return replayed.path.at(-1) === 'Duplicate' && world.alerts.length === 1 ? [] : [`the replay ends in ${replayed.path.at(-1)}`];
      return problemsOf(world, replayed, { alerts: [2] });
    });
  }
  cases['a report of what was audited before, whose claim could not be made: the record stays'] = async () => {
    const world = new World(ways({ upload, pii })['a deletion']);
    await start(world, 'first').run;
    const before = structuredClone(world.records);
    const held = await start(world, 'second', { before: ['Summarize event', 'Summarize without the model'], happens: fail }).run;
    if (held.status !== 'FAILED' || world.alerts.length !== 2) return [`it ends as ${held.status}, with ${world.alerts.length} alerts`];
    if (JSON.stringify(world.records) !== JSON.stringify(before)) return [`the record is ${JSON.stringify(world.records)}`];
    const replayed = await start(world, 'replayed').run;
    return replayed.path.at(-1) === 'Duplicate' ? [] : [`the replay ends in ${replayed.path.at(-1)}`];
  };
  cases['nobody can be told: what was found and done is in the record all the same'] = async () => {
    const world = new World(ways({ upload, pii })['a deletion']);
    await start(world, 'first', { before: ['Publish alert', 'Publish plain alert'], happens: fail }).run;
    const [{ status, verdict, acted, cost_usd: cost } = {}] = world.records;
    const kept = [status?.S, verdict?.S, acted?.S, cost?.N].join();
    return kept === 'failed,pii,deleted,0.5' && world.alerts.length === 0 ? [] : [`${world.alerts.length} alerts, and the record is ${kept}`];
  };
  cases['held back by the budget, then judged clean: taken up, and its record keeps nothing of before'] = async () => {
    const held = { ...pii, verdict: 'undetermined', reason: 'budget', judged_before: true, action: 'none' };
    const world = new World({ summary: upload, detection: held });
    await start(world, 'first').run;
    if (world.records[0]?.status?.S !== 'held') return [`the first leaves ${JSON.stringify(world.records)}`];
    const { reason, judged_before: before, ...clean } = held;
    world.answers = { summary: upload, detection: { ...clean, verdict: 'clean' } };
    const problems = problemsOf(world, await start(world, 'replayed').run, { alerts: [2] });
    const [record] = world.records;
    for (const name of ['reason', 'judged_before']) if (record[name]) problems.push(`its record still has ${name}: ${JSON.stringify(record[name])}`);
    return [...problems, ...(record.verdict?.S === 'clean' ? [] : [`its verdict is ${record.verdict?.S}`])];
  };
  cases['failed once it was judged, then before: the record tells no cost of the second audit, and no report names it'] = async () => {
    const world = new World(ways({ upload, pii })['a deletion']);
    const costs = [];
    for (const broken of ['Delete version', 'Detect PII']) {
      await start(world, broken, { before: [broken], happens: fail }).run;
      const [{ status, cost_usd: cost, input_tokens: read, output_tokens: written, high_of: report }] = world.records;
      costs.push([status.S, cost?.N, read?.N, written?.N, report?.S].join());
    }
    return costs.join(' ') === 'failed,0.5,1800,90,b-1 failed,,,,' ? [] : [`the records are ${costs.join(' ')}`];
  };
  return cases;
}
