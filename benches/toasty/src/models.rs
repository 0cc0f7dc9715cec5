//! The tables as Toasty sees them. Keys are `u64`, as in its README: with `i64` it cannot follow a relation on SQLite.

use bench_kit::{BODY, age, created, email, name};
use toasty::schema::Model;

#[derive(Debug, toasty::Model)]
pub struct User {
    #[key]
    #[auto]
    pub id: u64,
    pub name: String,
    pub age: i32,
    pub email: Option<String>,
    pub created: i64,
    #[has_many]
    pub posts: toasty::Deferred<Vec<Post>>,
}

#[derive(Debug, toasty::Model)]
pub struct Post {
    #[key]
    #[auto]
    pub id: u64,
    #[index]
    pub user_id: u64,
    #[belongs_to(key = user_id, references = id)]
    pub user: toasty::Deferred<User>,
    pub title: String,
    pub body: String,
}

pub fn new_users(n: i64) -> Vec<<User as Model>::Create> {
    let user = |number| {
        toasty::create!(User {
            name: name(number),
            age: age(number),
            email: email(number),
            created: created(number),
        })
    };
    (1..=n).map(user).collect()
}

/// The posts that a unit of work adds.
pub fn new_posts(user: &User) -> toasty::stmt::CreateMany<Post> {
    let post = |title: &str| toasty::create!(Post { user_id: user.id, title: title, body: BODY });
    Post::create_many().item(post("first")).item(post("second"))
}
