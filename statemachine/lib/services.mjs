// What the services would refuse in the arguments of a task.

const isText = (value) => typeof value === 'string' && value !== '';

function unknownKeys(object, known, where) {
  if (object === null || typeof object !== 'object' || Array.isArray(object)) return [`${where}: is no object`];
  return Object.keys(object).filter((key) => !known.includes(key)).map((key) => `${where}: no such argument: ${key}`);
}

function lambdaInvoke(args) {
  const problems = unknownKeys(args, ['FunctionName', 'Payload', 'InvocationType', 'Qualifier', 'ClientContext', 'LogType'], 'invoke');
  if (!/^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+:[A-Za-z0-9_-]+$/.test(args.FunctionName)) {
    problems.push(`FunctionName is no ARN with an alias: ${args.FunctionName}`);
  }
  if (args.Payload === undefined) problems.push('Payload is missing');
  return problems;
}

const NOT_IN_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

function isListOfTexts(json) {
  try {
    const list = JSON.parse(json);
    return Array.isArray(list) && list.length > 0 && list.every(isText);
  } catch {
    return false;
  }
}

/** The text of each protocol; a message that is no JSON goes to all of them as it is. */
function textsOf({ Message, MessageStructure }, problems) {
  if (MessageStructure === undefined) return { all: Message };
  try {
    const texts = JSON.parse(Message);
    if (MessageStructure !== 'json' || !isText(texts.default)) problems.push('MessageStructure needs a text for default');
    return texts;
  } catch {
    problems.push('MessageStructure json needs JSON');
    return {};
  }
}

function snsPublish(args) {
  const problems = unknownKeys(args, ['TopicArn', 'TargetArn', 'PhoneNumber', 'Message', 'Subject', 'MessageStructure', 'MessageAttributes', 'MessageDeduplicationId', 'MessageGroupId'], 'publish');
  if (!/^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/.test(args.TopicArn)) problems.push(`TopicArn is no ARN: ${args.TopicArn}`);
  // SNS: ASCII, no control characters, fewer than 100, beginning with a letter, number or punctuation mark.
  if (!isText(args.Subject) || !/^[!-~][ -~]{0,98}$/.test(args.Subject)) problems.push(`Subject is refused: ${JSON.stringify(args.Subject)}`);
  if (!isText(args.Message)) problems.push('Message is empty or no string');
  else {
    if (NOT_IN_XML.test(args.Message)) problems.push('Message holds a character that cannot be delivered');
    if (Buffer.byteLength(args.Message) > 200_000) problems.push('Message is too near to 256 KiB');
    for (const [protocol, text] of Object.entries(textsOf(args, problems))) {
      if (!isText(text)) problems.push(`the text for ${protocol} is empty or no string`);
      else if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/.test(text)) problems.push(`the text for ${protocol} holds a character that moves text about`);
    }
  }
  const attributes = args.MessageAttributes;
  problems.push(...(attributes === null || typeof attributes !== 'object' || Array.isArray(attributes) ? ['MessageAttributes is no object'] : []));
  if (problems.length > 0) return problems;
  if (Object.keys(attributes).length > 10) problems.push('more than 10 MessageAttributes');
  for (const [name, value] of Object.entries(attributes)) {
    if (!/^[A-Za-z0-9_.-]{1,256}$/.test(name)) problems.push(`MessageAttributes: no name: ${name}`);
    problems.push(...unknownKeys(value, ['DataType', 'StringValue'], name));
    const isList = value?.DataType === 'String.Array' && isText(value?.StringValue) && isListOfTexts(value.StringValue);
    if (!isList && (value?.DataType !== 'String' || !isText(value?.StringValue))) problems.push(`MessageAttributes: ${name} is no filled string: ${JSON.stringify(value)}`);
  }
  return problems;
}

function s3DeleteObject(args) {
  const problems = unknownKeys(args, ['Bucket', 'Key', 'VersionId', 'IfMatch', 'Mfa', 'RequestPayer', 'BypassGovernanceRetention', 'ExpectedBucketOwner'], 'deleteObject');
  for (const [key, value] of Object.entries(args)) if (!isText(value)) problems.push(`${key} is no filled string: ${JSON.stringify(value)}`);
  if (!('Bucket' in args && 'Key' in args)) problems.push('Bucket or Key is missing');
  if (Buffer.byteLength(args.Key ?? '') > 1024) problems.push('Key is longer than 1,024 bytes');
  if ('VersionId' in args === 'IfMatch' in args) problems.push('not pinned by either VersionId or IfMatch');
  if (args.VersionId === 'null' || args.IfMatch === '*') problems.push('pinned to nothing');
  return problems;
}

function s3CopyObject(args) {
  const problems = unknownKeys(args, ['Bucket', 'Key', 'CopySource', 'CopySourceIfMatch', 'ChecksumAlgorithm'], 'copyObject');
  for (const [key, value] of Object.entries(args)) if (!isText(value)) problems.push(`${key} is no filled string: ${JSON.stringify(value)}`);
  if (problems.length > 0) return problems;
  if (!/^[a-z0-9.-]+\/[^?/]+(\?versionId=[^?&=]+)?$/.test(args.CopySource)) problems.push(`CopySource is no encoded source: ${args.CopySource}`);
  if (!('CopySourceIfMatch' in args) || args.CopySourceIfMatch === '*') problems.push('pinned to nothing');
  return problems;
}

function s3HeadObject(args) {
  const problems = unknownKeys(args, ['Bucket', 'Key', 'ChecksumMode'], 'headObject');
  for (const [key, value] of Object.entries(args)) if (!isText(value)) problems.push(`${key} is no filled string: ${JSON.stringify(value)}`);
  return problems;
}

function s3PutObjectTagging(args) {
  const problems = unknownKeys(args, ['Bucket', 'Key', 'VersionId', 'Tagging'], 'putObjectTagging');
  for (const key of ['Bucket', 'Key', ...('VersionId' in args ? ['VersionId'] : [])]) if (!isText(args[key])) problems.push(`${key} is no filled string: ${JSON.stringify(args[key])}`);
  const tags = args.Tagging?.TagSet;
  if (!Array.isArray(tags)) return [...problems, 'TagSet is no list'];
  if (tags.length > 10) problems.push('more than 10 tags');
  for (const tag of tags) {
    problems.push(...unknownKeys(tag, ['Key', 'Value'], 'a tag'));
    if (!isText(tag?.Key) || typeof tag?.Value !== 'string') problems.push(`no tag: ${JSON.stringify(tag)}`);
  }
  if (new Set(tags.map((tag) => tag?.Key)).size !== tags.length) problems.push('a tag twice');
  return problems;
}

/** What is wrong with an attribute value: exactly one of the types that the ledger holds. */
function attributeValue(value, where) {
  // A text has an entry for each of its characters.
  const [[type, held] = [], ...more] = typeof value === 'object' ? Object.entries(value ?? {}) : [];
  if (more.length > 0) return [`${where}: no attribute value: ${JSON.stringify(value)}`];
  if (type === 'S') return typeof held === 'string' ? [] : [`${where}: no text: ${JSON.stringify(held)?.slice(0, 200)}`];
  if (type === 'N') return typeof held === 'string' && Number.isFinite(Number(held)) && held !== '' ? [] : [`${where}: no number: ${JSON.stringify(held)}`];
  if (type === 'BOOL') return typeof held === 'boolean' ? [] : [`${where}: no boolean`];
  if (type === 'L') return Array.isArray(held) ? held.flatMap((each) => attributeValue(each, where)) : [`${where}: no list`];
  if (type === 'M' && typeof held !== 'object') return [`${where}: no map`];
  if (type === 'M') return Object.entries(held ?? {}).flatMap(([key, each]) => attributeValue(each, `${where}.${key}`));
  return [`${where}: no attribute value: ${JSON.stringify(value)}`];
}

function ledgerKey(item) {
  return ['object', 'event'].flatMap((name) => (isText(item?.[name]?.S) && Buffer.byteLength(item[name].S) <= (name === 'object' ? 2048 : 1024) ? [] : [`${name} is no key: ${JSON.stringify(item?.[name])?.slice(0, 200)}`]));
}

function dynamoDbUpdateItem(args) {
  const problems = unknownKeys(args, ['TableName', 'Key', 'AttributeUpdates', 'ConditionalOperator', 'Expected'], 'updateItem');
  if (!isText(args.TableName)) problems.push('TableName is missing');
  problems.push(...ledgerKey(args.Key));
  for (const [name, update] of Object.entries(args.AttributeUpdates ?? {})) {
    problems.push(...unknownKeys(update, ['Value', 'Action'], name), ...attributeValue(update?.Value, name));
    if (name in (args.Key ?? {})) problems.push(`${name} is a part of the key`);
  }
  return problems;
}

const SERVICES = {
  'arn:aws:states:::dynamodb:updateItem': dynamoDbUpdateItem,
  'arn:aws:states:::aws-sdk:s3:copyObject': s3CopyObject,
  'arn:aws:states:::aws-sdk:s3:headObject': s3HeadObject,
  'arn:aws:states:::aws-sdk:s3:putObjectTagging': s3PutObjectTagging,
  'arn:aws:states:::lambda:invoke': lambdaInvoke,
  'arn:aws:states:::sns:publish': snsPublish,
  'arn:aws:states:::aws-sdk:s3:deleteObject': s3DeleteObject,
};

/** What is wrong with the arguments of a call, as a list that is empty when nothing is. */
export function problemsOf({ resource, arguments: args }) {
  return resource in SERVICES ? SERVICES[resource](args) : [`no such service here: ${resource}`];
}

/** The result of a task, around the part of it that a case gives. */
export function resultOf(resource, part) {
  if (resource.endsWith(':lambda:invoke')) {
    return { ExecutedVersion: '7', Payload: part, SdkHttpMetadata: { HttpStatusCode: 200 }, SdkResponseMetadata: { RequestId: 'request' }, StatusCode: 200 };
  }
  return { ...part, SdkHttpMetadata: { HttpStatusCode: 200 }, SdkResponseMetadata: { RequestId: 'request' } };
}
