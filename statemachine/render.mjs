// Prints a template with the definition inlined and its placeholders filled: cfn-lint checks a definition only there.

import { load } from './lib/definition.mjs';

const { definition } = load(new URL('security-audit.asl.json', import.meta.url), new URL('../infra/audit.yaml', import.meta.url));
const template = {
  AWSTemplateFormatVersion: '2010-09-09',
  Description: 'The security audit, for cfn-lint alone',
  Resources: {
    SecurityAudit: {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: { RoleArn: 'arn:aws:iam::111122223333:role/audit-state-machine', Definition: definition },
    },
  },
};
console.log(JSON.stringify(template, null, 2));
