use sqlx::{Connection, FromRow, Result, SqliteConnection};

#[derive(FromRow)]
struct User {
    id: i64,
    name: String,
    age: i32,
}

#[tokio::main]
async fn main() -> Result<()> {
    let connection = &mut SqliteConnection::connect("sqlite::memory:").await?;
    sqlx::query("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER NOT NULL)")
        .execute(&mut *connection)
        .await?;
    let mut alice: User = sqlx::query_as("INSERT INTO users (name, age) VALUES ($1, $2) RETURNING *")
        .bind("Alice")
        .bind(30)
        .fetch_one(&mut *connection)
        .await?;

    let select = sqlx::query_as("SELECT id, name, age FROM users WHERE age > $1").bind(28);
    let users: Vec<User> = select.fetch_all(&mut *connection).await?;
    for user in users {
        println!("{} {}", user.id, user.name);
    }
    alice.age = 31;
    let update = sqlx::query("UPDATE users SET age = $2 WHERE id = $1").bind(alice.id).bind(alice.age);
    update.execute(&mut *connection).await?;

    sqlx::query("DELETE FROM users WHERE id = $1").bind(alice.id).execute(&mut *connection).await?;
    Ok(())
}
