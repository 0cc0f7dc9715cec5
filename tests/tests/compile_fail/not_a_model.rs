use orm::prelude::*;

struct User {
    id: i64,
}

fn add(session: &mut Session) {
    session.add(User { id: 0 });
}

fn tables() -> Metadata {
    Metadata::of::<(User,)>()
}

fn main() {}
