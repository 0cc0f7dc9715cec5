//! What is written for SQLite alone: lists are values in the statement's text.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{QueryBuilder, Result, Sqlite, SqliteConnection};

use crate::sqlx_library::{NUMBERED, Post, Texts, User};

pub const TEXTS: Texts = NUMBERED;

pub fn options(url: &str) -> SqliteConnectOptions {
    url.parse::<SqliteConnectOptions>().unwrap().create_if_missing(true)
}

/// A statement has room for 32,766 values; it is quickest with some hundreds of rows.
pub async fn insert(connection: &mut SqliteConnection, users: &mut [User]) -> Result<()> {
    for users in users.chunks_mut(500) {
        let mut insert = QueryBuilder::new("INSERT INTO users (name, age, email, created) ");
        insert.push_values(users.iter(), |mut row, user| {
            row.push_bind(&user.name).push_bind(user.age).push_bind(&user.email).push_bind(user.created);
        });
        insert.push(" RETURNING id");
        let ids: Vec<i64> = insert.build_query_scalar().fetch_all(&mut *connection).await?;
        for (user, id) in users.iter_mut().zip(ids) {
            user.id = id;
        }
    }
    Ok(())
}

pub async fn save(connection: &mut SqliteConnection, users: &[User]) -> Result<()> {
    for user in users {
        let update = sqlx::query(TEXTS.save).bind(user.age).bind(user.id);
        update.execute(&mut *connection).await?;
    }
    Ok(())
}

pub async fn delete(connection: &mut SqliteConnection, users: &[User]) -> Result<()> {
    for users in users.chunks(30_000) {
        let mut delete = with_ids("DELETE FROM users WHERE id IN (", users);
        delete.build().execute(&mut *connection).await?;
    }
    Ok(())
}

pub async fn posts(connection: &mut SqliteConnection, users: &[User]) -> Result<Vec<Post>> {
    let mut select = with_ids("SELECT id, user_id, title, body FROM posts WHERE user_id IN (", users);
    select.build_query_as().fetch_all(connection).await
}

fn with_ids(sql: &str, users: &[User]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(sql);
    let mut ids = query.separated(", ");
    for user in users {
        ids.push_bind(user.id);
    }
    query.push(")");
    query
}
