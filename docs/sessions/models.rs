use orm::prelude::*;

#[derive(Model, Debug)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    age: Option<i32>,
}

#[derive(Model, Debug)]
#[model(table = "posts")]
struct Post {
    #[model(key, auto)]
    id: i64,
    title: String,
    author: BelongsTo<User>,
}

#[derive(Model, Debug)]
#[model(table = "pages")]
struct Page {
    #[model(key, auto)]
    id: i64,
    title: String,
    #[model(default = 0)]
    hits: i32,
    #[model(generated = "hits * 10")]
    score: i32,                                     // computed by the database
    #[model(auto, server_default = "'draft'")]
    state: String,                                  // left to the database unless it is set
    #[model(default, on_update = self.edits + 1)]
    edits: i32,                                     // a change brings it along
    #[model(version)]
    version: i32,                                   // refuses changes of what somebody else has changed
}

/// An empty database, and a session that has committed Alice (30) and Bob, with the keys 1 and 2.
fn start() -> orm::Result<(Engine, Session, Entity<User>, Entity<User>)> {
    let engine = Engine::open("sqlite::memory:")?;
    engine.create_all(&Metadata::of::<(User, Post, Page)>())?;
    let mut session = engine.session();
    let alice = session.add(User { age: Some(30), ..User::new("Alice") });
    let bob = session.add(User::new("Bob"));
    session.commit()?;
    Ok((engine, session, alice, bob))
}
