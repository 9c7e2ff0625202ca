//! Sieves of Eratosthenes.
//!
//! The segmented one keeps a bit line per residue class of a wheel: bit `x` of class `r` is the
//! number `r + modulus * x`, so a prime `p` strikes every `p`-th bit of every line, and a block of
//! one class and one cache-sized range of columns is sieved in a single plain loop per prime.

pub mod base;
pub mod block;
pub mod large;
pub mod layout;
pub mod line;
pub mod odds;
pub mod presieve;
pub mod register;
pub mod segment;
pub mod segmented;
pub mod simple;
pub mod strike;
pub mod strikers;
pub mod wheel;
