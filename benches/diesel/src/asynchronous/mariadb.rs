//! What is written for MariaDB alone. Diesel knows no RETURNING there, so the key of the first row is asked for, and those of the
//! others follow it. Nothing travels together.

use diesel::prelude::*;
use diesel_async::{AsyncMysqlConnection, RunQueryDsl};

use crate::model::{NewUser, User, last_insert_id, new_posts, posts, users};

/// With more rows in a statement it takes as long for each.
pub const ROWS: usize = 1_000;

pub async fn insert(connection: &mut AsyncMysqlConnection, users: &[NewUser]) -> QueryResult<Vec<i64>> {
    diesel::insert_into(users::table).values(users).execute(connection).await?;
    let first: u64 = diesel::select(last_insert_id()).get_result(connection).await?;
    Ok((first as i64..).take(users.len()).collect())
}

pub async fn insert_one(connection: &mut AsyncMysqlConnection, user: &NewUser) -> QueryResult<i64> {
    diesel::insert_into(users::table).values(user).execute(connection).await?;
    let id: u64 = diesel::select(last_insert_id()).get_result(connection).await?;
    Ok(id as i64)
}

pub async fn save(connection: &mut AsyncMysqlConnection, users: &[User]) -> QueryResult<()> {
    for user in users {
        diesel::update(user).set(users::age.eq(user.age)).execute(connection).await?;
    }
    Ok(())
}

pub async fn delete(connection: &mut AsyncMysqlConnection, users: &[User]) -> QueryResult<()> {
    for user in users {
        diesel::delete(user).execute(connection).await?;
    }
    Ok(())
}

/// Writes what a unit of work has changed and added.
pub async fn write(connection: &mut AsyncMysqlConnection, user: &User) -> QueryResult<()> {
    diesel::update(user).set(users::age.eq(user.age)).execute(connection).await?;
    diesel::insert_into(posts::table).values(new_posts(user)).execute(connection).await?;
    Ok(())
}
