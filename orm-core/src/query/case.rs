//! `CASE`: the first condition that holds decides.

use std::marker::PhantomData;

use crate::Result;
use crate::query::expr::{Expr, Node};
use crate::query::function::render_argument;
use crate::query::operand::Bound;
use crate::query::{Argument, Condition, IntoCondition, Operand, Sql, Term, all_of};
use crate::types::DbValue;

/// Begins a CASE: `case().when(User::AGE.lt(18), "young").otherwise("old")`.
pub fn case() -> Case {
    Case(())
}

/// A CASE without a branch; made by [`case`].
#[must_use = "a CASE needs a branch"]
#[derive(Clone, Copy, Debug)]
pub struct Case(());

impl Case {
    /// What comes out if this holds. It says of which type all others are.
    pub fn when<V: Argument>(self, condition: impl IntoCondition, value: V) -> Branches<V::Type> {
        let value = Ok(Bound::Node(value.into_argument().into_node()));
        Branches { branches: vec![(all_of([condition]), value)], yields: PhantomData }
    }
}

/// A CASE with branches. As it is, it yields NULL where none of them holds.
#[must_use = "a CASE does nothing until a statement uses it"]
#[derive(Debug)]
pub struct Branches<T> {
    branches: Vec<(Condition, Result<Bound>)>,
    yields: PhantomData<fn() -> T>,
}

impl<T> Clone for Branches<T> {
    fn clone(&self) -> Self {
        Self { branches: self.branches.clone(), yields: PhantomData }
    }
}

impl<T: DbValue> Branches<T> {
    /// What comes out if this holds, and nothing before it.
    pub fn when(mut self, condition: impl IntoCondition, value: impl Operand<T>) -> Self {
        self.branches.push((all_of([condition]), value.bound()));
        self
    }

    /// What comes out if none of them holds.
    pub fn otherwise<R: Term<T>>(self, value: R) -> Expr<R::Type> {
        Expr::new(CaseNode { branches: self.branches, otherwise: Some(value.bound()), yields: T::TYPE })
    }

    /// NULL if none of them holds.
    pub fn end(self) -> Expr<Option<T::Plain>> {
        Expr::new(CaseNode { branches: self.branches, otherwise: None, yields: T::TYPE })
    }
}

#[derive(Debug)]
struct CaseNode {
    branches: Vec<(Condition, Result<Bound>)>,
    otherwise: Option<Result<Bound>>,
    yields: crate::SqlType,
}

impl Node for CaseNode {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        self.render_item(sql)?;
        if let Some(collation) = sql.dialect().collation(self.yields) {
            sql.push(" COLLATE ").push(collation);
        }
        Ok(())
    }

    fn render_item(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.push("CASE");
        for (condition, value) in &self.branches {
            sql.push(" WHEN ");
            condition.render(sql)?;
            sql.push(" THEN ");
            render_argument(value, true, sql)?;
        }
        if let Some(value) = &self.otherwise {
            sql.push(" ELSE ");
            render_argument(value, true, sql)?;
        }
        sql.push(" END");
        Ok(())
    }

    fn is_atom(&self) -> bool {
        true
    }
}
