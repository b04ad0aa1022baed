//! Seeds: every random thing here comes from one that is printed when a test fails.

use std::hash::{BuildHasher, Hasher};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

/// The seed of this run: the requested one, or a new one.
pub fn seed() -> u64 {
    let asked = std::env::var("PROPTEST_RNG_SEED").ok();
    asked.map_or_else(
        || std::hash::RandomState::new().build_hasher().finish(),
        |seed| seed.parse().expect("PROPTEST_RNG_SEED is a number"),
    )
}

/// How much to try: `usual`, scaled by `PROPTEST_CASES` (256 is the standard).
pub fn cases(usual: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.map_or(usual, |cases| {
        let cases: u32 = cases.parse().expect("PROPTEST_CASES is a number");
        (u64::from(usual) * u64::from(cases)).div_ceil(256) as u32
    })
}

/// Tries `property` on `usual` inputs, more or fewer as `PROPTEST_CASES` says.
pub fn for_all<S: Strategy>(usual: u32, strategy: S, property: impl Fn(S::Value)) {
    let seed = seed();
    let config = Config {
        cases: cases(usual),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&strategy, |input| {
        property(input);
        Ok::<(), TestCaseError>(())
    });
    if let Err(failure) = outcome {
        panic!("PROPTEST_RNG_SEED={seed} shows this again:\n{failure}");
    }
}

/// Repeatable numbers for values that need no shrinking: SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}
