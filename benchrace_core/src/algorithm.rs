//! The kernels by name.

/// A kernel that can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Cache-sized blocks of a wheel sieve.
    Segmented,
    /// One array over all odd numbers.
    Simple,
    /// Division by the primes up to the root.
    Trial,
    /// Panics in its worker threads: proves that panics become errors. Not listed.
    Panic,
}

impl Algorithm {
    /// The kernels on offer.
    pub const ALL: [Self; 3] = [Self::Segmented, Self::Simple, Self::Trial];

    /// The name, as callers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Segmented => "segmented_sieve",
            Self::Simple => "simple_sieve",
            Self::Trial => "trial_division",
            Self::Panic => "_panic",
        }
    }

    /// The kernel of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Panic]).find(|algorithm| algorithm.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::from_name("sieve_of_atkin"), None);
    }

    #[test]
    fn the_panicking_kernel_is_hidden() {
        assert!(!Algorithm::ALL.contains(&Algorithm::Panic));
        assert_eq!(Algorithm::from_name("_panic"), Some(Algorithm::Panic));
    }
}
