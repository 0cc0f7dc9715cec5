//! What a statement does to what, in two words: few enough different ones to group by.

use std::fmt;

/// The first keyword of a statement, and its table if it names just one.
pub(super) struct Summary<'a> {
    pub(super) operation: &'a str,
    pub(super) table: Option<String>,
}

impl<'a> Summary<'a> {
    pub(super) fn of(sql: &'a str) -> Self {
        let sql = sql.trim_start();
        let length = sql.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(sql.len());
        Self { operation: &sql[..length], table: only_table(sql) }
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        self.table.as_ref().map_or(Ok(()), |table| write!(f, " {table}"))
    }
}

/// The table that is written, which INTO, UPDATE or TABLE comes before, or the only one that is read: behind the one
/// FROM, without a comma and without a JOIN.
fn only_table(sql: &str) -> Option<String> {
    let introduces = |word: &Word<'_>| ["FROM", "INTO", "UPDATE", "TABLE"].iter().any(|known| word.is(known));
    let mut words = Words(sql);
    let reads = words.find(introduces)?.is("FROM");
    let name = words.next()?.name()?;
    let mut words = words.peekable();
    let several =
        words.peek().is_some_and(|word| word.is(",")) || words.any(|word| word.is("FROM") || word.is("JOIN"));
    (!reads || !several).then_some(name)
}

/// A keyword, a name, or a sign.
struct Word<'a>(&'a str);

impl Word<'_> {
    fn is(&self, keyword: &str) -> bool {
        self.0.eq_ignore_ascii_case(keyword)
    }

    fn name(&self) -> Option<String> {
        match self.0.chars().next().filter(|first| ['"', '`'].contains(first)) {
            Some(quote) => {
                let quoted = self.0.strip_prefix(quote)?.strip_suffix(quote)?;
                Some(quoted.replace(&format!("{quote}{quote}"), &quote.to_string()))
            }
            None => self.0.starts_with(|c: char| c.is_alphabetic() || c == '_').then(|| self.0.to_owned()),
        }
    }
}

struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let rest = self.0.trim_start();
        let first = rest.chars().next()?;
        let length = match first {
            '"' | '`' | '\'' => quoted(rest, first),
            c if c.is_alphanumeric() || c == '_' => {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        let (word, rest) = rest.split_at(length);
        self.0 = rest;
        Some(Word(word))
    }
}

/// How long the quoted piece is that the text begins with; a doubled quote does not end it.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == quote && characters.next_if(|&(_, next)| next == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_and_its_only_table() {
        for (sql, expected) in [
            ("SELECT \"a\" FROM \"users\" WHERE \"a\" = ?", "SELECT users"),
            ("INSERT INTO \"odd \"\"from\"\" name\" (\"a\") VALUES (?)", "INSERT odd \"from\" name"),
            ("UPDATE users SET a = 'FROM x'", "UPDATE users"),
            ("INSERT INTO `odd ``from`` name` (`a`) VALUES (?)", "INSERT odd `from` name"),
            ("delete from app.users", "delete app.users"),
            ("SELECT 1", "SELECT"),
            ("SELECT * FROM (SELECT 1) AS x", "SELECT"),
            ("SELECT * FROM a JOIN b ON true", "SELECT"),
            ("SELECT * FROM a, b", "SELECT"),
            ("SELECT * FROM a FOR UPDATE", "SELECT a"),
            ("INSERT INTO a SELECT x FROM unnest($1) AS v", "INSERT a"),
            ("SELECT * FROM a WHERE x IN (SELECT y FROM b)", "SELECT"),
            ("CREATE TABLE \"users\" (\"id\" INTEGER)", "CREATE users"),
            ("'unended", ""),
            ("", ""),
        ] {
            assert_eq!(Summary::of(sql).to_string(), expected, "{sql}");
        }
    }
}
