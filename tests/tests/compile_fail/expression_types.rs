use orm::functions::{length, row_number, sum, window};
use orm::prelude::*;

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
    name: String,
    age: i32,
    size: f64,
}

fn main() {
    let _ = User::NAME + 1;
    let _ = User::AGE + "1";
    let _ = User::AGE + User::SIZE;
    let _ = User::SIZE % 2.0;
    let _ = sum(User::NAME);
    let _ = length(User::AGE);
    let _ = coalesce(User::AGE, "none");
    let _ = case().when(User::AGE.gt(1), "old").otherwise(1);
    let _ = select(row_number());
    let _ = User::NAME.path("a").text();
    let _ = func::<i32>("abs", (vec![1u8],));
    let _: i32 = sum(User::AGE).over(window());
}
