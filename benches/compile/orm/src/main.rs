use orm::prelude::*;

#[derive(Model)]
#[model(table = "users")]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    age: i32,
}

fn main() -> orm::Result<()> {
    let engine = Engine::open("sqlite::memory:")?;
    engine.create_all(&Metadata::of::<User>())?;
    let mut session = engine.session();
    let alice = session.add(User::new("Alice", 30));
    session.commit()?;

    for user in session.all(User::select().filter(User::AGE.gt(28)))? {
        println!("{} {}", session[user].id, session[user].name);
    }
    session[alice].age = 31;
    session.commit()?;

    session.delete(alice)?;
    session.commit()
}
