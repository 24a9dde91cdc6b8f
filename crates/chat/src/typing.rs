//! What is typed while an answer comes: it waits for the next prompt, as it is.

use std::io;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// While this lives the terminal neither shows what is typed, control characters
/// among it, nor cuts it into lines, of which the longest would lose their ends.
/// Ctrl-C stays a signal.
pub(crate) struct HeldBack(Option<Termios>);

impl HeldBack {
    /// Holds back what is typed; where that cannot be done, all stays as it is.
    pub(crate) fn begin() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut during = before.clone();
            during.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
            // Whoever types sees it then, and that is all.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &during);
        }
        Self(before)
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
