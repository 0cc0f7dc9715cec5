//! Lists of models: one, or a tuple of them, nested if there are more than twelve.

use crate::metadata::Table;
use crate::model::Model;

/// One model or a tuple of models.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model or a tuple of models",
    note = "put `#[derive(Model)]` on the struct; nest tuples for more than twelve models"
)]
pub trait Models {
    /// Their tables.
    fn tables() -> Vec<&'static Table>;
}

impl<M: Model> Models for M {
    fn tables() -> Vec<&'static Table> {
        vec![M::table()]
    }
}

macro_rules! models {
    ($($model:ident $number:tt)+) => {
        impl<$($model: Models),+> Models for ($($model,)+) {
            fn tables() -> Vec<&'static Table> {
                [$($model::tables()),+].concat()
            }
        }
    };
}

each_tuple!(models);
