//! The README's program is the quickstart example as it stands. That it runs is shown by the doc-test of the README, in
//! the crate `orm`. So it is with the guides' models.

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
fn the_guides_begin_with_the_models_that_their_programs_use() {
    let guides = [
        (include_str!("../../../docs/queries/models.rs"), include_str!("../../../docs/queries.md")),
        (include_str!("../../../docs/sessions/models.rs"), include_str!("../../../docs/sessions.md")),
        (include_str!("../../../docs/relations/models.rs"), include_str!("../../../docs/relations.md")),
    ];
    for (models, guide) in guides {
        let title = guide.lines().next().unwrap();
        assert!(
            guide.contains(&format!("```rust\n{models}")),
            "{title}: its models are not shown as they are"
        );
    }
}
