use diesel::connection::SimpleConnection;
use diesel::prelude::*;

diesel::table! {
    users (id) {
        id -> BigInt,
        name -> Text,
        age -> Integer,
    }
}

#[derive(Queryable, Selectable, Identifiable)]
struct User {
    id: i64,
    name: String,
    age: i32,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
struct NewUser<'a> {
    name: &'a str,
    age: i32,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = &mut SqliteConnection::establish(":memory:")?;
    connection.batch_execute(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER NOT NULL)",
    )?;
    let alice: User = diesel::insert_into(users::table)
        .values(&NewUser { name: "Alice", age: 30 })
        .returning(User::as_returning())
        .get_result(connection)?;

    for user in users::table.filter(users::age.gt(28)).select(User::as_select()).load(connection)? {
        println!("{} {} {}", user.id, user.name, user.age);
    }
    diesel::update(&alice).set(users::age.eq(31)).execute(connection)?;

    diesel::delete(&alice).execute(connection)?;
    Ok(())
}
