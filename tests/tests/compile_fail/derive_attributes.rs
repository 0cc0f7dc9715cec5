//! Attributes that are unknown, misplaced, misspelt or misshapen: all of a struct's mistakes are reported at once.

use orm::prelude::*;

#[derive(Model)]
#[model(table = "users", table = "people", tabel = "persons", key, serde)]
#[model]
struct Words {
    #[model(key, uto, key)]
    id: i64,
    #[model(uniqe)]
    name: String,
    #[model(nullable)]
    age: i32,
    #[model(table = "users")]
    mail: String,
    #[model(unique index)]
    stars: i16,
    #[model(foreign::key)]
    level: i16,
}

#[derive(Model)]
#[model(table = 5, no_new = true)]
struct Values {
    #[model(key = 1)]
    id: i64,
    #[model(column)]
    name: String,
    #[model(column = mail)]
    mail: String,
    #[model(default =, index)]
    age: i32,
    #[model(unique(true))]
    stars: i16,
}

fn main() {}
