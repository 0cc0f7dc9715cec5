//! The tables as Diesel sees them, and a struct for each thing that is read or inserted.

use bench_kit::{BODY, Database, age, created, email, name};
use diesel::prelude::*;

diesel::table! {
    users (id) {
        id -> BigInt,
        name -> Text,
        age -> Integer,
        email -> Nullable<Text>,
        created -> BigInt,
    }
}

diesel::table! {
    posts (id) {
        id -> BigInt,
        user_id -> BigInt,
        title -> Text,
        body -> Text,
    }
}

diesel::joinable!(posts -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, posts);

diesel::define_sql_function! {
    /// The key of the first row that the last INSERT of this connection has made; MySQL's and MariaDB's.
    fn last_insert_id() -> Unsigned<BigInt>;
}

#[derive(Queryable, Selectable, Identifiable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: i64,
    pub name: String,
    pub age: i32,
    pub email: Option<String>,
    pub created: i64,
}

#[derive(Queryable, Selectable, Identifiable, Associations)]
#[diesel(table_name = posts, belongs_to(User))]
pub struct Post {
    pub id: i64,
    pub user_id: i64,
    pub title: String,
    pub body: String,
}

/// A user to insert. That `None` is NULL, and not the column's default, lets SQLite take many rows in one statement.
#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct NewUser {
    name: String,
    age: i32,
    email: Option<String>,
    created: i64,
}

#[derive(Insertable)]
#[diesel(table_name = posts)]
pub struct NewPost {
    user_id: i64,
    title: &'static str,
    body: &'static str,
}

pub fn new_users(n: i64) -> Vec<NewUser> {
    let user = |number| NewUser {
        name: name(number),
        age: age(number),
        email: email(number),
        created: created(number),
    };
    (1..=n).map(user).collect()
}

/// The posts that a unit of work adds.
pub fn new_posts(user: &User) -> [NewPost; 2] {
    ["first", "second"].map(|title| NewPost { user_id: user.id, title, body: BODY })
}

/// The same for diesel-async, whose driver for MariaDB would change over to a Unix socket.
pub fn tcp_url(database: &Database) -> String {
    match database {
        Database::MariaDb(_) => url(database) + "?prefer_socket=false",
        Database::Memory | Database::File(_) | Database::Postgres(_) => url(database),
    }
}

/// As Diesel writes where a database is.
pub fn url(database: &Database) -> String {
    match database {
        Database::Memory => ":memory:".to_owned(),
        Database::File(path) => path.clone(),
        Database::Postgres(_) | Database::MariaDb(_) => database.mysql_url(),
    }
}
