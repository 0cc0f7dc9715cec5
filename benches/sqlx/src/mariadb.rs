//! What is written for MariaDB alone: lists are values in the statement's text, and a key follows the one before.

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{MySql, MySqlConnection, QueryBuilder, Result};

use crate::sqlx_library::{Post, Texts, User};

pub const TEXTS: Texts = Texts {
    get: "SELECT id, name, age, email, created FROM users WHERE id = ?",
    load: "SELECT id, name, age, email, created FROM users WHERE id <= ? AND age >= ?",
    insert: "INSERT INTO users (name, age, email, created) VALUES (?, ?, ?, ?) RETURNING id",
    save: "UPDATE users SET age = ? WHERE id = ?",
    insert_posts: "INSERT INTO posts (user_id, title, body) VALUES (?, ?, ?), (?, ?, ?)",
};

pub fn options(url: &str) -> MySqlConnectOptions {
    url.parse().unwrap()
}

/// With more rows in a statement it takes as long for each.
pub async fn insert(connection: &mut MySqlConnection, users: &mut [User]) -> Result<()> {
    for users in users.chunks_mut(1_000) {
        let mut insert = QueryBuilder::new("INSERT INTO users (name, age, email, created) ");
        insert.push_values(users.iter(), |mut row, user| {
            row.push_bind(&user.name).push_bind(user.age).push_bind(&user.email).push_bind(user.created);
        });
        let first = insert.build().execute(&mut *connection).await?.last_insert_id() as i64;
        for (user, id) in users.iter_mut().zip(first..) {
            user.id = id;
        }
    }
    Ok(())
}

pub async fn save(connection: &mut MySqlConnection, users: &[User]) -> Result<()> {
    for users in users.chunks(1_000) {
        let mut update = QueryBuilder::new("UPDATE users JOIN (SELECT 0 AS id, 0 AS age");
        for user in users {
            update.push(" UNION ALL SELECT ").push_bind(user.id).push(", ").push_bind(user.age);
        }
        update.push(") AS saved USING (id) SET users.age = saved.age");
        update.build().execute(&mut *connection).await?;
    }
    Ok(())
}

pub async fn delete(connection: &mut MySqlConnection, users: &[User]) -> Result<()> {
    let mut delete = with_ids("DELETE FROM users WHERE id IN (", users);
    delete.build().execute(connection).await?;
    Ok(())
}

pub async fn posts(connection: &mut MySqlConnection, users: &[User]) -> Result<Vec<Post>> {
    let mut select = with_ids("SELECT id, user_id, title, body FROM posts WHERE user_id IN (", users);
    select.build_query_as().fetch_all(connection).await
}

fn with_ids(sql: &str, users: &[User]) -> QueryBuilder<MySql> {
    let mut query = QueryBuilder::new(sql);
    let mut ids = query.separated(", ");
    for user in users {
        ids.push_bind(user.id);
    }
    query.push(")");
    query
}
