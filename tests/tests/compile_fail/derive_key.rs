//! What a key may be, and what goes with it.

use orm::prelude::*;

#[derive(Model)]
struct Single {
    #[model(key, auto, unique, default = 1)]
    id: String,
    #[model(auto)]
    number: i64,
}

#[derive(Model)]
struct Filled {
    #[model(key)]
    id: i64,
    #[model(auto, default = 5)]
    number: i64,
    #[model(auto(no_reuse), server_default = "1")]
    count: i64,
    #[model(auto, generated = "number + 1")]
    more: i64,
    #[model(auto, server_default = "1")]
    friend: Option<BelongsTo<Filled>>,
}

#[derive(Model)]
struct Several {
    #[model(key, auto)]
    shop: i64,
    #[model(key)]
    number: Option<i64>,
}

#[derive(Model)]
struct Five {
    #[model(key)]
    a: i64,
    #[model(key)]
    b: i64,
    #[model(key)]
    c: i64,
    #[model(key)]
    d: i64,
    #[model(key)]
    e: i64,
}

fn main() {}
