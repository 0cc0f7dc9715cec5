//! The driver against a real server, named by `ORM_TEST_POSTGRES`.

#[path = "driver/support.rs"]
mod support;

#[path = "driver/cancelling.rs"]
mod cancelling;
#[path = "driver/connecting.rs"]
mod connecting;
#[path = "driver/pooling.rs"]
mod pooling;
#[path = "driver/transactions.rs"]
mod transactions;
#[path = "driver/values.rs"]
mod values;
#[path = "driver/writes.rs"]
mod writes;
