//! What is written for MariaDB alone: the key of the first row is asked for.

use diesel::prelude::*;

use crate::model::{NewUser, last_insert_id, users};

/// With more rows in a statement it takes as long for each.
pub const ROWS: usize = 1_000;

pub fn insert(connection: &mut MysqlConnection, users: &[NewUser]) -> QueryResult<Vec<i64>> {
    diesel::insert_into(users::table).values(users).execute(connection)?;
    let first: u64 = diesel::select(last_insert_id()).get_result(connection)?;
    Ok((first as i64..).take(users.len()).collect())
}

pub fn insert_one(connection: &mut MysqlConnection, user: &NewUser) -> QueryResult<i64> {
    diesel::insert_into(users::table).values(user).execute(connection)?;
    let id: u64 = diesel::select(last_insert_id()).get_result(connection)?;
    Ok(id as i64)
}
