//! Text whose result has a model's columns.

use std::marker::PhantomData;

use crate::Result;
use crate::model::Model;
use crate::query::{Executable, Sql, Text};
use crate::result::{Columns, Query};

/// Text that reads entities; made by [`Text::entities`].
#[derive(Debug)]
pub struct TextEntities<M> {
    text: Text,
    model: PhantomData<fn() -> M>,
}

impl<M> Clone for TextEntities<M> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), model: PhantomData }
    }
}

impl Text {
    /// Makes it a query for entities. Its result has to have all columns of the model, by their names and in any order;
    /// a deferred one that it lacks is not loaded.
    /// The text is sent as it is: `first` reads all of its rows, so a text that may find many says `LIMIT 1` itself.
    pub fn entities<M: Model>(self) -> TextEntities<M> {
        TextEntities { text: self, model: PhantomData }
    }
}

impl<M: Model> Executable for TextEntities<M> {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.text.render(sql)
    }
}

impl<M: Model> Query for TextEntities<M> {
    type Shape = M;

    fn columns(&self) -> Columns {
        Columns::Of(M::table())
    }

    fn at_most_one(self) -> Self {
        self
    }
}
