//! Misuse of the typed machines does not compile, and the message says what is wrong.

#[test]
fn misuse_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/cases/pass_the_table_as_it_is.rs");
    cases.compile_fail("tests/cases/fail_*.rs");
}
