//! One mistake is one error: uses of the model are not reported as well.

use orm::prelude::*;

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
    #[model(uniqe)]
    name: String,
}

#[derive(Model)]
struct Post {
    #[model(key, auto)]
    id: i64,
    author: BelongsTo<User>,
}

fn main() {
    let _ = User::select().limit(1);
    let _ = Metadata::of::<(User, Post)>();
}
