//! What is selected: columns and expressions, with names or without, and all columns of a model.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::Result;
use crate::error::Error;
use crate::metadata::{self, Table};
use crate::query::column::Mistake;
use crate::query::expr::{Expr, Expression, Node};
use crate::query::source::{Name, Source};
use crate::query::undefer::{Positions, Undeferred};
use crate::query::{Alias, AsSource, Column, Select, Sql};
use crate::types::DbValue;

/// The SELECT list.
#[derive(Clone, Debug, Default)]
pub struct Projection(Vec<Item>, Undeferred);

#[derive(Clone, Debug)]
enum Item {
    One {
        node: Arc<dyn Node>,
        label: Option<Name>,
    },
    /// All columns of a table.
    All(Source),
    /// The columns of a table, from something that has them as well.
    AllOf(Source, &'static Table),
}

impl Projection {
    pub(crate) fn all(source: Source) -> Self {
        Self(vec![Item::All(source)], Undeferred::default())
    }

    pub(crate) fn of(selection: impl Selection) -> Self {
        let mut projection = Self::default();
        selection.project(&mut projection);
        projection
    }

    fn push(&mut self, node: Arc<dyn Node>, label: Option<Name>) {
        self.0.push(Item::One { node, label });
    }

    /// Selects something more.
    pub(crate) fn add(&mut self, selection: impl Selection) {
        selection.project(self);
    }

    pub(super) fn push_all(&mut self, source: Source) {
        self.0.push(Item::All(source));
    }

    /// What the columns of an entity are read from, if nothing else is selected.
    pub(super) fn only_entity(&self) -> Option<(Source, &Table)> {
        match &self.0[..] {
            [item] => Some((item.source()?.clone(), item.table()?)),
            _ => None,
        }
    }

    /// Reads the first columns, which are those of a table, from something else that has them.
    pub(super) fn replace_entity(&mut self, source: Source, table: &'static Table) {
        if let Some(first) = self.0.first_mut() {
            *first = Item::AllOf(source, table);
        }
    }

    /// What columns of tables are read from.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.0.iter().filter_map(Item::source)
    }

    pub(super) fn push_all_of(&mut self, source: Source, table: &'static Table) {
        self.0.push(Item::AllOf(source, table));
    }

    /// The table, if the first thing selected is all of its columns.
    pub(crate) fn first_source(&self) -> Option<&Source> {
        match self.0.first() {
            Some(Item::All(source) | Item::AllOf(source, _)) => Some(source),
            _ => None,
        }
    }

    /// Whether all columns of this table are among it, as an entity.
    pub(crate) fn has_all_of(&self, table: &Table) -> bool {
        self.0.iter().filter_map(Item::table).any(|found| found == table)
    }

    /// Selects a deferred column with the entities that it belongs to.
    pub(crate) fn undefer(&mut self, columns: impl IntoIterator<Item = &'static metadata::Column>) {
        self.1.push(columns);
    }

    /// Where the columns of the entities are in a row, unless all are there: a deferred one that is not selected keeps its place.
    pub(crate) fn positions(&self) -> Option<Positions> {
        if !self.0.iter().any(Item::has_deferred) {
            return None;
        }
        let (mut positions, mut next) = (Vec::new(), 0..);
        for item in &self.0 {
            match item {
                Item::One { .. } => positions.push(next.next()),
                Item::All(_) | Item::AllOf(..) => {
                    let columns = item.table().map_or(&[][..], Table::columns);
                    let place = |column| self.1.selects(column).then(|| next.next()).flatten();
                    positions.extend(columns.iter().map(place));
                }
            }
        }
        Some(positions.into())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty() && self.1.is_empty()
    }

    /// Whether it is of columns and nothing else, none of which has another name.
    pub(crate) fn is_of_columns(&self) -> bool {
        self.0.iter().all(|item| match item {
            Item::One { node, label } => label.is_none() && node.is_column(),
            Item::All(_) | Item::AllOf(..) => true,
        })
    }

    /// Something that cannot be selected; the statement says why.
    pub(crate) fn mistake(error: Error) -> Self {
        Self(vec![Item::One { node: Arc::new(Mistake(error)), label: None }], Undeferred::default())
    }

    /// Where it comes out, counted from 1, if it is one of the expressions that are selected, and no plain column.
    pub(crate) fn position(&self, node: &Arc<dyn Node>) -> Option<usize> {
        let mut before = 0;
        for item in &self.0 {
            match item {
                Item::One { node: selected, .. }
                    if node.column().is_none() && Arc::ptr_eq(selected, node) =>
                {
                    return Some(before + 1);
                }
                Item::One { .. } => before += 1,
                Item::All(_) | Item::AllOf(..) => {
                    let columns = item.table().map_or(&[][..], Table::columns);
                    before += columns.iter().filter(|column| self.1.selects(column)).count();
                }
            }
        }
        None
    }

    /// The names of the columns that come out; one without a name has none.
    pub(crate) fn names(&self) -> Vec<Option<Name>> {
        let names = |item: &Item| match item {
            Item::One { label: Some(label), .. } => vec![Some(label.clone())],
            Item::One { node, label: None } => vec![node.column().map(|name| Name::Owned(name.to_owned()))],
            Item::All(source) => match source.as_table() {
                Some(table) => self.1.of(table).map(|column| Some(column.name.clone().into())).collect(),
                None => source.columns().into_iter().map(Some).collect(),
            },
            Item::AllOf(_, table) => {
                self.1.of(table).map(|column| Some(column.name.clone().into())).collect()
            }
        };
        self.0.iter().flat_map(names).collect()
    }

    /// The positions of the columns that rows are told apart by: of an entity those of its key, others all.
    pub(crate) fn identifying(&self) -> Vec<usize> {
        let (mut positions, mut next) = (Vec::new(), 0);
        for item in &self.0 {
            let Some(table) = item.table() else {
                positions.push(next);
                next += 1;
                continue;
            };
            let keys = table.primary_key().iter().map(|&key| &table.columns()[key].name);
            let keys: Vec<_> = keys.collect();
            for column in self.1.of(table) {
                if keys.contains(&&column.name) {
                    positions.push(next);
                }
                next += 1;
            }
        }
        positions
    }

    pub(crate) fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.1.check(self.0.iter().filter_map(Item::table))?;
        sql.separated(", ", &self.0, |sql, item| match item {
            Item::One { node, label } => {
                node.render_item(sql)?;
                if let Some(label) = label {
                    sql.push(" AS ").name(label);
                }
                Ok(())
            }
            Item::All(source) => render_all(source, &self.1, sql),
            Item::AllOf(source, table) => render_all_of(source, table, &self.1, sql),
        })
    }
}

impl Item {
    fn source(&self) -> Option<&Source> {
        match self {
            Self::All(source) | Self::AllOf(source, _) => Some(source),
            Self::One { .. } => None,
        }
    }

    /// The table, if it is all of its columns.
    fn table(&self) -> Option<&Table> {
        match self {
            Self::All(source) => source.as_table().map(|table| &**table),
            Self::AllOf(_, table) => Some(table),
            Self::One { .. } => None,
        }
    }

    fn has_deferred(&self) -> bool {
        self.table().is_some_and(Table::has_deferred)
    }
}

fn render_all(source: &Source, undeferred: &Undeferred, sql: &mut Sql<'_>) -> Result<()> {
    let Some(table) = source.as_table() else { return Ok(()) };
    let owner = sql.look_up(source, "its columns")?;
    if undeferred.is_empty() && sql.signs_all_of(table) {
        return Ok(());
    }
    sql.list(undeferred.of(table), |sql, column| {
        owner.qualify(source, sql);
        sql.name(&column.name);
    });
    Ok(())
}

/// The single expressions of a selection, for a list of keys.
pub(crate) fn nodes(selection: impl Selection) -> Vec<Arc<dyn Node>> {
    let node = |item| match item {
        Item::One { node, .. } => node,
        Item::All(source) => Arc::new(AllColumns(source)),
        Item::AllOf(source, table) => Arc::new(AllColumnsOf(source, table)),
    };
    Projection::of(selection).0.into_iter().map(node).collect()
}

/// All columns of a table, as several keys.
#[derive(Debug)]
struct AllColumns(Source);

impl Node for AllColumns {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        render_all(&self.0, &Undeferred::default(), sql)
    }
}

fn render_all_of(source: &Source, table: &Table, undeferred: &Undeferred, sql: &mut Sql<'_>) -> Result<()> {
    sql.separated(", ", undeferred.of(table), |sql, column| {
        source.check_column(&column.name)?;
        sql.column(source, &column.name, None)
    })
}

/// The same for what has the columns of a table.
#[derive(Debug)]
struct AllColumnsOf(Source, &'static Table);

impl Node for AllColumnsOf {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        render_all_of(&self.0, self.1, &Undeferred::default(), sql)
    }
}

/// What can be selected: a column, an expression, either with a name ([`label`](Label)), the columns of a model
/// ([`User::entity()`](crate::model::Model::entity)), or a tuple of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be selected",
    label = "not a column, an expression or a tuple of them",
    note = "columns are constants of their model, `User::NAME`, or of a table that was described at run time `table.column::<String>(\"name\")`",
    note = "for all columns of a model write `User::entity()`, for a plain value `value(7)`"
)]
pub trait Selection {
    /// What a row of it is: the type of an expression, a model, a tuple of these.
    type Shape;

    #[doc(hidden)]
    fn project(self, projection: &mut Projection);
}

impl<T: DbValue> Selection for Expr<T> {
    type Shape = T;

    fn project(self, projection: &mut Projection) {
        projection.push(self.into_node(), None);
    }
}

impl<M: 'static, T> Selection for Column<M, T>
where
    Self: Expression,
{
    type Shape = <Self as Expression>::Type;

    fn project(self, projection: &mut Projection) {
        projection.push(self.into_expr().into_node(), None);
    }
}

impl<M> Selection for Alias<M> {
    type Shape = M;

    fn project(self, projection: &mut Projection) {
        projection.0.push(Item::All(self.as_source()));
    }
}

/// An expression with a name for the result, by which `#[derive(FromRow)]` structs find it, and queries around this one:
/// `posts.of(&subquery)`.
#[derive(Debug)]
pub struct Label<T> {
    expr: Expr<T>,
    name: Name,
}

impl<T> Clone for Label<T> {
    fn clone(&self) -> Self {
        Self { expr: self.expr.clone(), name: self.name.clone() }
    }
}

impl<T: DbValue> Label<T> {
    pub(crate) fn new(expr: Expr<T>, name: Name) -> Self {
        Self { expr, name }
    }

    /// The column of this name of a subquery or a common table expression that selects it.
    pub fn of(&self, source: impl AsSource) -> Expr<T> {
        crate::query::column::column_of(&source.as_source(), self.name.clone())
    }
}

/// By its name, to sort or to group by.
impl<T: DbValue> Expression for Label<T> {
    type Type = T;

    fn into_expr(self) -> Expr<T> {
        Expr::new(LabelNode(self.name))
    }
}

#[derive(Debug)]
struct LabelNode(Name);

impl Node for LabelNode {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.output(&self.0)
    }

    fn column(&self) -> Option<&str> {
        Some(&self.0)
    }

    fn is_column(&self) -> bool {
        true
    }

    fn is_atom(&self) -> bool {
        true
    }
}

impl<T: DbValue> Selection for Label<T> {
    type Shape = T;

    fn project(self, projection: &mut Projection) {
        projection.push(self.expr.into_node(), Some(self.name));
    }
}

impl<T: DbValue> Selection for &Label<T> {
    type Shape = T;

    fn project(self, projection: &mut Projection) {
        self.clone().project(projection);
    }
}

/// An entity that an outer join may leave out; made by [`Alias::optional`].
#[derive(Debug)]
pub struct Maybe<M>(PhantomData<fn() -> M>);

/// A selected entity that may be missing.
#[derive(Clone, Copy, Debug)]
pub struct Optional<M>(Alias<M>);

impl<M> Alias<M> {
    /// The entity where there is one: `None` in the rows of an outer join that have no such row.
    pub fn optional(self) -> Optional<M> {
        Optional(self)
    }
}

impl<M> Selection for Optional<M> {
    type Shape = Maybe<M>;

    fn project(self, projection: &mut Projection) {
        self.0.project(projection);
    }
}

macro_rules! tuple {
    ($($part:ident $number:tt)+) => {
        impl<$($part: Selection),+> Selection for ($($part,)+) {
            type Shape = ($($part::Shape,)+);

            #[expect(non_snake_case, reason = "the parts are named as their types are")]
            fn project(self, projection: &mut Projection) {
                let ($($part,)+) = self;
                $($part.project(projection);)+
            }
        }
    };
}

each_tuple!(tuple);

/// A query for columns and expressions: `select((User::NAME, count(Post::ID)))`.
///
/// It reads from the table of the first column in it, unless [`from`](Select::from) says otherwise; other tables are joined.
pub fn select<P: Selection>(selection: P) -> Select<P::Shape> {
    Select::new(Projection::of(selection))
}

impl<S> Select<S> {
    /// The same query for something else.
    pub fn columns<P: Selection>(self, selection: P) -> Select<P::Shape> {
        let mut statement = self.statement;
        if let Err(error) = statement.loads.check_nowhere("a query for columns") {
            return Select::mistake(error);
        }
        if statement.from.is_empty()
            && let Some(source) = statement.projection.first_source()
        {
            statement.from.push(source.clone());
        }
        statement.projection = Projection::of(selection);
        Select::from_statement(statement)
    }
}

/// Gives an expression a name in the result.
pub trait LabelMethods: Expression {
    /// `… AS name`
    fn label(self, name: impl Into<Cow<'static, str>>) -> Label<Self::Type> {
        Label::new(self.into_expr(), name.into())
    }
}

impl<E: Expression> LabelMethods for E {}
