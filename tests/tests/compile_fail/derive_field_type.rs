//! A field's type must be a column type: said at that type.

use orm::prelude::*;

struct Picture;

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
    picture: Picture,
    thumbnail: Option<Picture>,
}

fn main() {}
