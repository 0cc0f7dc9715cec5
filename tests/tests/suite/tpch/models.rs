//! The tables of TPC-H. Money is in cents, a discount and a tax in percent, so that sums are exact on every database.

use jiff::civil::Date;
use orm_tests::prelude::*;

#[derive(Model, Debug)]
#[model(table = "region")]
pub(crate) struct Region {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) name: String,
}

#[derive(Model, Debug)]
#[model(table = "nation")]
pub(crate) struct Nation {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) region: BelongsTo<Region>,
}

#[derive(Model, Debug)]
#[model(table = "supplier")]
pub(crate) struct Supplier {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) phone: String,
    pub(crate) balance: i64,
    pub(crate) comment: String,
    pub(crate) nation: BelongsTo<Nation>,
}

#[derive(Model, Debug)]
#[model(table = "customer")]
pub(crate) struct Customer {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) phone: String,
    pub(crate) balance: i64,
    pub(crate) segment: String,
    pub(crate) comment: String,
    pub(crate) nation: BelongsTo<Nation>,
}

#[derive(Model, Debug)]
#[model(table = "part")]
pub(crate) struct Part {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) manufacturer: String,
    pub(crate) brand: String,
    pub(crate) kind: String,
    pub(crate) size: i32,
    pub(crate) container: String,
}

#[derive(Model, Debug)]
#[model(table = "partsupp")]
pub(crate) struct PartSupp {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) part: BelongsTo<Part>,
    pub(crate) supplier: BelongsTo<Supplier>,
    pub(crate) available: i64,
    pub(crate) cost: i64,
}

#[derive(Model, Debug)]
#[model(table = "orders")]
pub(crate) struct Order {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) customer: BelongsTo<Customer>,
    pub(crate) status: String,
    pub(crate) total: i64,
    pub(crate) date: Date,
    pub(crate) priority: String,
    pub(crate) ship_priority: i32,
    pub(crate) comment: String,
}

#[derive(Model, Debug)]
#[model(table = "lineitem")]
pub(crate) struct LineItem {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) order: BelongsTo<Order>,
    pub(crate) part: BelongsTo<Part>,
    pub(crate) supplier: BelongsTo<Supplier>,
    pub(crate) quantity: i64,
    pub(crate) price: i64,
    pub(crate) discount: i64,
    pub(crate) tax: i64,
    pub(crate) returned: String,
    pub(crate) status: String,
    pub(crate) shipped: Date,
    pub(crate) committed: Date,
    pub(crate) received: Date,
    pub(crate) instructions: String,
    pub(crate) mode: String,
}
