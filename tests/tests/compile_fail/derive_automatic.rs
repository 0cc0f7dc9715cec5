//! Versions and values that a change brings, where they cannot be.

use orm::prelude::*;

#[derive(Model)]
struct Versions {
    #[model(key)]
    id: i64,
    #[model(version)]
    one: i64,
    #[model(version)]
    two: i32,
}

#[derive(Model)]
struct Types {
    #[model(key, version)]
    id: i64,
}

#[derive(Model)]
struct Texts {
    #[model(key)]
    id: i64,
    #[model(version)]
    version: String,
}

#[derive(Model)]
struct Options {
    #[model(key)]
    id: i64,
    #[model(version, default = 3)]
    version: Option<i64>,
}

#[derive(Model)]
struct AutoVersions {
    #[model(key, auto, version)]
    id: i64,
    #[model(version = 1)]
    other: i64,
}

#[derive(Model)]
struct Updates {
    #[model(key, on_update = 1)]
    id: i64,
    #[model(on_update = "cascade")]
    text: String,
    #[model(on_update = Some(1))]
    other: Option<BelongsTo<Texts>>,
    #[model(generated = "1", on_update = 1)]
    computed: i64,
    #[model(created_at, updated_at)]
    twice: i64,
    #[model(created_at, default)]
    defaulted: i64,
}

#[derive(Model)]
struct Moments {
    #[model(key)]
    id: i64,
    #[model(created_at)]
    created_at: String,
    #[model(updated_at)]
    updated_at: Option<i64>,
}

#[derive(Model)]
struct Mismatch {
    #[model(key)]
    id: i64,
    #[model(default, on_update = "text".len())]
    count: i64,
}

fn main() {}
