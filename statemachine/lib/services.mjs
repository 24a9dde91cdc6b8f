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

function snsPublish(args) {
  const problems = unknownKeys(args, ['TopicArn', 'TargetArn', 'PhoneNumber', 'Message', 'Subject', 'MessageStructure', 'MessageAttributes', 'MessageDeduplicationId', 'MessageGroupId'], 'publish');
  if (!/^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/.test(args.TopicArn)) problems.push(`TopicArn is no ARN: ${args.TopicArn}`);
  // SNS: ASCII, no control characters, fewer than 100, beginning with a letter, number or punctuation mark.
  if (!isText(args.Subject) || !/^[!-~][ -~]{0,98}$/.test(args.Subject)) problems.push(`Subject is refused: ${JSON.stringify(args.Subject)}`);
  if (!isText(args.Message)) problems.push('Message is empty or no string');
  else {
    if (NOT_IN_XML.test(args.Message)) problems.push('Message holds a character that cannot be delivered');
    if (Buffer.byteLength(args.Message) > 200_000) problems.push('Message is too near to 256 KiB');
    if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/.test(args.Message)) problems.push('Message holds a character that moves text about');
  }
  const attributes = args.MessageAttributes;
  problems.push(...(attributes === null || typeof attributes !== 'object' || Array.isArray(attributes) ? ['MessageAttributes is no object'] : []));
  if (problems.length > 0) return problems;
  if (Object.keys(attributes).length > 10) problems.push('more than 10 MessageAttributes');
  for (const [name, value] of Object.entries(attributes)) {
    if (!/^[A-Za-z0-9_.-]{1,256}$/.test(name)) problems.push(`MessageAttributes: no name: ${name}`);
    problems.push(...unknownKeys(value, ['DataType', 'StringValue'], name));
    if (value?.DataType !== 'String' || !isText(value?.StringValue)) problems.push(`MessageAttributes: ${name} is no filled string: ${JSON.stringify(value)}`);
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

const SERVICES = {
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
