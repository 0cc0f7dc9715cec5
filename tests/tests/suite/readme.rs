//! The README's program is the quickstart example as it stands. That it runs is shown by the doc-test of the README, in
//! the crate `orm`.

#[test]
fn the_program_is_the_quickstart_and_short() {
    let program = include_str!("../../../orm/examples/quickstart.rs");
    let readme = include_str!("../../../README.md");
    assert!(
        readme.contains(&format!("```rust\n{program}```")),
        "README.md does not hold the quickstart as it is"
    );
    assert!(program.lines().count() <= 40);
}
