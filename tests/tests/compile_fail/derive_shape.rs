//! A model is a struct with named fields, a key and no parameters.

use orm::prelude::*;

#[derive(Model)]
enum Enum {
    A,
}

#[derive(Model)]
union Union {
    a: i64,
}

#[derive(Model)]
struct Tuple(i64);

#[derive(Model)]
struct Unit;

#[derive(Model)]
struct Keyless {
    name: String,
}

#[derive(Model)]
struct Generic<T> {
    #[model(key)]
    id: T,
}

#[derive(Model)]
struct Lifetime<'a> {
    #[model(key)]
    id: &'a str,
}

#[derive(Model)]
struct Const<const N: usize> {
    #[model(key)]
    id: i64,
}

fn main() {}
