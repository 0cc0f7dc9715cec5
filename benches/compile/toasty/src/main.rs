#[derive(Debug, toasty::Model)]
struct User {
    #[key]
    #[auto]
    id: u64,
    name: String,
    age: i32,
}

#[tokio::main]
async fn main() -> toasty::Result<()> {
    let mut db = toasty::Db::builder().models(toasty::models!(User)).connect("sqlite::memory:").await?;
    db.push_schema().await?;
    let mut alice = toasty::create!(User { name: "Alice", age: 30 }).exec(&mut db).await?;

    for user in User::filter(User::fields().age().gt(28)).exec(&mut db).await? {
        println!("{} {}", user.id, user.name);
    }
    alice.update().age(31).exec(&mut db).await?;

    alice.delete().exec(&mut db).await?;
    Ok(())
}
