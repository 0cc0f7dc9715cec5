//! A default must fit its field, and does not see the other parameters of `new`.

use orm::prelude::*;

#[derive(Model)]
struct User {
    #[model(key, default)]
    id: BelongsTo<Group>,
    #[model(default = 5)]
    name: String,
    age: i32,
    #[model(default = age)]
    stars: i32,
}

#[derive(Model)]
struct Group {
    #[model(key)]
    id: i64,
}

fn main() {}
