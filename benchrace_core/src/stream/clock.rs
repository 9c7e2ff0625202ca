//! The two clocks: Python's monotonic one, and wall time, in which the kernel stamps arrivals.

use std::mem::MaybeUninit;

/// The clock behind Python's `time.monotonic_ns`.
#[cfg(target_os = "macos")]
const MONOTONIC: libc::clockid_t = libc::CLOCK_UPTIME_RAW;
#[cfg(not(target_os = "macos"))]
const MONOTONIC: libc::clockid_t = libc::CLOCK_MONOTONIC;

/// Two looks further apart than this were torn apart by something else.
const TORN_NS: i64 = 5_000;

fn read(clock: libc::clockid_t) -> i64 {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the pointer is to a timespec of our own, and all zeros are a valid one.
    let time = unsafe {
        libc::clock_gettime(clock, time.as_mut_ptr());
        time.assume_init()
    };
    nanoseconds(&time)
}

/// A timespec in nanoseconds.
pub fn nanoseconds(time: &libc::timespec) -> i64 {
    // The fields' types differ between platforms.
    #[allow(clippy::unnecessary_cast)]
    let (seconds, rest) = (time.tv_sec as i64, time.tv_nsec as i64);
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

/// Nanoseconds on the monotonic clock.
pub fn monotonic_ns() -> i64 {
    read(MONOTONIC)
}

/// Both clocks at one moment: wall time between two looks at the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Monotonic nanoseconds.
    pub monotonic_ns: i64,
    /// Wall time minus monotonic time.
    pub offset_ns: i64,
}

impl Pair {
    /// Reads both clocks, again where something came between the looks.
    pub fn now() -> Self {
        let mut best: Option<(i64, Pair)> = None;
        for _ in 0..4 {
            let (before, wall, after) =
                (monotonic_ns(), read(libc::CLOCK_REALTIME), monotonic_ns());
            let (width, middle) = (after - before, before + (after - before) / 2);
            if best.is_none_or(|(least, _)| width < least) {
                best = Some((width, Pair { monotonic_ns: after, offset_ns: wall - middle }));
            }
            if width <= TORN_NS {
                break;
            }
        }
        best.map(|(_, pair)| pair).expect("the loop ran")
    }
}

/// Brings a wall stamp onto the monotonic clock, where it must lie from `earliest` to `latest`.
///
/// The wall clock may have been set between the event and the look: then the offset of an earlier
/// look fits. `None` where neither does.
pub fn translate(wall_ns: i64, offsets: [i64; 2], earliest: i64, latest: i64) -> Option<i64> {
    // A look is not quite where its offset says: half of a torn one's width at most.
    let slack = TORN_NS;
    offsets
        .iter()
        .map(|offset| wall_ns - offset)
        .find(|&at| at >= earliest - slack && at <= latest + slack)
        .map(|at| at.clamp(earliest.min(latest), latest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_and_both_clocks_agree_on_it() {
        let (first, second) = (Pair::now(), Pair::now());
        assert!(second.monotonic_ns >= first.monotonic_ns);
        assert!((second.offset_ns - first.offset_ns).abs() < 500_000_000);
    }

    #[test]
    fn a_stamp_is_taken_where_it_is_possible() {
        assert_eq!(translate(1050, [1000, 1000], 40, 60), Some(50));
        assert_eq!(translate(1_000_050, [0, 1_000_000], 40, 60), Some(50));
        assert_eq!(translate(9_000_050, [0, 1_000_000], 40, 60), None);
        assert_eq!(translate(1061, [1000, 1000], 40, 60), Some(60));
        assert_eq!(translate(1039, [1000, 1000], 40, 60), Some(40));
    }
}
