//! `create!` with fields that are missing, unknown, given twice, or of another type.

use orm::prelude::*;

mod model {
    use orm::prelude::*;

    #[derive(Model)]
    pub struct User {
        #[model(key, auto)]
        pub id: i64,
        pub name: String,
        pub age: Option<i32>,
        pub posts: HasMany<Post>,
        #[model(default)]
        secret: i32,
    }

    #[derive(Model)]
    pub struct Post {
        #[model(key, auto)]
        pub id: i64,
        pub title: String,
        pub author: BelongsTo<User>,
    }
}

use model::{Post, User};

struct Point {
    x: i64,
}

fn main() {
    let _ = create!(User { age: 3 });
    let _ = create!(User { name: "Ann", posts: [Post {}] });
    let _ = create!(Post { title: "orphan" });
    let _ = create!(User { nmae: "Ann", name: "Ann" });
    let _ = create!(User { name: "Ann", name: "Bob" });
    let _ = create!(User { name: 7, age: "old" });
    let _ = create!(User { name: "Ann", posts: [User { name: "Bob" }] });
    let _ = create!(User { name: "Ann", secret: 1 });
    let _ = create!(User { name: "Ann", ..User::new("Bob") });
    let _ = create!(Post { title: "Hello", author: User { name: "Ann" } });
    let _ = create!(Point { x: 1 });
    let _ = create!(User::new("Ann"));
    let _ = create!(7);
    let _ = create!();
    let _ = create!(User { name: "Ann" }, User { name: "Bob" });
    let _ = create!(User { name: "Ann" age: 3 });
    let _ = create!(User { name: });
}
