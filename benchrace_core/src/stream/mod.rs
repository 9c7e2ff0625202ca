//! A stream read by a thread of its own: each line is stamped at arrival, before it is parsed.

// What was received, and what went wrong
pub mod chunk;
pub mod fault;

// HTTP/1.1 answers as pure state machines, fed with bytes in any pieces
pub mod body;
pub mod head;
pub mod response;
pub mod split;

// The thread, its socket, and what it shares with its caller
pub mod bell;
pub mod clock;
pub mod connection;
mod exchange;
mod reader;
mod shared;
pub mod socket;
