use orm::prelude::*;

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
}

fn kept_across_a_commit(session: &mut Session, user: Entity<User>) -> orm::Result<()> {
    let name = &session[user].name;
    session.commit()?;
    println!("{name}");
    Ok(())
}

fn main() {}
