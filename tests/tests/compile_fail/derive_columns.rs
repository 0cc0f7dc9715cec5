//! Names of tables and columns, and fields that cannot be columns.

use orm::prelude::*;

#[derive(Model)]
#[model(table = "")]
struct Names {
    #[model(key)]
    id: i64,
    #[model(column = "nul\0")]
    name: String,
    #[model(column = "id")]
    other: i64,
    author: BelongsTo<Names>,
    author_id: i64,
    #[model(column = "")]
    empty: i64,
    age: Option<Option<i32>>,
}

fn main() {}
