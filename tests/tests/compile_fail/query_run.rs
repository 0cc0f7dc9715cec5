//! Queries that are run wrongly.

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
    body: Deferred<String>,
}

fn newest(query: Select<User>) -> Select<User> {
    query.limit(1)
}

fn run(session: &mut Session, connection: &mut Connection, user: Entity<User>) -> orm::Result<()> {
    session.all(User::entity())?;
    session.all(text("SELECT name FROM user"))?;
    session.all("SELECT name FROM user")?;
    session.execute(User::NAME)?;
    connection.all(User::NAME)?;
    connection.explain("SELECT name FROM user")?;
    session.all(newest(select(User::NAME)))?;
    let names: Vec<String> = session.all(select((User::ID, User::NAME)))?;
    let users: Vec<User> = session.all(User::select())?;
    session.load_deferred(user, Post::BODY)?;
    Post::select().undefer("body");
    Ok(())
}

fn main() {}
