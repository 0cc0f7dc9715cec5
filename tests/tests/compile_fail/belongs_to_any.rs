//! An enum of references consists of references, and a field of it says so.

use orm::prelude::*;

#[derive(Model)]
struct Post {
    #[model(key)]
    id: i64,
}

#[derive(BelongsToAny)]
enum Wrong {
    Post(BelongsTo<Post>),
    Nothing,
    Number(i64),
    Perhaps(Option<BelongsTo<Post>>),
    Two(BelongsTo<Post>, i64),
}

#[derive(BelongsToAny)]
enum Empty {}

#[derive(BelongsToAny)]
struct Struct {
    post: BelongsTo<Post>,
}

#[derive(BelongsToAny)]
enum Subject {
    Post(BelongsTo<Post>),
}

#[derive(Model)]
struct Untold {
    #[model(key)]
    id: i64,
    subject: Subject,
}

#[derive(Model)]
struct NoEnum {
    #[model(key)]
    id: i64,
    #[model(any)]
    subject: BelongsTo<Post>,
}

#[derive(Model)]
struct Action {
    #[model(key)]
    id: i64,
    #[model(any, on_delete = "set_null")]
    subject: Subject,
}

#[derive(Model)]
struct Key {
    #[model(key, any)]
    subject: Subject,
}

fn main() {}
