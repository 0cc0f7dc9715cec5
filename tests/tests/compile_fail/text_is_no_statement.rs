use orm::prelude::*;

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
}

fn all(session: &mut Session) -> orm::Result<()> {
    session.all("SELECT * FROM user")?;
    Ok(())
}

fn get(session: &mut Session) -> orm::Result<Option<Entity<User>>> {
    session.get::<User>("one")
}

fn main() {}
