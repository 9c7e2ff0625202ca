//! A stream's connection and splitter, as Python sees them.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::stream::chunk::{Chunk, Stamp};
use crate::stream::connection::{self, Request};
use crate::stream::fault::Fault;
use crate::stream::response::End;
use crate::stream::{clock, split};

create_exception!(
    benchrace_core,
    StreamFault,
    PyException,
    "A stream failed; the arguments are the kind of failure and what happened."
);

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> PyErr {
        StreamFault::new_err((fault.kind.name(), fault.message))
    }
}

type Row<'py> = (Bound<'py, PyBytes>, i64, i64, usize, Bound<'py, PyString>);
type Headers<'py> = Vec<(String, Bound<'py, PyBytes>)>;
type Taken<'py> = (Vec<Row<'py>>, Option<(&'static str, String)>);

fn rows<'py>(py: Python<'py>, chunks: &[Chunk]) -> Vec<Row<'py>> {
    let row = |chunk: &Chunk| {
        let Stamp { at_ns, not_before_ns } = chunk.stamp;
        let event = PyString::new(py, &chunk.event);
        (PyBytes::new(py, &chunk.data), at_ns, not_before_ns, chunk.size, event)
    };
    chunks.iter().map(row).collect()
}

fn format_named(name: &str) -> PyResult<split::Format> {
    split::Format::from_name(name).ok_or_else(|| {
        PyValueError::new_err(format!("format: unknown format {name:?}; known: lines, ndjson, sse"))
    })
}

/// The clock of every stamp, `time.monotonic_ns` of Python.
#[pyfunction]
pub fn monotonic_ns() -> i64 {
    clock::monotonic_ns()
}

/// An address of either family; one of a link's own names its interface by number: `fe80::1%2`.
fn address(host: &str, port: u16) -> Option<SocketAddr> {
    match host.split_once('%') {
        None => host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port)),
        Some((ip, interface)) => {
            let (ip, interface) = (ip.parse::<Ipv6Addr>().ok()?, interface.parse().ok()?);
            Some(SocketAddr::V6(SocketAddrV6::new(ip, port, 0, interface)))
        }
    }
}

/// A connection that is read by a thread of its own.
#[pyclass(frozen, module = "benchrace_core")]
pub struct Connection(connection::Connection);

#[pymethods]
impl Connection {
    #[new]
    fn new(addresses: Vec<(String, u16)>, connect_ns: u64, batch_ns: u64) -> PyResult<Self> {
        let addresses = addresses
            .into_iter()
            .map(|(host, port)| {
                address(&host, port).ok_or_else(|| {
                    PyValueError::new_err(format!("addresses: invalid IP address {host:?}"))
                })
            })
            .collect::<PyResult<_>>()?;
        let (limit, batch) = (Duration::from_nanos(connect_ns), Duration::from_nanos(batch_ns));
        Ok(Connection(connection::Connection::start(addresses, limit, batch)?))
    }

    /// Return the descriptor that is readable while there is something new.
    fn fileno(&self) -> i32 {
        self.0.fd()
    }

    /// Return the nanoseconds that connecting took, None while it lasts; raise `StreamFault`.
    fn connected(&self) -> PyResult<Option<i64>> {
        Ok(self.0.connected().transpose()?)
    }

    /// Return whether a request can begin.
    fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    /// Make ready for another request; False where the last answer does not allow it.
    fn renew(&self) -> bool {
        self.0.renew()
    }

    /// Send a request; False where the connection is not ready.
    #[pyo3(signature = (
        request, *, format, line_limit, first_ns, idle_ns, first_is_told = false, bodiless = false
    ))]
    #[allow(clippy::too_many_arguments)]
    fn begin(
        &self,
        request: Vec<u8>,
        format: &str,
        line_limit: usize,
        first_ns: u64,
        idle_ns: u64,
        first_is_told: bool,
        bodiless: bool,
    ) -> PyResult<bool> {
        Ok(self.0.begin(Request {
            bytes: request,
            format: format_named(format)?,
            line_limit,
            first_limit: Duration::from_nanos(first_ns),
            idle_limit: Duration::from_nanos(idle_ns),
            first_is_told,
            bodiless,
        }))
    }

    /// Return what has come, and how it ended once it did.
    fn take<'py>(&self, py: Python<'py>) -> Taken<'py> {
        let batch = self.0.take();
        let end = batch.end.map(|end| match end {
            Ok(End::Complete) => ("complete", String::new()),
            Ok(End::Closed) => ("closed", String::new()),
            Err(fault) => (fault.kind.name(), fault.message),
        });
        (rows(py, &batch.chunks), end)
    }

    /// Return (status, headers), None until they have come.
    fn head<'py>(&self, py: Python<'py>) -> Option<(u16, Headers<'py>)> {
        let head = self.0.head()?;
        let headers =
            head.headers.into_iter().map(|(name, value)| (name, PyBytes::new(py, &value)));
        Some((head.status, headers.collect()))
    }

    /// Return (nanoseconds, by the kernel) of the first byte sent, None until it was.
    fn sent(&self) -> Option<(i64, bool)> {
        self.0.sent()
    }

    /// Return what came and is in no chunk, once the answer has ended, its first 4 KiB.
    fn rest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.rest())
    }

    /// Return (reads, bytes, latest, sum of lateness, widest bound, user stamps, held, priority).
    fn lag(&self) -> (u64, u64, i64, i64, i64, u64, i64, &'static str) {
        let (lag, priority) = self.0.lag();
        let connection::Lag { reads, bytes, late_max_ns, late_sum_ns, .. } = lag;
        let connection::Lag { bound_max_ns, user_stamps, held_ns, .. } = lag;
        (reads, bytes, late_max_ns, late_sum_ns, bound_max_ns, user_stamps, held_ns, priority)
    }

    /// Say that output has begun, so that the idle limit counts from now on.
    fn content(&self) {
        self.0.content();
    }

    /// End the connection at once.
    fn close(&self) {
        self.0.close();
    }
}

/// Cuts bytes that another client has read.
#[pyclass(module = "benchrace_core")]
pub struct Splitter {
    inner: split::Splitter,
    chunks: Vec<Chunk>,
}

#[pymethods]
impl Splitter {
    #[new]
    fn new(format: &str, line_limit: usize) -> PyResult<Self> {
        let inner = split::Splitter::new(format_named(format)?, line_limit);
        Ok(Splitter { inner, chunks: Vec::new() })
    }

    /// Take bytes that arrived together, return what is complete; raise `StreamFault`.
    fn feed<'py>(&mut self, py: Python<'py>, data: &[u8], at_ns: i64) -> PyResult<Vec<Row<'py>>> {
        self.chunks.clear();
        let stamp = Stamp { at_ns, not_before_ns: at_ns };
        self.inner.feed(data, stamp, &mut self.chunks)?;
        Ok(rows(py, &self.chunks))
    }

    /// Return what has no newline, after an end that was good.
    fn finish<'py>(&mut self, py: Python<'py>, at_ns: i64) -> PyResult<Vec<Row<'py>>> {
        self.chunks.clear();
        self.inner.finish(Stamp { at_ns, not_before_ns: at_ns }, &mut self.chunks)?;
        Ok(rows(py, &self.chunks))
    }

    /// Return what came and is in no chunk, its first 4 KiB.
    fn rest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.leftover())
    }
}
