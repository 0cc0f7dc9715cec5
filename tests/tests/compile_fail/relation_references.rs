//! [ERR-4] References by which a relation cannot be followed: none, several without a choice, those of others.

use orm::prelude::*;

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
    stars: HasMany<Star>,
    posts: HasMany<Post>,
    #[model(via = Post::TOPIC)]
    edited: HasMany<Post>,
    #[model(via = Post::ID)]
    drafts: HasOne<Post>,
    #[model(through = Star)]
    topics: ManyToMany<Topic>,
    #[model(through = Follow)]
    idols: ManyToMany<User>,
    #[model(through(Post::AUTHOR, Follow::IDOL))]
    fans: ManyToMany<User>,
    #[model(via = Topic::READERS)]
    read: ManyToMany<Post>,
    names: HasMany<String>,
}

#[derive(Model)]
struct Topic {
    #[model(key, auto)]
    id: i64,
    readers: ManyToMany<User>,
}

#[derive(Model)]
struct Star {
    #[model(key, auto)]
    id: i64,
}

#[derive(Model)]
struct Post {
    #[model(key, auto)]
    id: i64,
    author: BelongsTo<User>,
    editor: Option<BelongsTo<User>>,
    topic: BelongsTo<Topic>,
    #[model(via = User::EDITED)]
    editors: ManyToMany<User>,
}

#[derive(Model)]
struct Follow {
    #[model(key)]
    fan: BelongsTo<User>,
    #[model(key)]
    idol: BelongsTo<User>,
}

fn main() {}
