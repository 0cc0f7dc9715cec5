//! Change the objects, commit, done.

use orm::prelude::*;

#[derive(Model)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    age: i32,
    posts: HasMany<Post>,
}

#[derive(Model)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    title: String,
    author: BelongsTo<User>,
}

fn main() -> orm::Result<()> {
    let engine = Engine::builder("sqlite::memory:")?.echo(true).open();
    engine.create_all(&Metadata::of::<User>())?;
    let mut session = engine.session();
    let alice = session.add(User::new("Alice", 30));
    let hello = session.add(Post::new("Hello", alice));
    session.commit()?;

    session[alice].age = 31;
    session.commit()?;
    for user in session.all(User::select().filter(User::AGE.gt(28)).with(User::POSTS))? {
        println!("{} wrote {}", session[user].name, session[user].posts.len());
    }
    session.delete(hello)?;
    session.commit()
}
