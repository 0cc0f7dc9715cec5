//! The README's program is the quickstart example as it stands. That it runs is shown by the doc-test of the README, in
//! the crate `orm`. So it is with the guide's models.

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

#[test]
fn the_guide_begins_with_the_models_that_its_programs_use() {
    let models = include_str!("../../../docs/queries/models.rs");
    let guide = include_str!("../../../docs/queries.md");
    assert!(
        guide.contains(&format!("```rust\n{models}")),
        "docs/queries.md does not show its models as they are"
    );
}
