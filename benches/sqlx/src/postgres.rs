//! What is written for PostgreSQL alone: lists are arrays.

use sqlx::postgres::PgConnectOptions;
use sqlx::{PgConnection, Result};

use crate::sqlx_library::{NUMBERED, Post, Texts, User};

pub const TEXTS: Texts = NUMBERED;

pub fn options(url: &str) -> PgConnectOptions {
    url.parse().unwrap()
}

pub async fn insert(connection: &mut PgConnection, users: &mut [User]) -> Result<()> {
    let sql = "INSERT INTO users (name, age, email, created) \
        SELECT * FROM UNNEST($1::text[], $2::int[], $3::text[], $4::bigint[]) RETURNING id";
    let names: Vec<_> = users.iter().map(|user| &*user.name).collect();
    let ages: Vec<_> = users.iter().map(|user| user.age).collect();
    let emails: Vec<_> = users.iter().map(|user| user.email.as_deref()).collect();
    let created: Vec<_> = users.iter().map(|user| user.created).collect();
    let insert = sqlx::query_scalar(sql).bind(names).bind(ages).bind(emails).bind(created);
    let ids: Vec<i64> = insert.fetch_all(connection).await?;
    for (user, id) in users.iter_mut().zip(ids) {
        user.id = id;
    }
    Ok(())
}

pub async fn save(connection: &mut PgConnection, users: &[User]) -> Result<()> {
    let sql = "UPDATE users SET age = saved.age FROM UNNEST($1::bigint[], $2::int[]) AS saved (id, age) \
        WHERE users.id = saved.id";
    let ages: Vec<_> = users.iter().map(|user| user.age).collect();
    sqlx::query(sql).bind(ids(users)).bind(ages).execute(connection).await?;
    Ok(())
}

pub async fn delete(connection: &mut PgConnection, users: &[User]) -> Result<()> {
    sqlx::query("DELETE FROM users WHERE id = ANY($1)").bind(ids(users)).execute(connection).await?;
    Ok(())
}

pub async fn posts(connection: &mut PgConnection, users: &[User]) -> Result<Vec<Post>> {
    let select = sqlx::query_as("SELECT id, user_id, title, body FROM posts WHERE user_id = ANY($1)");
    select.bind(ids(users)).fetch_all(connection).await
}

fn ids(users: &[User]) -> Vec<i64> {
    users.iter().map(|user| user.id).collect()
}
