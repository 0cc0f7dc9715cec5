use orm::prelude::*;
use orm::{any, recursive, scalar};

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
}

struct Summary {
    name: String,
}

fn main() {
    let _ = User::select().filter(User::ID.in_(select(User::NAME)));
    let _ = User::select().filter(User::ID.in_(7));
    let _ = User::select().filter(User::ID.eq(select(User::NAME)));
    let _ = User::select().filter(User::ID.gt(any(select(User::NAME))));
    let _ = select(User::ID).union(select(User::NAME));
    let _ = select(scalar(select((User::ID, User::NAME))));
    let _ = User::select().into::<Summary>();
    let _ = cte("users_by_name", "SELECT 1");
    let _ = recursive("tree", select(User::ID), |_| select(User::NAME));
}
