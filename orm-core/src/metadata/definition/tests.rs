//! What is refused, and how it is told.

use super::*;
use crate::Result;
use crate::metadata::{Metadata, Table};

fn users() -> TableDef {
    Table::new("users")
        .column(ColumnDef::of::<i64>("id").auto_key())
        .column(ColumnDef::of::<Option<String>>("name"))
}

#[track_caller]
fn refused(table: TableDef, words: &[&str]) {
    let error = table.finish().err().map(|error| error.to_string()).unwrap_or_default();
    for word in words {
        assert!(error.contains(word), "{error:?} does not say {word:?}");
    }
}

#[test]
fn mistakes_name_table_and_column() {
    refused(users().primary_key(["idd"]), &["users", "primary key", "idd"]);
    refused(users().unique(["name", "name"]), &["users", "name twice"]);
    refused(users().unique(Vec::<String>::new()), &["users", "needs a column"]);
    refused(users().index(Index::on(["nam"])), &["users", "index", "nam"]);
    refused(users().column(ColumnDef::of::<i32>("NAME")), &["users", "name and NAME"]);
    refused(users().column(ColumnDef::of::<i32>("a").key()), &["users", "id", "whole key"]);
    refused(
        users().foreign_key(["id", "name"], References::to("pairs", ["a"])),
        &["users", "(id, name)", "pairs (a)"],
    );
    refused(
        users().column(
            ColumnDef::of::<i64>("boss")
                .references(References::to("users", ["id"]).on_delete(Action::SetNull)),
        ),
        &["boss", "SET NULL"],
    );
    refused(users().check("odd", "1").check("odd", "2"), &["users", "two", "odd"]);
    refused(users().column(ColumnDef::of::<i32>("a\0b")), &["NUL"]);
    refused(users().comment("a\0b"), &["NUL"]);
    refused(Table::new(""), &["empty"]);
    refused(Table::new("t").column(ColumnDef::of::<String>("id").auto_key()), &["id", "integer"]);
    refused(Table::new("t").column(ColumnDef::of::<i64>("id").key().no_reuse()), &["id", "no_reuse"]);
    refused(users().column(ColumnDef::of::<i32>("a").generated("1").default("2")), &["a", "default as well"]);
    refused(users().column(ColumnDef::of::<i32>("a").key()).primary_key(["id"]), &["a is marked"]);
}

#[test]
fn tables_come_after_those_that_they_refer_to() -> Result<()> {
    let mut metadata = Metadata::default();
    let posts = Table::new("posts").column(ColumnDef::of::<i64>("user_id").key().references(("users", "id")));
    metadata.add(posts)?.add(users())?;
    let names: Vec<_> = metadata.tables().iter().map(|table| table.name()).collect();
    assert_eq!(names, ["users", "posts"]);
    metadata.check()?;
    assert_eq!(metadata.table("posts").map(|table| table.primary_key()), Some([0].as_slice()));
    let twice = metadata.add(users()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(twice.contains("users"), "{twice}");
    Ok(())
}

#[test]
fn targets_are_checked() -> Result<()> {
    let check = |column: ColumnDef| -> Result<String> {
        let mut metadata = Metadata::default();
        metadata.add(users())?.add(Table::new("posts").column(column))?;
        Ok(metadata.check().err().map(|error| error.to_string()).unwrap_or_default())
    };
    let says = |error: String, words: &[&str]| words.iter().all(|word| error.contains(word));
    assert!(says(
        check(ColumnDef::of::<i64>("a").references(("people", "id")))?,
        &["posts", "(a)", "people"]
    ));
    assert!(says(
        check(ColumnDef::of::<i64>("a").references(("users", "uid")))?,
        &["posts", "(a)", "users", "uid"]
    ));
    assert!(says(check(ColumnDef::of::<i32>("a").references(("users", "id")))?, &["posts", "a", "users.id"]));
    assert!(says(
        check(ColumnDef::of::<String>("a").references(("users", "name")))?,
        &["users", "(name)", "unique"]
    ));
    assert_eq!(check(ColumnDef::of::<i64>("a").references(("users", "id")))?, "");
    Ok(())
}
