//! Exit codes, the same for every command.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// A gate, or a check of the user's own files, was not met.
    GateNotMet,
    /// Wrong usage, configuration or input; nothing was written.
    BadInput,
    /// Done, but a source failed or a check erred.
    Incomplete,
    /// A fault of the program.
    Internal,
}

impl Exit {
    /// The number that the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::GateNotMet => 1,
            Self::BadInput => 2,
            Self::Incomplete => 3,
            Self::Internal => 4,
        }
    }
}
