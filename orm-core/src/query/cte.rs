//! Common table expressions: `WITH name AS (…)`.

mod definition;

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use crate::Result;
use crate::query::select::SelectStatement;
use crate::query::set::render_operand;
use crate::query::source::{Name, Source};
use crate::query::{AsSource, Expr, Select, Sql};
use crate::types::DbValue;

pub(crate) use definition::{Definition, render_with};
use definition::{Itself, Use};

/// A query with a name; made by [`cte`] and [`recursive`].
///
/// It is read from like a table, as often as wanted. The statement that does so, at whatever depth, defines it at its head.
#[derive(Clone, Debug)]
pub struct Cte {
    source: Source,
    definition: Arc<Definition>,
}

/// A query with a name, to read from: `let big = cte("big", select(…))`, `.from(&big)`, `.join(big.on(…))`, with columns
/// `User::NAME.of(&big)`.
///
/// In one statement a name means one thing: two different ones of the same name are an error, and so is a table of that name.
pub fn cte(name: impl Into<Cow<'static, str>>, body: impl CteBody) -> Cte {
    Cte::new(Definition { name: name.into(), body: body.into_body(), recursive: false, hint: None })
}

pub(super) fn named(name: Name, body: impl Body + 'static) -> Cte {
    Cte::new(Definition { name, body: Arc::new(body), recursive: false, hint: None })
}

/// A query that reads from itself: the rows of `base`, then again and again what `step` makes of the rows that came last,
/// until there are none (`UNION ALL`). Data that goes round in a circle never ends; see [`recursive_distinct`].
pub fn recursive<S>(
    name: impl Into<Cow<'static, str>>,
    base: Select<S>,
    step: impl FnOnce(&Source) -> Select<S>,
) -> Cte {
    recursion(name.into(), base, " UNION ALL ", step)
}

/// The same without rows that were found already (`UNION`), so that it ends where data goes round in a circle.
pub fn recursive_distinct<S>(
    name: impl Into<Cow<'static, str>>,
    base: Select<S>,
    step: impl FnOnce(&Source) -> Select<S>,
) -> Cte {
    recursion(name.into(), base, " UNION ", step)
}

fn recursion<S>(
    name: Name,
    base: Select<S>,
    word: &'static str,
    step: impl FnOnce(&Source) -> Select<S>,
) -> Cte {
    let columns = base.statement.names().into_iter().flatten().collect();
    let itself = Source::derived(Arc::new(Itself { name: name.clone(), columns }), name.clone());
    let step = step(&itself).statement;
    let body = Arc::new(Recursion { base: base.statement, word, step });
    Cte::new(Definition { name, body, recursive: true, hint: None })
}

impl Cte {
    fn new(definition: Definition) -> Self {
        let definition = Arc::new(definition);
        let source = Source::derived(Arc::new(Use(definition.clone())), definition.name.clone());
        Self { source, definition }
    }

    fn hinted(self, hint: &'static str) -> Self {
        let Definition { name, body, recursive, .. } = &*self.definition;
        Self::new(Definition {
            name: name.clone(),
            body: body.clone(),
            recursive: *recursive,
            hint: Some(hint),
        })
    }

    /// Has the database work it out once and keep the rows. Name columns of what this returns, not of what it was called on.
    #[must_use]
    pub fn materialized(self) -> Self {
        self.hinted("MATERIALIZED ")
    }

    /// Has the database make it a part of each query that reads from it.
    #[must_use]
    pub fn not_materialized(self) -> Self {
        self.hinted("NOT MATERIALIZED ")
    }

    /// The same rows under another name, to read them twice in one query.
    pub fn alias(&self, name: impl Into<Cow<'static, str>>) -> Source {
        self.source.alias(name)
    }

    /// A column by its name: `big.column::<i64>("total")`. If there is none, the statement that uses it says so.
    pub fn column<T: DbValue>(&self, name: impl Into<Cow<'static, str>>) -> Expr<T> {
        self.source.column(name)
    }
}

impl AsSource for Cte {
    fn as_source(&self) -> Source {
        self.source.clone()
    }
}

/// What a common table expression can be made of: a query, or a statement that writes and returns something.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a common table expression",
    label = "neither a query nor a statement that returns something"
)]
pub trait CteBody {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only this crate can make one")]
    fn into_body(self) -> Arc<dyn Body>;
}

/// A statement that stands in the brackets of a common table expression.
pub(crate) trait Body: Debug + Send + Sync {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()>;

    /// The names of the columns that come out of it.
    fn columns(&self) -> Vec<Name>;

    /// Whether its columns have these names by themselves.
    fn names_its_columns(&self) -> bool {
        true
    }

    /// Whether it writes.
    fn writes(&self) -> bool {
        false
    }
}

impl<S> CteBody for Select<S> {
    #[expect(private_interfaces, reason = "only this crate can make one")]
    fn into_body(self) -> Arc<dyn Body> {
        Arc::new(self.statement)
    }
}

impl Body for SelectStatement {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.render(sql)
    }

    fn columns(&self) -> Vec<Name> {
        self.names().into_iter().flatten().collect()
    }
}

#[derive(Debug)]
struct Recursion {
    base: SelectStatement,
    word: &'static str,
    step: SelectStatement,
}

impl Body for Recursion {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        render_operand(&self.base, sql)?;
        sql.push(self.word);
        render_operand(&self.step, sql)
    }

    fn columns(&self) -> Vec<Name> {
        Body::columns(&self.base)
    }
}
