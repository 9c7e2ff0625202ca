//! One request while it is answered: what was sent, what has come, and what is late.

use std::time::Duration;

use super::fault::{Fault, Kind};
use super::response::Response;
use super::shared::Request;

/// Times are monotonic nanoseconds.
pub struct Exchange {
    /// What is asked.
    pub request: Request,
    /// What has come of the answer.
    pub response: Response,
    /// When the first byte was sent.
    pub begun_ns: i64,
    /// When the last chunk came; later by the pauses that this side made since. What keeps a
    /// silent connection open, like the comments of server-sent events, is no chunk.
    pub active_ns: i64,
    /// When the socket was last known to be empty.
    pub empty_ns: i64,
    /// Output has begun.
    pub content: bool,
    /// Bytes sent.
    pub sent: usize,
    /// The kernel has stamped `begun_ns`.
    pub stamped: bool,
    paused_ns: i64,
}

impl Exchange {
    /// Begins at `now_ns`.
    pub fn new(request: Request, now_ns: i64) -> Self {
        let response = Response::new(request.format, request.line_limit, request.bodiless);
        Exchange {
            request,
            response,
            begun_ns: now_ns,
            active_ns: now_ns,
            empty_ns: now_ns,
            content: false,
            sent: 0,
            stamped: false,
            paused_ns: 0,
        }
    }

    /// Says that this side read nothing for so long: no limit runs on meanwhile.
    pub fn pause(&mut self, paused_ns: i64) {
        self.active_ns += paused_ns;
        self.paused_ns += paused_ns;
    }

    /// Nanoseconds until the limit that counts now.
    pub fn left_ns(&self, now_ns: i64) -> i64 {
        let (_, since_ns, limit) = self.limit();
        let limit_ns = i64::try_from(limit.as_nanos()).unwrap_or(i64::MAX / 2);
        limit_ns.saturating_sub(now_ns - since_ns)
    }

    /// Fails where the limit has passed.
    pub fn check_limits(&self, now_ns: i64) -> Result<(), Fault> {
        if self.left_ns(now_ns) > 0 {
            return Ok(());
        }
        let (kind, _, limit) = self.limit();
        let told = if self.content { "the output stopped for" } else { "no output within" };
        Err(Fault::new(kind, format!("{told} {} s", limit.as_secs_f64())))
    }

    /// Whether nothing of it is left on the connection, once the answer is complete.
    pub fn is_clean(&self) -> bool {
        self.sent == self.request.bytes.len() && self.response.keeps_alive()
    }

    /// What came and is in no chunk, its first 4 KiB.
    pub fn leftover(&self) -> Vec<u8> {
        self.response.leftover()
    }

    fn limit(&self) -> (Kind, i64, Duration) {
        if self.content {
            return (Kind::TimeoutIdle, self.active_ns, self.request.idle_limit);
        }
        (Kind::TimeoutFirst, self.begun_ns + self.paused_ns, self.request.first_limit)
    }
}
