//! A `CloudFormation` stack: what it calls the things that a state machine uses.

use std::collections::BTreeMap;

use aws_types::region::Region;
use serde_json::Value;
use warden_call_errors::CallError;
use warden_control_plane::{Call, ControlPlane};

use crate::{Error, MissingOutput};

/// A state machine of a stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateMachine {
    /// The audit of an event.
    #[default]
    Audit,
    /// Backfills, which start audits.
    Backfill,
}

impl StateMachine {
    /// The outputs that say its name, its role and its log group.
    #[must_use]
    pub const fn outputs(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Audit => ("StateMachineName", "StateMachineRoleArn", "StateMachineLogGroupArn"),
            Self::Backfill => ("BackfillMachineName", "BackfillMachineRoleArn", "BackfillMachineLogGroupArn"),
        }
    }
}

/// Tags that AWS alone may set.
const RESERVED_TAGS: &str = "aws:";

const DESCRIBE_STACKS: &str = "cloudformation:DescribeStacks";

/// A stack that is complete, with its outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stack {
    /// The stack's name.
    pub name: String,
    /// The stack's ARN, which holds its partition, Region and account.
    pub id: String,
    /// The outputs by name.
    pub outputs: BTreeMap<String, String>,
    /// The parameters by name; secret ones as asterisks.
    pub parameters: BTreeMap<String, String>,
    /// The tags by name, which the state machine bears as what the stack owns does.
    pub tags: BTreeMap<String, String>,
}

impl Stack {
    /// Reads a stack, by name or ARN.
    pub(crate) async fn read(client: &ControlPlane, region: &Region, name: &str) -> Result<Self, Error> {
        let no_such_stack = || Error::NoSuchStack { stack: name.to_owned(), region: region.to_string() };
        let answer = match client.call(Call::query("DescribeStacks", &[("StackName", name)])).await {
            Ok(answer) => answer,
            Err(error) => match CallError::new(DESCRIBE_STACKS, &error) {
                // CloudFormation has no error code of its own for this.
                CallError::Refused { code, message, .. }
                    if code == "ValidationError" && message.contains("does not exist") =>
                {
                    return Err(no_such_stack());
                }
                error => return Err(error.into()),
            },
        };
        let stack = &answer["DescribeStacksResult"]["Stacks"][0];
        if stack.is_null() {
            return Err(no_such_stack());
        }
        let status = stack["StackStatus"].as_str().unwrap_or_default();
        if let Err(remedy) = readiness(status) {
            return Err(Error::StackNotReady { stack: name.to_owned(), status: status.to_owned(), remedy });
        }
        let id = stack["StackId"].as_str();
        let mut tags = pairs(&stack["Tags"], "Key", "Value");
        tags.retain(|key, _| !key.starts_with(RESERVED_TAGS));
        Ok(Self {
            name: name.to_owned(),
            id: id.ok_or(Error::IncompleteAnswer { action: DESCRIBE_STACKS, field: "StackId" })?.to_owned(),
            outputs: pairs(&stack["Outputs"], "OutputKey", "OutputValue"),
            parameters: pairs(&stack["Parameters"], "ParameterKey", "ParameterValue"),
            tags,
        })
    }

    /// The ARN of the stack's state machine, deployed or not.
    ///
    /// # Errors
    /// When the stack lacks the output `StateMachineName`.
    pub fn machine_arn(&self) -> Result<String, Error> {
        self.arn_of(StateMachine::Audit)
    }

    /// Whether the stack has a state machine for backfills.
    #[must_use]
    pub fn has_backfills(&self) -> bool {
        self.outputs.contains_key(StateMachine::Backfill.outputs().0)
    }

    /// The ARN of one of the stack's state machines, deployed or not.
    ///
    /// # Errors
    /// When the stack lacks the output that names it.
    pub fn arn_of(&self, machine: StateMachine) -> Result<String, Error> {
        let name = self.output(machine.outputs().0, "the state machine's name")?;
        self.state_machine_arn(name)
            .ok_or(Error::IncompleteAnswer { action: DESCRIBE_STACKS, field: "StackId that is an ARN" })
    }

    /// An output, or an error that says what it is needed for.
    ///
    /// # Errors
    /// When the stack lacks it.
    pub fn output(&self, name: &str, needed_by: &str) -> Result<&str, Error> {
        self.outputs.get(name).map(String::as_str).ok_or_else(|| Error::MissingOutputs {
            stack: self.name.clone(),
            missing: vec![MissingOutput { name: name.to_owned(), needed_by: needed_by.to_owned() }],
        })
    }

    /// The ARN of a state machine of this name beside the stack.
    pub(crate) fn state_machine_arn(&self, name: &str) -> Option<String> {
        // arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/NAME/ID
        let mut parts = self.id.splitn(6, ':');
        let ("arn", partition, "cloudformation", region, account, Some(_)) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next())
        else {
            return None;
        };
        Some(format!("arn:{partition}:states:{region}:{account}:stateMachine:{name}"))
    }
}

/// What a list of names and values says.
fn pairs(list: &Value, name: &str, value: &str) -> BTreeMap<String, String> {
    let entries = list.as_array().into_iter().flatten();
    entries.filter_map(|entry| Some((entry[name].as_str()?.to_owned(), entry[value].as_str()?.to_owned()))).collect()
}

/// Whether a stack's outputs can be relied on, else what to do.
fn readiness(status: &str) -> Result<(), &'static str> {
    match status {
        // In clean-up only what nobody uses any more is being removed.
        "CREATE_COMPLETE"
        | "UPDATE_COMPLETE"
        | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        | "UPDATE_ROLLBACK_COMPLETE"
        | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
        | "IMPORT_COMPLETE"
        | "IMPORT_ROLLBACK_COMPLETE" => Ok(()),
        "REVIEW_IN_PROGRESS" => Err("its change set was never executed. Deploy the template"),
        "ROLLBACK_COMPLETE" => {
            Err("its creation failed. Delete it, mend the cause its events name, and deploy the template again")
        }
        "DELETE_COMPLETE" => Err("it was deleted. Deploy the template again"),
        status if status.ends_with("_IN_PROGRESS") => {
            Err("it is being changed. Wait until that is done, then try again")
        }
        _ => Err("its last change failed. Mend the cause its events name, and deploy the template again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(id: &str) -> Stack {
        let (outputs, parameters, tags) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Stack { name: "audit".into(), id: id.into(), outputs, parameters, tags }
    }

    #[test]
    fn a_state_machine_stands_in_the_stacks_partition_region_and_account() {
        let stack = stack("arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/audit/7a1b");
        assert_eq!(
            stack.state_machine_arn("audit").as_deref(),
            Some("arn:aws-cn:states:cn-north-1:111122223333:stateMachine:audit")
        );
    }

    #[test]
    fn what_is_no_stack_id_gives_no_arn() {
        for id in ["", "audit", "arn:aws:s3:::bucket", "arn:aws:cloudformation:us-east-1:111122223333"] {
            assert_eq!(stack(id).state_machine_arn("audit"), None, "{id}");
        }
    }

    #[test]
    fn only_a_stack_that_is_complete_is_ready_and_others_say_what_to_do() {
        let cases = [
            ("CREATE_COMPLETE", Ok(())),
            ("UPDATE_COMPLETE", Ok(())),
            ("UPDATE_ROLLBACK_COMPLETE", Ok(())),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Ok(())),
            ("CREATE_IN_PROGRESS", Err("being changed")),
            ("UPDATE_ROLLBACK_IN_PROGRESS", Err("being changed")),
            ("REVIEW_IN_PROGRESS", Err("never executed")),
            ("ROLLBACK_COMPLETE", Err("Delete it")),
            ("DELETE_COMPLETE", Err("was deleted")),
            ("CREATE_FAILED", Err("failed")),
            ("UPDATE_ROLLBACK_FAILED", Err("failed")),
            ("SOME_NEW_STATUS", Err("failed")),
        ];
        for (status, expected) in cases {
            match (readiness(status), expected) {
                (Ok(()), Ok(())) => {}
                (Err(remedy), Err(part)) => assert!(remedy.contains(part), "{status}: {remedy}"),
                (found, _) => panic!("{status}: {found:?}"),
            }
        }
    }
}
