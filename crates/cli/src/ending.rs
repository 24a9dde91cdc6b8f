//! How a command ended, for the shell.

use std::process::ExitCode;

/// How a command ended. 2, a wrong command line, is the parser's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Done, or nothing to do.
    Done,
    /// Failed, with a message.
    Failed,
    /// A plan holds changes, and its exit code was asked for.
    WouldChange,
    /// A canary's executions failed, or too few ended, and it was taken back.
    CanaryFailed,
    /// An execution that was followed did not succeed.
    ExecutionFailed,
    /// Some records could not be read; the others were reported.
    RecordsUnread,
    /// Something that was looked at does not work.
    ChecksFailed,
    /// A backfill was stopped or capped before everything was audited.
    EndedEarly,
    /// A backfill that goes on could not be followed any longer.
    Unfollowed,
    /// Interrupted, with everything left safe.
    Interrupted,
    /// Standard output was closed.
    Unread,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::Failed => 1,
            Ending::WouldChange => 3,
            Ending::CanaryFailed => 4,
            Ending::ExecutionFailed => 5,
            Ending::RecordsUnread => 6,
            Ending::ChecksFailed => 7,
            Ending::EndedEarly => 8,
            Ending::Unfollowed => 9,
            // What a shell reports of a program that SIGINT ended.
            Ending::Interrupted => 130,
            // Of one that SIGPIPE ended.
            Ending::Unread => 141,
        })
    }
}
