//! What is written for PostgreSQL alone: keys come back by RETURNING, and queries that need nothing from each other travel together
//! when their futures are joined, as the documentation of the connection recommends, so the objects that are saved or deleted are
//! sent at once, still a statement for each.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::{try_join, try_join_all};

use crate::model::{NewUser, User, new_posts, posts, users};

/// A statement has room for 65,535 values.
pub const ROWS: usize = 10_000;

pub async fn insert(connection: &mut AsyncPgConnection, users: &[NewUser]) -> QueryResult<Vec<i64>> {
    diesel::insert_into(users::table).values(users).returning(users::id).get_results(connection).await
}

pub async fn insert_one(connection: &mut AsyncPgConnection, user: &NewUser) -> QueryResult<i64> {
    diesel::insert_into(users::table).values(user).returning(users::id).get_result(connection).await
}

pub async fn save(connection: &mut AsyncPgConnection, users: &[User]) -> QueryResult<()> {
    let save = |user: &User| diesel::update(user).set(users::age.eq(user.age)).execute(&mut &*connection);
    try_join_all(users.iter().map(save)).await.map(drop)
}

pub async fn delete(connection: &mut AsyncPgConnection, users: &[User]) -> QueryResult<()> {
    let delete = |user| diesel::delete(user).execute(&mut &*connection);
    try_join_all(users.iter().map(delete)).await.map(drop)
}

/// Writes what a unit of work has changed and added.
pub async fn write(connection: &mut AsyncPgConnection, user: &User) -> QueryResult<()> {
    let save = diesel::update(user).set(users::age.eq(user.age)).execute(&mut &*connection);
    let add = diesel::insert_into(posts::table).values(new_posts(user)).execute(&mut &*connection);
    try_join(save, add).await.map(drop)
}
