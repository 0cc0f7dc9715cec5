use orm::prelude::*;

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
    age: i32,
    nickname: Option<String>,
}

fn main() {
    User::select().filter(User::AGE.gt("x"));
    User::select().filter(User::NICKNAME.eq(5));
    User::select().filter(User::AGE.starts_with("x"));
    User::select().filter(User::AGE);
}
