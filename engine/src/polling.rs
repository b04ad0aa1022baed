//! The delays between a browser's questions about its payment: short at first, then growing, with jitter.

/// After the first question.
const FIRST_MS: u64 = 500;
/// The longest delay.
const LONGEST_MS: u64 = 15_000;
/// The number of doublings after which the delay stops growing.
const DOUBLINGS_MAX: u32 = 5;

/// How long to wait after `asked` questions. `chance` is any number: it moves the delay by up to a quarter, so that
/// browsers that lost the server at one moment do not return at one moment.
pub fn delay_ms(asked: u32, chance: u32) -> u64 {
    let doubled = FIRST_MS << asked.saturating_sub(1).min(DOUBLINGS_MAX);
    let middle = doubled.min(LONGEST_MS);
    let spread = middle / 4;
    let choices = spread.saturating_mul(2).saturating_add(1);
    let moved = u64::from(chance).checked_rem(choices).unwrap_or(0);
    middle.saturating_sub(spread).saturating_add(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_grows_up_to_a_limit() {
        let middles = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000];
        for (asked, middle) in (1..).zip(middles) {
            for chance in [0, 1, 77, 12_345, u32::MAX] {
                let delay = delay_ms(asked, chance);
                assert!(
                    delay.abs_diff(middle) <= middle / 4,
                    "{asked} {chance}: {delay}"
                );
            }
        }
        assert!(delay_ms(u32::MAX, 0) <= 15_000 && delay_ms(0, 0) >= 375);
    }

    #[test]
    fn jitter_spreads_over_a_quarter_on_both_sides() {
        let of = |chance| delay_ms(1, chance);
        assert_eq!((of(0), of(125), of(250), of(251)), (375, 500, 625, 375));
    }
}
