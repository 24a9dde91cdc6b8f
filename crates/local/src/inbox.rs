//! A queue that is subscribed to the alert topic, as a user of the system would be. What one reader takes from it, no other
//! gets: each has a queue of its own.

use warden_control_plane::ControlPlane;

use crate::aws::CallError;
use crate::stack::{self, Source, StackError};

const TEMPLATE: &str = include_str!("../engine/inbox.json");

/// A queue of alerts, and the stack that made it.
#[derive(Debug)]
pub struct Inbox {
    stack: String,
    url: String,
}

impl Inbox {
    /// Makes the queue by a stack of this name, and subscribes it to the topic.
    ///
    /// # Errors
    /// When there is such a stack, or the engine makes none.
    pub async fn open(cloudformation: &ControlPlane, stack: &str, topic: &str) -> Result<Self, StackError> {
        let parameters = [("AlertTopicArn", topic)];
        let mut outputs = stack::create(cloudformation, stack, Source::Body(TEMPLATE), &parameters).await?;
        let stack = stack.to_owned();
        match outputs.remove("QueueUrl") {
            Some(url) => Ok(Self { stack, url }),
            None => Err(StackError::Failed { stack, reason: "it has no output QueueUrl".to_owned() }),
        }
    }

    /// The queue.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Has the stack deleted, and its queue with it.
    ///
    /// # Errors
    /// When the engine does not take the call.
    pub async fn close(self, cloudformation: &ControlPlane) -> Result<(), CallError> {
        stack::delete(cloudformation, &self.stack).await
    }
}
