//! What the numbers of the matrices are.

/// What the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Single precision.
    F32,
    /// Unsigned bytes up to 127 times signed bytes, added up in 32 bits.
    Int8,
}

impl Precision {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::F32, Self::Int8];

    /// The name, as callers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
        }
    }

    /// The precision of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|precision| precision.name() == name)
    }

    /// Words of this many numbers along the depth.
    pub fn words(self, n: usize) -> usize {
        match self {
            Self::F32 => n,
            Self::Int8 => n.div_ceil(4),
        }
    }
}
