//! Attributes about the schema that are misspelt, misplaced, misshapen, or contradict each other or the field's type.

use orm::prelude::*;

#[derive(Model)]
#[model(schema = 5, coment = "x", unique, index(), check, check("a", "b"), check(name = "n"))]
#[model(unique(nam), index(name des), index(name, were = "x"), unique(name, name))]
#[model(unique(name = "same", name), index(name = "same", name), check(name = "", " "))]
#[model(on_delete = "cascade")]
struct Lists {
    #[model(key)]
    id: i64,
    name: String,
}

#[derive(Model)]
struct Fields {
    #[model(key, auto(reuse), server_default = "5")]
    id: i64,
    #[model(index(down), on_delete = "cascade")]
    name: String,
    #[model(generated = "1", default = 5, server_default = "2", unique(name))]
    sum: i32,
    #[model(check, comment = 5, server_defualt = "1")]
    age: i32,
    #[model(on_delete = "cascde", on_update = "explode")]
    friend: BelongsTo<Fields>,
    #[model(on_delete = "set_null", on_update = "set_default")]
    enemy: BelongsTo<Fields>,
    #[model(generated = "1", schema = "x")]
    other: Option<BelongsTo<Fields>>,
    #[model(check = "")]
    empty: i32,
    #[model(default(5))]
    five: i32,
}

fn main() {}
