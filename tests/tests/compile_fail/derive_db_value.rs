//! A newtype has one field, whose type is a column type.

use orm::prelude::*;

#[derive(DbValue)]
struct Two(String, String);

#[derive(DbValue)]
struct None;

#[derive(DbValue)]
enum Choice {
    A,
}

#[derive(DbValue)]
union Both {
    a: i64,
}

struct Picture;

#[derive(DbValue)]
struct Framed(Picture);

/// One mistake is one error: uses of the type are not reported as well.
#[derive(Model)]
struct User {
    #[model(key)]
    id: i64,
    two: Two,
    choice: Option<Choice>,
}

fn main() {}
