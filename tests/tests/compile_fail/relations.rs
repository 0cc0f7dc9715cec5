//! Constants of relations, and what they are compared with.

use orm::prelude::*;

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
}

#[derive(Model)]
struct Post {
    #[model(key, auto)]
    id: i64,
    author: BelongsTo<User>,
}

#[derive(Model)]
struct Clash {
    #[model(key, auto)]
    id: i64,
    author: BelongsTo<User>,
    #[model(column = "writer")]
    author_id: i64,
}

fn main() {
    let _ = Post::AUTHOR.eq(7);
    let _ = Post::select().join(User::NAME);
    let _ = User::select().order_by(7);
    let _ = User::select().order_by(User::ID).after(7);
}
