//! Queries that are put together wrongly.

use orm::prelude::*;

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    age: Option<i32>,
}

#[derive(Model)]
struct Post {
    #[model(key, auto)]
    id: i64,
    title: String,
    author: BelongsTo<User>,
    body: Deferred<String>,
}

fn what_is_selected(user: User) {
    let _ = select(user);
    let _ = select((User::NAME, "age"));
    let _ = select(User::ID).columns(User::select());
    let _ = User::select().group_by("name");
}

fn where_from() {
    let _ = select(User::NAME).from("users");
    let _ = User::select().join(Post::entity());
    let _ = User::select().left_join(Post::AUTHOR_ID);
    let _ = User::select().cross_join("posts");
    let _ = Post::TITLE.of("posts");
}

fn conditions() {
    let _ = User::select().filter(User::AGE);
    let _ = User::select().filter("age > 28");
    let _ = User::select().filter(true);
    let _ = User::select().filter(User::AGE.asc());
    let _ = User::select().having(User::NAME);
}

fn operands(user: Entity<User>, who: User) {
    let _ = User::ID.eq(Post::TITLE);
    let _ = User::NAME.eq(None);
    let _ = User::NAME.gt(Some("x"));
    let _ = User::AGE.between(1, "nine");
    let _ = User::ID.in_(["one", "two"]);
    let _ = Post::AUTHOR_ID.eq(user);
    let _ = Post::AUTHOR_ID.eq(who);
    let _ = Post::BODY.eq(7);
}

fn main() {}
