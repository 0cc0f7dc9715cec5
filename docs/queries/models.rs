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
#[model(table = "employees")]
struct Employee {
    #[model(key, auto)]
    id: i64,
    name: String,
    boss: Option<BelongsTo<Employee>>,
}

/// Alice (30) has written two posts, Bob (of no age) one, Carol (17) none. Dan's boss is Cid, whose boss is Ann.
fn people() -> orm::Result<Session> {
    let engine = Engine::open("sqlite::memory:")?;
    engine.create_all(&Metadata::of::<(User, Post, Employee)>())?;
    let mut session = engine.session();
    let alice = session.add(User { age: Some(30), ..User::new("Alice") });
    let bob = session.add(User::new("Bob"));
    session.add(User { age: Some(17), ..User::new("Carol") });
    session.add_all([Post::new("Hello", alice), Post::new("On orms", alice), Post::new("Again", bob)]);
    let ann = session.add(Employee::new("Ann"));
    let cid = session.add(Employee { boss: ann.into(), ..Employee::new("Cid") });
    session.add(Employee { boss: cid.into(), ..Employee::new("Dan") });
    session.commit()?;
    Ok(session)
}
