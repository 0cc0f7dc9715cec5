//! What cannot be deferred.

use orm::prelude::*;

#[derive(Model)]
struct Key {
    #[model(key)]
    id: Deferred<i64>,
}

#[derive(Model)]
struct Part {
    #[model(key)]
    id: i64,
    #[model(deferred = "large")]
    body: String,
    note: Option<Deferred<String>>,
    key: Deferred<BelongsTo<Key>>,
    #[model(deferred)]
    text: Deferred<String>,
}

#[derive(Embedded)]
struct Address {
    street: Deferred<String>,
}

#[derive(Model)]
struct Strange {
    #[model(key)]
    id: i64,
    at: Deferred<std::time::Instant>,
}

fn main() {}
