//! Why a kernel did not give a count.

use std::fmt;

/// Every way in which planning or running a kernel can end without a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// An argument is outside its bounds; `field` is the argument's name.
    Field {
        /// Name of the argument, as the caller wrote it.
        field: &'static str,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// The work needs more memory than there is; nothing was allocated.
    Memory {
        /// Bytes that the work needs.
        needed: u64,
        /// Bytes that it may take.
        available: u64,
    },
    /// The system refused to hand over these bytes although they seemed available.
    Allocation {
        /// Bytes that were asked for.
        needed: u64,
    },
    /// The cancel flag was set.
    Cancelled,
    /// A kernel panicked; the text is the panic's message.
    Panic(String),
    /// The run was executed before.
    Spent,
    /// The operating system refused a thread.
    Thread(String),
}

impl Error {
    /// Names the argument that is wrong and what is allowed instead.
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Error::Field { field, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Field { field, message } => write!(f, "{field}: {message}"),
            Error::Memory { needed, available } => write!(
                f,
                "n: needs {needed} bytes of memory, {available} bytes are available; \
                 choose a smaller n or the segmented sieve"
            ),
            Error::Allocation { needed } => write!(
                f,
                "n: the system refused {needed} bytes of memory; choose a smaller n or the \
                 segmented sieve"
            ),
            Error::Cancelled => write!(f, "the run was cancelled"),
            Error::Panic(message) => write!(f, "a kernel thread panicked: {message}"),
            Error::Spent => write!(f, "this run was executed before; make a new one"),
            Error::Thread(message) => write!(f, "threads: could not start a thread: {message}"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_begin_with_the_field() {
        let text = Error::field("threads", "4 asked, 2 available").to_string();
        assert_eq!(text, "threads: 4 asked, 2 available");
    }

    #[test]
    fn a_memory_refusal_names_both_sizes() {
        let text = Error::Memory { needed: 62_500_000, available: 4096 }.to_string();
        assert!(text.starts_with("n: ") && text.contains("62500000") && text.contains("4096"));
    }
}
