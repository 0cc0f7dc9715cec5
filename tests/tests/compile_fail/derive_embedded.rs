//! What an embedded struct cannot be, and where one cannot stand.

use orm::prelude::*;

struct Picture;

#[derive(Embedded)]
#[db(table = "x")]
struct Address {
    #[db(renam = "a")]
    street: String,
    #[db(rename = "street", prefix = "b")]
    city: String,
    #[db(colour = "red", prefix = 5)]
    country: String,
    town: Option<Option<String>>,
    user: BelongsTo<User>,
}

#[derive(Embedded)]
struct Framed {
    picture: Picture,
}

#[derive(Embedded)]
struct Unit;

#[derive(Embedded)]
struct Tuple(i64);

#[derive(Embedded)]
enum Enum {
    A,
}

#[derive(Embedded)]
struct Generic<T> {
    a: T,
}

#[derive(Model)]
struct User {
    #[model(key)]
    id: i64,
    home: Address,
    #[model(prefix = "x", column = "y")]
    work: Address,
}

fn main() {
    let _ = User::select().limit(1);
}
