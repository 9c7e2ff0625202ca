//! The primes up to a small limit, by the plainest sieve there is.

/// Every prime `<= limit`, ascending. Meant for limits up to some tens of millions.
pub fn primes_up_to(limit: u32) -> Vec<u32> {
    if limit < 2 {
        return Vec::new();
    }
    // Flag `i` is the odd number 2 i + 1.
    let size = (limit as usize).div_ceil(2);
    let mut composite = vec![false; size];
    let mut primes = vec![2];
    for i in 1..size {
        if composite[i] {
            continue;
        }
        let prime = 2 * i + 1;
        primes.push(prime as u32);
        for multiple in (prime * prime / 2..size).step_by(prime) {
            composite[multiple] = true;
        }
    }
    primes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_division() {
        let divided: Vec<u32> =
            (2..2000).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0)).collect();
        for limit in 0..2000 {
            let expected: Vec<u32> = divided.iter().copied().filter(|p| *p <= limit).collect();
            assert_eq!(primes_up_to(limit), expected, "limit {limit}");
        }
    }

    #[test]
    fn counts_are_known() {
        assert_eq!(primes_up_to(1_000_000).len(), 78_498);
        assert_eq!(primes_up_to(3_162_277).len(), 227_647);
    }
}
