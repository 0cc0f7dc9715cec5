//! The tables as SeaORM sees them, in its dense format.

use bench_kit::{BODY, age, created, email, name};
use sea_orm::ActiveValue::Set;

pub mod user {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub age: i32,
        pub email: Option<String>,
        pub created: i64,
        #[sea_orm(has_many)]
        pub posts: HasMany<super::post::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod post {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "posts")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub user_id: i64,
        pub title: String,
        pub body: String,
        #[sea_orm(belongs_to, from = "user_id", to = "id")]
        pub user: BelongsTo<super::user::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub fn new_users(n: i64) -> Vec<user::ActiveModel> {
    let user = |number| user::ActiveModel {
        name: Set(name(number)),
        age: Set(age(number)),
        email: Set(email(number)),
        created: Set(created(number)),
        ..Default::default()
    };
    (1..=n).map(user).collect()
}

/// The posts that a unit of work adds.
pub fn new_posts(user: i64) -> [post::ActiveModel; 2] {
    ["first", "second"].map(|title| post::ActiveModel {
        user_id: Set(user),
        title: Set(title.to_owned()),
        body: Set(BODY.to_owned()),
        ..Default::default()
    })
}
