//! Full-text search.
//!
//! PostgreSQL makes words of any text, and uses an index on `to_tsvector('english', body)` if the same configuration is named here. SQLite
//! searches in the columns of FTS5 tables, which a program creates itself: `CREATE VIRTUAL TABLE notes USING fts5(body)`.

use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::query::column::Mistake;
use crate::query::expr::{Expr, Expression, Node};
use crate::query::function::{Call, Function};
use crate::query::named::is_identifier;
use crate::query::nulls::Plain;
use crate::query::operand::Bound;
use crate::query::{Condition, Feature, Sql};
use crate::types::{Textual, encode_text};
use crate::{Result, SqlType, Value};

/// Whether a text has all of these words in it. Nothing is special in them. How words are told apart and which are the same is the database's to
/// say: on PostgreSQL its default configuration, on SQLite the FTS5 table that the column has to be of.
pub fn matches<E: Expression>(text: E, words: &str) -> Condition
where
    Plain<E>: Textual,
{
    search(Function::Matches, text, words, None)
}

/// The same by a configuration of PostgreSQL: `matches_in("english", Note::BODY, "two words")`. Unsupported on SQLite, where the table says it.
pub fn matches_in<E: Expression>(configuration: &'static str, text: E, words: &str) -> Condition
where
    Plain<E>: Textual,
{
    search(Function::MatchesIn, text, words, Some(configuration))
}

/// How well a text fits these words, the more the better, by a configuration of PostgreSQL; unsupported on SQLite.
pub fn match_rank<E: Expression>(configuration: &'static str, text: E, words: &str) -> Expr<f64>
where
    Plain<E>: Textual,
{
    search(Function::MatchRank, text, words, Some(configuration))
}

fn search<E: Expression, T>(
    function: Function,
    text: E,
    words: &str,
    configuration: Option<&'static str>,
) -> Expr<T> {
    match (encode_text(words), configuration) {
        (Err(error), _) => Expr::new(Mistake(error)),
        (_, Some(name)) if !is_identifier(name) => {
            let message = format!("{name:?} is not the name of a configuration for text search");
            Expr::new(Mistake(Error::new(ErrorKind::InvalidQuery, message)))
        }
        (Ok(_), _) => {
            let text = text.into_expr().into_node();
            Expr::new(Search { function, text, words: words.to_owned(), configuration })
        }
    }
}

#[derive(Debug)]
struct Search {
    function: Function,
    text: Arc<dyn Node>,
    words: String,
    configuration: Option<&'static str>,
}

impl Node for Search {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        let words = Value::Text(sql.dialect().search_words(&self.words).into_owned().into());
        let mut arguments = vec![Ok(Bound::Node(self.text.clone())), Ok(Bound::Value(SqlType::Text, words))];
        if let Some(name) = self.configuration {
            sql.require(Feature::SearchConfiguration)?;
            arguments.push(Ok(Bound::Node(Arc::new(Configuration(name)))));
        }
        let (of, yields) = (SqlType::Text, SqlType::Double);
        Call { function: self.function, of, yields, arguments, modifiers: None }.render(sql)
    }
}

/// A name in a literal: an index is used only if it says the same.
#[derive(Debug)]
struct Configuration(&'static str);

impl Node for Configuration {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        sql.literal(self.0);
        Ok(())
    }

    fn is_atom(&self) -> bool {
        true
    }
}
