//! The models that the cases speak of.

use orm::prelude::*;

#[derive(Model, Debug, PartialEq)]
#[model(table = "users")]
pub(crate) struct User {
    #[model(key, auto)]
    pub(crate) id: i64,
    #[model(unique)]
    pub(crate) name: String,
    pub(crate) age: Option<i32>,
}

/// Has a nullable reference.
#[derive(Model, Debug)]
#[model(table = "addresses")]
pub(crate) struct Address {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) user: Option<BelongsTo<User>>,
    #[model(index)]
    pub(crate) email: String,
}

/// Has a reference that may not be NULL.
#[derive(Model, Debug)]
#[model(table = "posts")]
pub(crate) struct Post {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) author: BelongsTo<User>,
}

/// Refers to itself.
#[derive(Model, Debug)]
#[model(table = "nodes")]
pub(crate) struct Node {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) data: String,
    pub(crate) parent: Option<BelongsTo<Node>>,
}

/// Its key is set by the program.
#[derive(Model, Debug)]
#[model(table = "accounts")]
pub(crate) struct Account {
    #[model(key)]
    pub(crate) code: String,
    pub(crate) balance: i64,
}

#[derive(Model, Debug)]
#[model(table = "entries")]
pub(crate) struct Entry {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) account: BelongsTo<Account>,
    pub(crate) amount: i64,
}

/// Its key has two columns.
#[derive(Model, Debug)]
#[model(table = "pairs")]
pub(crate) struct Pair {
    #[model(key)]
    pub(crate) a: i32,
    #[model(key)]
    pub(crate) b: String,
    pub(crate) data: Option<String>,
}

/// Its key has a bool in it.
#[derive(Model, Debug)]
#[model(table = "flags")]
pub(crate) struct Flag {
    #[model(key)]
    pub(crate) number: i64,
    #[model(key)]
    pub(crate) set: bool,
    pub(crate) text: String,
}

/// Refers to a key of two columns.
#[derive(Model, Debug)]
#[model(table = "pair_notes")]
pub(crate) struct PairNote {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) pair: BelongsTo<Pair>,
    pub(crate) text: String,
}

/// Refers to it at most once; numbered in the smallest type.
#[derive(Model, Debug)]
#[model(table = "pair_seals")]
pub(crate) struct PairSeal {
    #[model(key, auto)]
    pub(crate) id: i16,
    #[model(unique, index)]
    pub(crate) pair: BelongsTo<Pair>,
}

/// Two tables that refer to each other.
#[derive(Model, Debug)]
#[model(table = "heads")]
pub(crate) struct Head {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) tail: Option<BelongsTo<Tail>>,
}

#[derive(Model, Debug)]
#[model(table = "tails")]
pub(crate) struct Tail {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) head: BelongsTo<Head>,
}

/// Two tables that refer to each other, neither of which can be inserted first.
#[derive(Model, Debug)]
#[model(table = "eggs")]
pub(crate) struct Egg {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) hen: BelongsTo<Hen>,
}

#[derive(Model, Debug)]
#[model(table = "hens")]
pub(crate) struct Hen {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) egg: BelongsTo<Egg>,
}

/// A column of each type, with and without NULL, and names that need their quotes.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "all kinds of \"values\"")]
pub(crate) struct Kinds {
    #[model(key, auto)]
    pub(crate) id: i32,
    pub(crate) truth: bool,
    pub(crate) small: i16,
    #[model(column = "order")]
    pub(crate) medium: i32,
    #[model(column = "MixedCase")]
    pub(crate) large: i64,
    pub(crate) single: f32,
    pub(crate) double: f64,
    #[model(column = "naïve; DROP TABLE users --")]
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) maybe_truth: Option<bool>,
    pub(crate) maybe_small: Option<i16>,
    pub(crate) maybe_medium: Option<i32>,
    pub(crate) maybe_large: Option<i64>,
    pub(crate) maybe_single: Option<f32>,
    pub(crate) maybe_double: Option<f64>,
    pub(crate) maybe_text: Option<String>,
    pub(crate) maybe_bytes: Option<Vec<u8>>,
}

impl Kinds {
    /// A row with nothing in it that need not be.
    pub(crate) fn plain() -> Self {
        Self::new(false, 0, 0, 0, 0.0, 0.0, "", Vec::new())
    }

    /// A row with extreme values.
    pub(crate) fn extreme() -> Self {
        Self {
            maybe_truth: Some(true),
            maybe_small: Some(i16::MIN),
            maybe_medium: Some(i32::MIN),
            maybe_large: Some(i64::MIN),
            maybe_single: Some(f32::MIN_POSITIVE),
            maybe_double: Some(f64::MIN_POSITIVE),
            maybe_text: Some("'; DROP TABLE users; -- \\ \" ☃ 𝄞".to_owned()),
            maybe_bytes: Some((0..=255).collect()),
            ..Self::new(
                true,
                i16::MAX,
                i32::MAX,
                i64::MAX,
                f32::MAX,
                f64::MAX,
                "x".repeat(100_000),
                [0, 159, 146, 150],
            )
        }
    }
}

/// Has columns that are read only when they are asked for.
#[derive(Model, Debug, PartialEq)]
#[model(table = "pages")]
pub(crate) struct Page {
    #[model(key, auto)]
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) body: Deferred<String>,
    pub(crate) note: Deferred<Option<String>>,
    #[model(generated = "length(title)")]
    pub(crate) length: Option<i32>,
}
