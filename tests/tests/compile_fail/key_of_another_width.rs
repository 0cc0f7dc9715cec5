//! [KEY-1] A key with too few parts, or with too many.

use orm::prelude::*;

#[derive(Model)]
struct Pair {
    #[model(key)]
    a: i32,
    #[model(key)]
    b: i32,
}

#[derive(Model)]
struct Single {
    #[model(key)]
    id: i32,
}

fn find(session: &mut Session) -> orm::Result<()> {
    session.get::<Pair>(1)?;
    session.get::<Single>((1, 2))?;
    session.get_many::<Pair>([(1, 2, 3)])?;
    session.peek::<Single>((1, 2));
    Ok(())
}

fn main() {}
