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
        /// Name of the argument that sets the size.
        field: &'static str,
        /// Bytes that the work needs.
        needed: u64,
        /// Bytes that it may take.
        available: u64,
        /// What else would fit, besides a smaller size.
        alternative: Option<&'static str>,
    },
    /// The system refused to hand over these bytes although they seemed available.
    Allocation {
        /// Name of the argument that sets the size.
        field: &'static str,
        /// Bytes that were asked for.
        needed: u64,
        /// What else would fit, besides a smaller size.
        alternative: Option<&'static str>,
    },
    /// The cancel flag was set.
    Cancelled,
    /// A kernel panicked; the text is the panic's message.
    Panic(String),
    /// The run was executed before.
    Spent,
    /// The operating system refused a thread.
    Thread(String),
    /// A kernel's result is not the right one; the text says which.
    Wrong(String),
}

impl Error {
    /// Names the argument that is wrong and what is allowed instead.
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Error::Field { field, message: message.into() }
    }
}

/// What to do about a size that does not fit.
fn remedy(field: &str, alternative: Option<&str>) -> String {
    let or = alternative.map_or(String::new(), |alternative| format!(" or {alternative}"));
    format!("choose a smaller {field}{or}")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Field { field, message } => write!(f, "{field}: {message}"),
            Error::Memory { field, needed, available, alternative } => write!(
                f,
                "{field}: needs {needed} bytes of memory, {available} bytes are available; {}",
                remedy(field, *alternative)
            ),
            Error::Allocation { field, needed, alternative } => {
                write!(
                    f,
                    "{field}: the system refused {needed} bytes of memory; {}",
                    remedy(field, *alternative)
                )
            }
            Error::Cancelled => write!(f, "the run was cancelled"),
            Error::Panic(message) => write!(f, "a kernel thread panicked: {message}"),
            Error::Spent => write!(f, "this run was executed before; make a new one"),
            Error::Wrong(message) => write!(f, "wrong result: {message}"),
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
        let refused = |alternative| {
            Error::Memory { field: "n", needed: 62_500_000, available: 4096, alternative }
                .to_string()
        };
        let text = refused(None);
        assert!(text.starts_with("n: ") && text.contains("62500000") && text.contains("4096"));
        assert!(text.ends_with("; choose a smaller n"));
        assert!(
            refused(Some("the segmented sieve")).ends_with("a smaller n or the segmented sieve")
        );
    }
}
