//! What an enum cannot be stored as: all mistakes are reported at once.

use orm::prelude::*;

#[derive(DbEnum)]
#[db(intger, natve = 5, rename = "x", serde)]
enum Words {
    #[db(renam = "a")]
    First,
    #[db(rename = "first")]
    Second,
    #[db(rename = "")]
    Third,
    #[db(integer)]
    Fourth,
    #[db(default)]
    Fifth,
    Sixth(i64),
    Seventh { a: i64 },
    #[db(rename = "a")]
    Eighth,
}

#[derive(DbEnum)]
#[db(integer, native)]
#[repr(u64)]
enum Numbers {
    #[db(rename = "one")]
    One,
}

#[derive(DbEnum)]
#[db(integer)]
enum TooLarge {
    One = 1 << 40,
}

#[derive(DbEnum)]
enum Empty {}

#[derive(DbEnum)]
enum Generic<T> {
    One(T),
}

#[derive(DbEnum)]
struct Struct;

#[derive(Model)]
struct User {
    #[model(key)]
    id: i64,
    words: Words,
    numbers: Option<Numbers>,
}

fn main() {}
