//! [KEY-1] A key with too few parts, or with too many.

use orm::prelude::*;

#[derive(DbValue, Clone, Debug, PartialEq)]
struct Code(i32);

#[derive(Model)]
struct Pair {
    #[model(key)]
    a: Code,
    #[model(key)]
    b: i32,
}

#[derive(Model)]
struct Single {
    #[model(key)]
    code: Code,
}

fn find(session: &mut Session) -> orm::Result<()> {
    session.get::<Single>((Code(1), 2))?;
    session.peek::<Single>((Code(1), 2));
    let pair: <Pair as Model>::Key = Code(1);
    session.get::<Pair>(pair)?;
    Ok(())
}

fn main() {}
