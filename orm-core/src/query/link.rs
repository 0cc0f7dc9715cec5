//! What lies between two sides that belong together: equal columns, or rows of a join table that refer to both.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::query::Sql;
use crate::query::source::Source;

/// The names of columns that are equal on two sides.
pub(crate) type Pairs = Vec<(String, String)>;

/// Two sides that belong together.
#[derive(Clone, Debug)]
pub struct Link {
    pub(crate) from: Source,
    pub(crate) to: Source,
    pub(crate) by: LinkedBy,
}

/// How they do.
#[derive(Clone, Debug)]
pub(crate) enum LinkedBy {
    /// By equal columns: a foreign key, and the key that it refers to.
    Columns(Pairs),
    /// By rows between them.
    Rows(Bridge),
}

/// A join table.
#[derive(Clone, Debug)]
pub(crate) struct Bridge {
    pub(crate) rows: Source,
    /// Its columns, and those of the one side.
    pub(crate) from: Pairs,
    /// Its columns, and those of the other side.
    pub(crate) to: Pairs,
}

impl Link {
    /// The side that is not there yet.
    fn missing_side(&self, present: &[Source]) -> Result<&Source> {
        let has = |side: &Source| present.iter().any(|source| source.is(side));
        let problem = match (has(&self.from), has(&self.to)) {
            (true, false) => return Ok(&self.to),
            (false, true) => return Ok(&self.from),
            (true, true) => {
                "both are in the query already; give one an alias: .join(Employee::BOSS.to(Employee::alias(\"boss\")))"
            }
            (false, false) => "neither is in the query yet; join one of them first",
        };
        let (from, to) = (self.from.name(), self.to.name());
        let message = format!("a join between {from} and {to}: {problem}");
        Err(Error::new(ErrorKind::InvalidQuery, message))
    }

    /// Adds what has to be joined to what is there: the other side, behind the rows between. Those go by a name that is made up if their
    /// own is taken.
    pub(super) fn add_missing(&self, present: &mut Vec<Source>) -> Result<()> {
        let missing = self.missing_side(present)?.clone();
        if let LinkedBy::Rows(bridge) = &self.by {
            let rows = free(&bridge.rows, present);
            present.push(rows);
        }
        present.push(missing);
        Ok(())
    }

    /// Writes the join, of what [`add_missing`](Self::add_missing) has added.
    pub(super) fn render_join<'s>(
        &self,
        word: &str,
        first: &Source,
        rest: &mut impl Iterator<Item = &'s Source>,
        sql: &mut Sql<'_>,
    ) -> Result<()> {
        match &self.by {
            LinkedBy::Columns(pairs) => on(word, first, [&self.from, &self.to], pairs, sql),
            LinkedBy::Rows(Bridge { from, to, .. }) => {
                let Some(side) = rest.next() else { return Ok(()) };
                let (near, far) = ((&self.from, from), (&self.to, to));
                let (near, far) = if side.is(&self.to) { (near, far) } else { (far, near) };
                on(word, first, [first, near.0], near.1, sql)?;
                on(word, side, [first, far.0], far.1, sql)
            }
        }
    }

    /// Both sides, and what is between.
    pub(super) fn sources(&self) -> Vec<&Source> {
        match &self.by {
            LinkedBy::Columns(_) => vec![&self.from, &self.to],
            LinkedBy::Rows(bridge) => vec![&self.from, &self.to, &bridge.rows],
        }
    }

    /// The same from the other side.
    pub(crate) fn reversed(self) -> Self {
        let by = match self.by {
            LinkedBy::Columns(pairs) => LinkedBy::Columns(flipped(pairs)),
            LinkedBy::Rows(Bridge { rows, from, to }) => LinkedBy::Rows(Bridge { rows, from: to, to: from }),
        };
        Self { from: self.to, to: self.from, by }
    }
}

fn flipped(pairs: Pairs) -> Pairs {
    pairs.into_iter().map(|(left, right)| (right, left)).collect()
}

fn on(
    word: &str,
    source: &Source,
    sides: [&Source; 2],
    pairs: &[(String, String)],
    sql: &mut Sql<'_>,
) -> Result<()> {
    sql.push(word);
    source.render(sql)?;
    sql.push(" ON ");
    render_pairs(sides, pairs, sql)
}

/// Writes that the columns of two sides are equal.
pub(super) fn render_pairs(
    [left, right]: [&Source; 2],
    pairs: &[(String, String)],
    sql: &mut Sql<'_>,
) -> Result<()> {
    sql.separated(" AND ", pairs, |sql, (of_left, of_right)| {
        sql.column(left, of_left, None)?;
        sql.push(" = ");
        sql.column(right, of_right, None)
    })
}

/// The same rows under a name that nothing there has.
fn free(rows: &Source, present: &[Source]) -> Source {
    let is_taken = |rows: &Source| present.iter().any(|source| source.hides(rows));
    if !is_taken(rows) {
        return rows.clone();
    }
    let named = |number: u32| rows.clone().named(format!("{}_{number}", rows.name()));
    let found = (2..).map(named).find(|rows| !is_taken(rows));
    found.unwrap_or_else(|| rows.clone())
}
