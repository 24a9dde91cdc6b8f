// The ledger's table, as far as the audit uses it: DynamoDB evaluates the conditions that its calls carry.

import { StatesError } from './expressions.mjs';

const value = (attribute) => attribute && Object.values(attribute)[0];

/** Whether a condition such as `attribute_not_exists(a) OR #b = :c AND d < :e` holds for an item; OR binds less than AND. */
export function holds(condition, names, values, item) {
  const tokens = condition.match(/[:#]?\w+|[()=<]/g);
  const operand = (token) => (token.startsWith(':') ? value(values[token]) : value(item[token.startsWith('#') ? names[token] : token]));
  const term = () => {
    const token = tokens.shift();
    if (token === '(') {
      const inner = either();
      tokens.shift();
      return inner;
    }
    if (token === 'attribute_not_exists') {
      const [, name] = tokens.splice(0, 3);
      return operand(name) === undefined;
    }
    const [operator, other] = tokens.splice(0, 2);
    const [left, right] = [operand(token), operand(other)];
    if (!['=', '<'].includes(operator)) throw new Error(`the table does not know ${operator} in ${condition}`);
    return left !== undefined && (operator === '=' ? left === right : left < right);
  };
  const both = () => {
    let all = term();
    while (tokens[0] === 'AND') {
      tokens.shift();
      all = term() && all;
    }
    return all;
  };
  const either = () => {
    let any = both();
    while (tokens[0] === 'OR') {
      tokens.shift();
      any = both() || any;
    }
    return any;
  };
  return either();
}

export class Table {
  items = new Map();

  key({ object, event }) {
    if (!value(object) || !value(event)) throw new StatesError('DynamoDB.AmazonDynamoDBException', 'an item without its key (Error Code: ValidationException)');
    return `${value(object)} ${value(event)}`;
  }

  get(key) {
    return this.items.get(this.key(key)) ?? {};
  }

  /** Sets some attributes of an item, which is made unless it is there, if one of the expectations holds. */
  update({ Key, AttributeUpdates, Expected }) {
    const item = this.get(Key);
    const isAsExpected = ([name, { Exists, Value }]) => (Exists === false ? item[name] === undefined : value(item[name]) === value(Value));
    if (!Object.entries(Expected).some(isAsExpected)) throw new StatesError('DynamoDB.ConditionalCheckFailedException', 'The conditional request failed');
    const values = Object.entries(AttributeUpdates).map(([name, { Value }]) => [name, Value]);
    this.items.set(this.key(Key), { ...this.get(Key), ...Key, ...Object.fromEntries(values) });
  }

  /** The same by an expression such as `SET #a = :b, c = :d REMOVE e`. */
  express({ Key, UpdateExpression, ExpressionAttributeNames, ExpressionAttributeValues }) {
    const [, sets, removes] = /^SET (.*?)(?: REMOVE (.*))?$/.exec(UpdateExpression);
    const name = (text) => ExpressionAttributeNames[text.trim()] ?? text.trim();
    const item = { ...this.get(Key), ...Key };
    for (const [attribute, set] of sets.split(',').map((each) => each.split('='))) item[name(attribute)] = ExpressionAttributeValues[set.trim()];
    for (const attribute of removes?.split(',') ?? []) delete item[name(attribute)];
    this.items.set(this.key(Key), item);
  }

  /** Does all of it if all of its conditions hold, and says whether it did. */
  transact({ TransactItems }) {
    const hold = TransactItems.every(({ Update, ConditionCheck }) => {
      const { Key, ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues } = Update ?? ConditionCheck;
      return holds(ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues, this.get(Key));
    });
    if (hold) for (const { Update } of TransactItems) if (Update) this.express(Update);
    return hold;
  }
}
