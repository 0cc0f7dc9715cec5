use rusqlite::{Connection, Result, Row};

struct User {
    id: i64,
    name: String,
    age: i32,
}

impl User {
    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self { id: row.get("id")?, name: row.get("name")?, age: row.get("age")? })
    }
}

fn main() -> Result<()> {
    let connection = Connection::open_in_memory()?;
    connection.execute(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER NOT NULL)",
        (),
    )?;
    let mut alice = User { id: 0, name: "Alice".to_owned(), age: 30 };
    connection.execute("INSERT INTO users (name, age) VALUES (?1, ?2)", (&alice.name, alice.age))?;
    alice.id = connection.last_insert_rowid();

    let mut select = connection.prepare("SELECT id, name, age FROM users WHERE age > ?1")?;
    for user in select.query_map([28], User::read)? {
        let user = user?;
        println!("{} {}", user.id, user.name);
    }
    alice.age = 31;
    connection.execute("UPDATE users SET age = ?2 WHERE id = ?1", (alice.id, alice.age))?;

    connection.execute("DELETE FROM users WHERE id = ?1", [alice.id])?;
    Ok(())
}
