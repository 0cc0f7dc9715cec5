//! [CAS-10] What is said of relations, and cannot be meant.

use orm::prelude::*;

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
    #[model(cascade = "delete_orphans")]
    posts: HasMany<Post>,
    #[model(cascade = "cascade")]
    drafts: HasMany<Post>,
    #[model(cascade = delete)]
    letters: HasMany<Post>,
    #[model(cascade = "delete_orphan")]
    tags: ManyToMany<Post>,
    #[model(load = "join", order_by, unique, default)]
    others: HasMany<Post>,
    #[model(order_by = Post::TITLE)]
    first: HasOne<Post>,
    #[model(key)]
    key: HasMany<Post>,
    #[model(vai = Post::USER)]
    misspelt: HasMany<Post>,
    perhaps: Option<HasMany<Post>>,
    one: Option<HasOne<Post>>,
    late: Deferred<ManyToMany<Post>>,
    #[model(cascade = "delete")]
    boss: BelongsTo<User>,
    #[model(via = Post::USER)]
    name: String,
}

#[derive(Model)]
struct Post {
    #[model(key, auto)]
    id: i64,
    title: String,
    user: BelongsTo<User>,
    #[model(via = User::TAGS, through = Tag)]
    one: ManyToMany<User>,
    #[model(via = User::TAGS, table = "tagged")]
    two: ManyToMany<User>,
    #[model(through(Tag::POST))]
    three: ManyToMany<User>,
    #[model(through)]
    four: ManyToMany<User>,
    #[model(through = Tag)]
    five: HasMany<User>,
    #[model(table = "")]
    six: HasOne<User>,
    title_: HasMany<User>,
    TITLE: HasMany<User>,
    user_id: HasMany<User>,
    #[model(comment = "a post's first reader")]
    USER: HasMany<User>,
}

fn main() {}
