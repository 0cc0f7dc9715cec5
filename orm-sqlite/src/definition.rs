//! Reads out of the text of a CREATE statement what no pragma tells. SQLite has accepted the statement, so it is known to be
//! sound; what this file does not understand it passes over.

use orm_core::metadata::{CheckInfo, IndexInfo, TableInfo};

/// A piece of SQL: a name or keyword, a bracket, or any other character; strings and comments are whole.
#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    text: &'a str,
    /// Where it begins.
    at: usize,
    /// How many brackets are open around it.
    depth: usize,
}

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// The name that it is, without its quotes.
    fn name(&self) -> String {
        let quoted = |quote: char| {
            let inner = self.text.strip_prefix(quote)?.strip_suffix(quote)?;
            Some(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
        };
        let bracketed = || Some(self.text.strip_prefix('[')?.strip_suffix(']')?.to_owned());
        let name = quoted('"').or_else(|| quoted('`')).or_else(|| quoted('\'')).or_else(bracketed);
        name.unwrap_or_else(|| self.text.to_owned())
    }
}

/// Adds checks, the names of constraints, and the expressions of generated columns.
pub(crate) fn read_table(sql: &str, table: &mut TableInfo) {
    let tokens = tokens(sql);
    let body = parts(&tokens, 1);
    for part in body {
        read_part(sql, part, table);
    }
}

/// Adds the condition of a partial index, and the text of what is no column.
pub(crate) fn read_index(sql: &str, index: &mut IndexInfo) {
    let tokens = tokens(sql);
    let filter = tokens.iter().find(|token| token.depth == 0 && token.is("WHERE"));
    index.filter = filter.map(|token| sql[token.end()..].trim().to_owned());
    let columns = parts(&tokens, 1);
    for (column, part) in index.columns.iter_mut().zip(columns) {
        if column.name.is_empty() {
            let last =
                part.len() - usize::from(part.last().is_some_and(|last| last.is("DESC") || last.is("ASC")));
            column.name = text(sql, &part[..last]).to_owned();
        }
    }
}

/// One column or constraint of a table.
fn read_part(sql: &str, part: &[Token<'_>], table: &mut TableInfo) {
    let Some(first) = part.first() else { return };
    let is_constraint =
        ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].iter().any(|word| first.is(word));
    let depth = first.depth;
    let mut name = None;
    for (number, token) in part.iter().enumerate().filter(|(_, token)| token.depth == depth) {
        let rest = &part[number + 1..];
        let own = || if is_constraint { inner_names(rest) } else { vec![first.name()] };
        let before = || number.checked_sub(1).map(|number| &part[number]);
        if token.is("CONSTRAINT") {
            name = rest.first().map(Token::name);
        } else if token.is("CHECK") && !before().is_some_and(|before| before.is("CONSTRAINT")) {
            let condition = inside(sql, rest);
            table.checks.extend(condition.map(|sql| CheckInfo { name: name.take(), sql }));
        } else if token.is("UNIQUE") {
            let columns = own();
            let unique = table.uniques.iter_mut().find(|unique| same(&unique.columns, &columns));
            unique.into_iter().for_each(|unique| unique.name = name.take());
        } else if token.is("FOREIGN") || (token.is("REFERENCES") && !is_constraint) {
            let columns = own();
            let keys = table.foreign_keys.iter_mut();
            let mut keys = keys.filter(|key| same(&key.columns, &columns) && key.name.is_none());
            keys.next().into_iter().for_each(|key| key.name = name.take());
        } else if token.is("DEFERRED") && before().is_some_and(|before| before.is("INITIALLY")) {
            let columns = if is_constraint { inner_names(part) } else { vec![first.name()] };
            let keys = table.foreign_keys.iter_mut().rev();
            keys.filter(|key| same(&key.columns, &columns)).take(1).for_each(|key| key.deferrable = true);
        } else if token.is("AS") && number > 0 && !is_constraint {
            let column = table.columns.iter_mut().find(|column| column.name == first.name());
            let generated = column.and_then(|column| column.generated.as_mut());
            generated.into_iter().for_each(|text| *text = inside(sql, rest).unwrap_or_default());
        } else if ["NOT", "PRIMARY", "DEFAULT", "COLLATE"].iter().any(|word| token.is(word)) {
            name = None;
        }
    }
}

fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// The names in the next brackets.
fn inner_names(tokens: &[Token<'_>]) -> Vec<String> {
    let Some(open) = tokens.iter().position(|token| token.text == "(") else { return Vec::new() };
    let depth = tokens[open].depth + 1;
    let inner = tokens[open + 1..].iter().take_while(|token| token.depth >= depth);
    let mut at_name = true;
    let mut names = Vec::new();
    for token in inner {
        if at_name {
            names.push(token.name());
        }
        at_name = token.text == ",";
    }
    names
}

/// The text in the brackets that come next.
fn inside(sql: &str, tokens: &[Token<'_>]) -> Option<String> {
    let open = tokens.iter().find(|token| token.text == "(")?;
    let mut after = tokens.iter().filter(|token| token.at > open.at);
    let close = after.find(|token| token.text == ")" && token.depth == open.depth)?;
    Some(sql[open.end()..close.at].trim().to_owned())
}

fn text<'a>(sql: &'a str, tokens: &[Token<'_>]) -> &'a str {
    match tokens {
        [first, .., last] => &sql[first.at..last.end()],
        [one] => &sql[one.at..one.end()],
        [] => "",
    }
}

/// What stands between the commas of the first brackets.
fn parts<'t, 'a>(tokens: &'t [Token<'a>], depth: usize) -> Vec<&'t [Token<'a>]> {
    let Some(open) = tokens.iter().position(|token| token.text == "(") else { return Vec::new() };
    let inner = &tokens[open + 1..];
    let end = inner.iter().position(|token| token.depth < depth).unwrap_or(inner.len());
    inner[..end].split(|token| token.depth == depth && token.text == ",").collect()
}

/// Cuts SQL into pieces. The brackets themselves belong to the outside.
fn tokens(sql: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut at, mut depth) = (Vec::new(), 0, 0_usize);
    while let Some(first) = sql[at..].chars().next() {
        let length = token_length(&sql[at..], first);
        let text = &sql[at..at + length];
        let is_comment = text.starts_with("--") || text.starts_with("/*");
        depth -= usize::from(first == ')' && depth > 0);
        if !first.is_whitespace() && !is_comment {
            tokens.push(Token { text, at, depth });
        }
        depth += usize::from(first == '(');
        at += length;
    }
    tokens
}

fn token_length(sql: &str, first: char) -> usize {
    let until = |end: &str, from: usize| sql[from..].find(end).map_or(sql.len(), |at| from + at + end.len());
    let is_word = |character: char| {
        character.is_alphanumeric() || character == '_' || character == '$' || !character.is_ascii()
    };
    match first {
        '"' | '`' | '\'' => quoted_length(sql, first),
        '[' => until("]", 1),
        '-' if sql.starts_with("--") => until("\n", 2),
        '/' if sql.starts_with("/*") => until("*/", 2),
        first if is_word(first) => sql.find(|character| !is_word(character)).unwrap_or(sql.len()),
        other => other.len_utf8(),
    }
}

/// A quote in the text is doubled.
fn quoted_length(sql: &str, quote: char) -> usize {
    let mut characters = sql.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == quote && characters.next_if(|&(_, next)| next == quote).is_none() {
            return at + 1;
        }
    }
    sql.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use orm_core::metadata::{ColumnInfo, UniqueInfo};

    #[test]
    fn names_and_conditions_are_found() {
        let column = |name: &str, generated: Option<&str>| ColumnInfo {
            name: name.to_owned(),
            generated: generated.map(str::to_owned),
            ..ColumnInfo::default()
        };
        let mut table = TableInfo {
            columns: vec![column("a", None), column("odd \"name", None), column("sum", Some(""))],
            uniques: vec![UniqueInfo { name: None, columns: vec!["a".into(), "odd \"name".into()] }],
            ..TableInfo::default()
        };
        let sql = r#"CREATE TABLE "t, (x" (a INTEGER CONSTRAINT positive CHECK (a > (0)), -- a comment, (
            "odd ""name" TEXT NOT NULL DEFAULT ('),' /* ) */) CHECK("odd ""name" <> ')'),
            sum INTEGER GENERATED ALWAYS AS (a + 1) STORED, CONSTRAINT both UNIQUE (a, [odd "name]),
            CHECK (a < 10 AND b IN (1, 2))) STRICT"#;
        read_table(sql, &mut table);
        let checks: Vec<_> =
            table.checks.iter().map(|check| (check.name.as_deref(), check.sql.as_str())).collect();
        assert_eq!(
            checks,
            [
                (Some("positive"), "a > (0)"),
                (None, r#""odd ""name" <> ')'"#),
                (None, "a < 10 AND b IN (1, 2)")
            ]
        );
        assert_eq!(table.columns[2].generated.as_deref(), Some("a + 1"));
        assert_eq!(table.uniques[0].name.as_deref(), Some("both"));
    }

    #[test]
    fn partial_indexes_have_a_condition() {
        let mut index = IndexInfo { name: "i".into(), columns: Vec::new(), unique: false, filter: None };
        read_index(r#"CREATE INDEX "where" ON t (lower(a), b DESC) WHERE a > 0 AND (b < 1)"#, &mut index);
        assert_eq!(index.filter.as_deref(), Some("a > 0 AND (b < 1)"));
        read_index("CREATE INDEX i ON t (a)", &mut index);
        assert_eq!(index.filter, None);
    }
}
