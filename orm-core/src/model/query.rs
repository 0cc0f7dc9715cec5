//! What a session reads entities by: a query that was built for a model, or text whose result has the model's columns.

use std::marker::PhantomData;

use crate::Result;
use crate::model::{Model, Select};
use crate::query::{Dialect, Executable, Rendered, Text};

/// A query whose rows are entities of a model: a [`Select`], or text by [`Text::entities`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which entities it reads",
    note = "use `User::select()`, or `text(\"SELECT …\").entities::<User>()`"
)]
pub trait EntityQuery {
    /// The model.
    type Model: Model;

    /// Whether the columns come in the order of the model's, or have to be found by their names.
    #[doc(hidden)]
    const BY_NAME: bool;

    #[doc(hidden)]
    fn rendered(&self, dialect: &dyn Dialect) -> Result<Rendered>;

    /// The same query, of which only the first row is wanted.
    #[doc(hidden)]
    fn at_most_one(self) -> Self;
}

impl<M: Model> EntityQuery for Select<M> {
    type Model = M;
    const BY_NAME: bool = false;

    fn rendered(&self, dialect: &dyn Dialect) -> Result<Rendered> {
        Executable::rendered(self, dialect)
    }

    fn at_most_one(mut self) -> Self {
        self.statement.limit_further(1);
        self
    }
}

/// Text that reads entities; made by [`Text::entities`].
#[derive(Clone, Debug)]
pub struct TextEntities<M> {
    text: Text,
    model: PhantomData<fn() -> M>,
}

impl Text {
    /// Makes it a query for entities. Its result has to have all columns of the model, by their names and in any order.
    /// The text is sent as it is: `first` reads all of its rows, so a text that may find many says `LIMIT 1` itself.
    pub fn entities<M: Model>(self) -> TextEntities<M> {
        TextEntities { text: self, model: PhantomData }
    }
}

impl<M: Model> EntityQuery for TextEntities<M> {
    type Model = M;
    const BY_NAME: bool = true;

    fn rendered(&self, dialect: &dyn Dialect) -> Result<Rendered> {
        Executable::rendered(&self.text, dialect)
    }

    fn at_most_one(self) -> Self {
        self
    }
}
