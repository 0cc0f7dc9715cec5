//! An embedded struct is several columns: not a key, not an option, not compared as a whole; and nothing else has a prefix.

use orm::prelude::*;

#[derive(Embedded, Clone, Debug, PartialEq)]
struct Place {
    latitude: f64,
}

#[derive(Model)]
struct User {
    #[model(key)]
    id: i64,
    #[model(prefix = "name_")]
    name: String,
    place: Place,
    last: Option<Place>,
}

#[derive(Model)]
struct Town {
    #[model(key)]
    place: Place,
}

fn main() {
    User::select().filter(User::PLACE.eq(1.0));
    User::select().filter(User::ID.at(Place::LATITUDE).eq(1.0));
}
