//! `EXPLAIN`: how the database would run a statement.

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::query::{Executable, Feature, Intake, Sql};

/// How a database is asked for its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explaining {
    /// What stands before the statement.
    pub words: &'static str,
    /// What stands before a statement that is run as well, to be measured.
    pub analyze: &'static str,
    /// Whether the rows are nodes of a tree, with columns for their number, their parent's number, nothing, and a text;
    /// else each is a line.
    pub tree: bool,
}

/// A statement's plan as a statement.
pub(crate) struct Explain<'e, E: ?Sized> {
    pub(crate) statement: &'e E,
    pub(crate) analyze: bool,
}

impl<E: Executable + ?Sized> Executable for Explain<'_, E> {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.runs = false;
        let Explaining { words, analyze, .. } = sql.dialect().explaining();
        if !self.analyze {
            sql.push(words).begin_statement();
            self.statement.render(sql)?;
            sql.intake = Intake::default();
            // It is looked at and not run.
            sql.mark_reads();
            return Ok(());
        }
        sql.require(Feature::ExplainAnalyze)?;
        sql.push(analyze).begin_statement();
        self.statement.render(sql)?;
        sql.intake = Intake::default();
        if sql.writes() {
            let message = "explain_analyze runs the statement, and this one writes; explain shows its plan without running it";
            return Err(Error::new(ErrorKind::InvalidQuery, message));
        }
        Ok(())
    }
}
