//! How the program ended, for the shell.

use std::process::ExitCode;

/// How the program ended. 2, a wrong command line, is the parser's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The answer is whole, or the person is done.
    Done,
    /// There is no answer, and a message says why.
    Failed,
    /// The answer that was printed is not whole.
    Cut,
    /// Stopped by Ctrl-C.
    Interrupted,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::Failed => 1,
            Ending::Cut => 3,
            // What a shell reports of a program that SIGINT ended.
            Ending::Interrupted => 130,
        })
    }
}
