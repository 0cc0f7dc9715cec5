//! What a statement, or one inside it, can name columns of.

use super::{Sql, invalid};
use crate::error::Error;
use crate::query::source::Source;
use crate::{Result, SqlType};

/// What a statement, or one inside it, can name columns of.
#[derive(Debug)]
pub(super) enum Scope {
    /// What it reads from.
    Sources(Vec<Source>),
    /// The columns that come out of it, as behind a UNION.
    Outputs(Vec<String>),
    /// The first means the second.
    As(Box<[Source; 2]>),
}

/// How a column says whose it is.
#[derive(Debug)]
pub(crate) enum Owner {
    /// It need not.
    Clear,
    /// By the name of the source that it was asked of.
    Asked,
    /// By the name of this one.
    Other(Source),
}

impl Sql<'_> {
    /// Lets the columns of these be named, until [`leave`](Self::leave).
    pub(crate) fn enter(&mut self, sources: Vec<Source>) -> Result<()> {
        let checked = if self.is_shape() { &[] } else { &*sources };
        for (index, source) in checked.iter().enumerate() {
            if sources[..index].iter().any(|other| other.hides(source)) {
                let message = format!("{0} is in the query twice; give one of them an alias", source.name());
                return Err(invalid(message));
            }
        }
        self.scopes.push(Scope::Sources(sources));
        Ok(())
    }

    /// Lets only these names be named, until [`leave`](Self::leave).
    pub(crate) fn enter_outputs(&mut self, names: Vec<String>) {
        self.scopes.push(Scope::Outputs(names));
    }

    /// Writes something that stands among what the statement reads from, and that sees none of it.
    pub(crate) fn beside<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let own = self.scopes.pop();
        let written = write(self);
        self.scopes.extend(own);
        written
    }

    /// Lets the name of one mean another, until [`leave`](Self::leave).
    pub(crate) fn enter_as(&mut self, asked: Source, meant: Source) {
        self.scopes.push(Scope::As(Box::new([asked, meant])));
    }

    /// A name that nothing has that may be named here.
    pub(crate) fn unused_name(&self, stem: &str) -> String {
        let sources = || {
            self.scopes.iter().filter_map(|scope| match scope {
                Scope::Sources(sources) => Some(sources),
                Scope::Outputs(_) | Scope::As(_) => None,
            })
        };
        let name = |number: usize| format!("{stem}_{number}");
        let is_used = |name: &str| sources().flatten().any(|source| source.name() == name);
        let number = (1..).find(|&number| !is_used(&name(number)));
        name(number.unwrap_or_default())
    }

    /// The end of a statement.
    pub(crate) fn leave(&mut self) {
        self.scopes.pop();
    }

    /// How columns of this say so; an error if it cannot be named here.
    pub(crate) fn look_up(&mut self, source: &Source, column: &str) -> Result<Owner> {
        if self.is_shape() {
            self.sign_owner(source);
            return Ok(Owner::Clear);
        }
        let mut hidden = false;
        for scope in self.scopes.iter().rev() {
            match scope {
                Scope::Sources(sources) if sources.iter().any(|other| other.is(source)) && !hidden => {
                    let is_clear = self.scopes.len() == 1 && sources.len() == 1;
                    return Ok(if is_clear { Owner::Clear } else { Owner::Asked });
                }
                Scope::Sources(sources) => hidden |= sources.iter().any(|other| other.hides(source)),
                Scope::Outputs(names) if names.iter().any(|name| name == column) => {
                    return is_only_one(names, column).map(|()| Owner::Clear);
                }
                Scope::Outputs(_) => {}
                Scope::As(pair) if pair[0].is(source) && !hidden => {
                    return Ok(Owner::Other(pair[1].clone()));
                }
                Scope::As(_) => {}
            }
        }
        match &mut self.probe {
            Some(first) => {
                first.get_or_insert_with(|| source.clone());
                Ok(Owner::Asked)
            }
            None => Err(self.unknown(source, column, hidden)),
        }
    }

    #[cold]
    fn unknown(&self, source: &Source, column: &str, hidden: bool) -> Error {
        let name = source.name();
        let message = match self.scopes.last() {
            _ if hidden => format!(
                "{column} of {name} is used where {name} means something else, closer by; give one an alias"
            ),
            Some(Scope::Outputs(names)) => format!(
                "column {name}.{column} is not among the columns that come out of the query: {}",
                names.join(", ")
            ),
            Some(Scope::Sources(sources)) if !sources.is_empty() => {
                let present: Vec<_> = sources.iter().map(Source::name).collect();
                let (statement, remedy) = match self.writes {
                    true => (
                        "statement",
                        format!("an update reads it by .from(…), a delete by .using(…) of {name}"),
                    ),
                    false => ("query", format!("join {name} first")),
                };
                format!(
                    "column {name}.{column} is used, but {name} is not in the {statement}, which reads from {}; {remedy}",
                    present.join(", ")
                )
            }
            _ => format!(
                "column {name}.{column} is used, but the query reads from nothing; say .from({name}) first"
            ),
        };
        invalid(message)
    }

    /// An error if the statement that is being written reads from nothing.
    pub(crate) fn require_source(&self, what: &str) -> Result<()> {
        match self.scopes.last() {
            Some(Scope::Sources(sources)) if sources.is_empty() && self.probe.is_none() => {
                let message = format!(
                    "{what} counts rows, but the query reads from nothing; say .from(User::entity()) or the like"
                );
                Err(invalid(message))
            }
            _ => Ok(()),
        }
    }

    /// Adds a column of something that the statement reads from; of which type, if it is to be compared.
    pub(crate) fn column(&mut self, source: &Source, name: &str, compared: Option<SqlType>) -> Result<()> {
        self.look_up(source, name)?.qualify(source, self);
        self.name(name);
        if let Some(collation) = compared.and_then(|sql_type| self.dialect.collation(sql_type)) {
            self.push(" COLLATE ").push(collation);
        }
        Ok(())
    }

    /// Adds a name that an expression was selected under.
    pub(crate) fn output(&mut self, name: &str) -> Result<()> {
        if let Some(Scope::Outputs(names)) = self.scopes.last() {
            if !names.iter().any(|other| other == name) {
                let names = names.join(", ");
                let message = format!("{name} is not among the columns that come out of the query: {names}");
                return Err(invalid(message));
            }
            is_only_one(names, name)?;
        }
        self.name(name);
        Ok(())
    }
}

impl Owner {
    /// Writes it before a column of what was asked for.
    pub(crate) fn qualify(&self, asked: &Source, sql: &mut Sql<'_>) {
        match self {
            Self::Clear => {}
            Self::Asked => asked.qualify(sql),
            Self::Other(source) => source.qualify(sql),
        }
    }
}

fn is_only_one(names: &[String], wanted: &str) -> Result<()> {
    if names.iter().filter(|name| *name == wanted).count() == 1 {
        return Ok(());
    }
    Err(invalid(format!("more than one column {wanted} comes out of the query; give them labels")))
}
