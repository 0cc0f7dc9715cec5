use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Database, IntoActiveModel, Schema};

mod user {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub age: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

#[tokio::main]
async fn main() -> Result<(), DbErr> {
    let db = &Database::connect("sqlite::memory:").await?;
    let schema = Schema::new(db.get_database_backend());
    db.execute(&schema.create_table_from_entity(user::Entity)).await?;
    let alice = user::ActiveModel { name: Set("Alice".to_owned()), age: Set(30), ..Default::default() };
    let alice = alice.insert(db).await?;

    for user in user::Entity::find().filter(user::COLUMN.age.gt(28)).all(db).await? {
        println!("{} {}", user.id, user.name);
    }
    let mut alice = alice.into_active_model();
    alice.age = Set(31);
    let alice = alice.update(db).await?;

    alice.delete(db).await?;
    Ok(())
}
