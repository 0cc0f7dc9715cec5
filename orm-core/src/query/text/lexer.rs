//! As much of SQL's words as it takes to find parameters, and to tell what kind of statement it is.

use std::borrow::Cow;

use crate::Result;
use crate::error::{Error, ErrorKind};

/// A piece of text between parameters, or the name of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Sql(Cow<'a, str>),
    Name(&'a str),
}

/// A piece of SQL, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A string, a quoted name, a comment, or any other sign.
    Other(&'a str),
    /// A bare word.
    Word(&'a str),
    /// `:name`, without the colon.
    Parameter(&'a str),
    /// `\:`
    Colon,
    /// Something that has no end.
    Open(&'static str),
}

struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes all until the end of something that began `skip` bytes ago, or says what has no end.
    fn until(&mut self, skip: usize, end: Option<usize>, what: &'static str) -> Token<'a> {
        match end {
            Some(length) => Token::Other(self.take(skip + length)),
            None => {
                self.rest = "";
                Token::Open(what)
            }
        }
    }

    /// Something in quotes, in which a doubled quote is one, and a backslash takes the next sign along if it may.
    fn quoted(&mut self, skip: usize, quote: u8, backslash: bool, what: &'static str) -> Token<'a> {
        let bytes = self.rest.as_bytes();
        let mut at = skip;
        while let Some(&byte) = bytes.get(at) {
            at += match byte {
                b'\\' if backslash => 2,
                _ if byte == quote && bytes.get(at + 1) == Some(&quote) => 2,
                _ if byte == quote => return self.until(0, Some(at + 1), what),
                _ => 1,
            };
        }
        self.until(0, None, what)
    }

    fn block_comment(&mut self) -> Token<'a> {
        let (mut depth, mut at) = (0_usize, 0);
        while let Some(two) = self.rest.as_bytes().get(at..at + 2) {
            match two {
                b"/*" => depth += 1,
                b"*/" => depth -= 1,
                _ => {
                    at += 1;
                    continue;
                }
            }
            at += 2;
            if depth == 0 {
                return self.until(0, Some(at), "a comment");
            }
        }
        self.until(0, None, "a comment")
    }

    /// `$tag$ … $tag$`, a string of PostgreSQL.
    fn dollar_quoted(&mut self) -> Option<Token<'a>> {
        let length = word_length(&self.rest[1..]);
        let tag = self.rest.get(..length + 2).filter(|tag| tag.ends_with('$'))?;
        let end = self.rest[tag.len()..].find(tag).map(|end| end + tag.len());
        Some(self.until(tag.len(), end, "a dollar-quoted string"))
    }
}

/// How long the word is that the text begins with; 0 if it begins with none.
fn word_length(text: &str) -> usize {
    let first = |c: char| c.is_alphabetic() || c == '_';
    match text.chars().next() {
        Some(c) if first(c) => text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len()),
        _ => 0,
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let mut signs = self.rest.chars();
        let (first, second) = (signs.next()?, signs.next());
        Some(match (first, second) {
            ('\'', _) => self.quoted(1, b'\'', false, "a string"),
            ('E' | 'e', Some('\'')) => self.quoted(2, b'\'', true, "a string"),
            ('"', _) => self.quoted(1, b'"', false, "a quoted name"),
            ('`', _) => self.quoted(1, b'`', false, "a quoted name"),
            ('-', Some('-')) => {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                Token::Other(self.take(end))
            }
            ('/', Some('*')) => self.block_comment(),
            ('$', _) => self.dollar_quoted().unwrap_or_else(|| Token::Other(self.take(1))),
            ('\\', Some(':')) => {
                self.take(2);
                Token::Colon
            }
            (':', Some(':')) => Token::Other(self.take(2)),
            (':', _) => match word_length(&self.rest[1..]) {
                0 => Token::Other(self.take(1)),
                length => Token::Parameter(&self.take(length + 1)[1..]),
            },
            _ => match word_length(self.rest) {
                0 if first.is_numeric() => {
                    // A number with what clings to it, so that no word begins in its middle.
                    let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
                    Token::Other(self.take(end.unwrap_or(self.rest.len())))
                }
                0 => Token::Other(self.take(first.len_utf8())),
                length => Token::Word(self.take(length)),
            },
        })
    }
}

/// The text, taken apart at its parameters.
pub(super) fn pieces(sql: &str) -> Result<Vec<Piece<'_>>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    // Where the piece began that is being collected; a piece without an escape is a slice of the text.
    let mut start = 0;
    let mut lexer = Lexer { rest: sql };
    let mut escaped: Option<String> = None;
    loop {
        let at = sql.len() - lexer.rest.len();
        let token = lexer.next();
        match token {
            Some(Token::Other(_) | Token::Word(_)) => {}
            Some(Token::Open(what)) => {
                return Err(Error::new(ErrorKind::InvalidQuery, format!("{what} in the text has no end")));
            }
            Some(Token::Colon) => {
                let text = escaped.get_or_insert_default();
                text.push_str(&sql[start..at]);
                text.push(':');
                start = at + 2;
            }
            Some(Token::Parameter(_)) | None => {
                let rest = &sql[start..at];
                let piece = match escaped.take() {
                    Some(text) => Cow::Owned(text + rest),
                    None => Cow::Borrowed(rest),
                };
                if !piece.is_empty() {
                    pieces.push(Piece::Sql(piece));
                }
                let Some(Token::Parameter(name)) = token else { return Ok(pieces) };
                pieces.push(Piece::Name(name));
                start = at + 1 + name.len();
            }
        }
    }
}

fn words(sql: &str) -> impl Iterator<Item = &str> {
    Lexer { rest: sql }.filter_map(|token| match token {
        Token::Word(word) => Some(word),
        Token::Other(_) | Token::Parameter(_) | Token::Colon | Token::Open(_) => None,
    })
}

fn is_one_of(word: &str, list: &[&'static str]) -> Option<&'static str> {
    list.iter().find(|one| word.eq_ignore_ascii_case(one)).copied()
}

/// The words that begin or end a transaction when a statement begins with them.
const CONTROL: [&str; 8] = ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"];

/// The word by which one of the statements in the text would begin or end a transaction, if one would.
pub(crate) fn control_word(sql: &str) -> Option<&'static str> {
    // The first words of the statement, and whether it is the body of a trigger or of a function, in which other
    // statements follow until END.
    let (mut first, mut number, mut in_body) = ("", 0_usize, false);
    for token in (Lexer { rest: sql }) {
        match token {
            Token::Other(";") => number = 0,
            Token::Word(word) => {
                number += 1;
                match number {
                    1 if in_body => in_body = !word.eq_ignore_ascii_case("END"),
                    1 => {
                        first = word;
                        if let Some(control) = is_one_of(word, &CONTROL) {
                            return Some(control);
                        }
                    }
                    2 if first.eq_ignore_ascii_case("PREPARE")
                        && word.eq_ignore_ascii_case("TRANSACTION") =>
                    {
                        return Some("PREPARE TRANSACTION");
                    }
                    _ => {
                        in_body |= first.eq_ignore_ascii_case("CREATE") && word.eq_ignore_ascii_case("BEGIN")
                    }
                }
            }
            Token::Other(_) | Token::Parameter(_) | Token::Colon | Token::Open(_) => {}
        }
    }
    None
}

/// Whether the text may write. Only statements that are known to read alone do not.
pub(crate) fn writes(sql: &str) -> bool {
    const READS: [&str; 6] = ["SELECT", "VALUES", "TABLE", "EXPLAIN", "SHOW", "PRAGMA"];
    let mut words = words(sql);
    match words.next() {
        Some(first) if is_one_of(first, &READS).is_some() => false,
        Some(first) if first.eq_ignore_ascii_case("WITH") => {
            words.any(|word| is_one_of(word, &["INSERT", "UPDATE", "DELETE", "MERGE"]).is_some())
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sql: &str, expected: &[Result<&str, &str>]) {
        let found = pieces(sql).expect("well-formed text");
        let found: Vec<_> = found
            .iter()
            .map(|piece| match piece {
                Piece::Sql(text) => Ok(&**text),
                Piece::Name(name) => Err(*name),
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn parameters_are_found() {
        check("SELECT :a, :b_2 FROM t", &[Ok("SELECT "), Err("a"), Ok(", "), Err("b_2"), Ok(" FROM t")]);
        check(":größe", &[Err("größe")]);
        check("x=:a", &[Ok("x="), Err("a")]);
        check("(:a::int)", &[Ok("("), Err("a"), Ok("::int)")]);
    }

    #[test]
    fn what_is_no_parameter_stays_as_it_is() {
        for sql in [
            "SELECT 05:06:07, x::int, a[1:2]",
            "SELECT ':a ''b'' :c', \":d\", `:e`",
            "SELECT E'it\\'s :a' -- :b\n",
            "/* :a /* nested :b */ :c */ SELECT 1",
            "SELECT $$ :a $$, $tag$ :b $x$ $tag$, $1",
            "a := 1",
            "SELECT 'grüße :a'",
            "",
        ] {
            let expected = [Ok(sql)];
            check(sql, if sql.is_empty() { &[] } else { &expected });
        }
    }

    #[test]
    fn an_escaped_colon_is_a_plain_one() {
        check(r"SELECT \:a, :b\:c", &[Ok("SELECT :a, "), Err("b"), Ok(":c")]);
    }

    #[test]
    fn what_has_no_end_is_refused() {
        for sql in ["SELECT 'a", "SELECT \"a", "/* /* */", "$x$ :a"] {
            assert!(pieces(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn words_of_transactions_are_found() {
        assert_eq!(control_word(" -- x\n /* y */ (commit"), Some("COMMIT"));
        assert_eq!(control_word("Begin immediate"), Some("BEGIN"));
        assert_eq!(control_word("prepare transaction 'x'"), Some("PREPARE TRANSACTION"));
        assert_eq!(control_word("PREPARE x AS SELECT 1"), None);
        assert_eq!(control_word("SELECT 'commit'"), None);
        assert_eq!(control_word("SELECT 1; -- ;\nCOMMIT"), Some("COMMIT"));
        assert_eq!(control_word("INSERT INTO t VALUES ('a; commit'); SELECT $$; end $$"), None);
        let trigger = "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = CASE b WHEN 1 THEN 2 END; END; SELECT 1";
        assert_eq!(control_word(trigger), None);
        assert_eq!(control_word(&format!("{trigger}; END")), Some("END"));
    }

    #[test]
    fn only_what_surely_reads_does_not_write() {
        for reads in
            ["select 1", "WITH a AS (SELECT 1) SELECT * FROM a", "/* insert */ VALUES (1)", "PRAGMA x"]
        {
            assert!(!writes(reads), "{reads}");
        }
        for writes_ in ["UPDATE t SET a = 1", "WITH a AS (DELETE FROM t RETURNING id) SELECT 1", "VACUUM", ""]
        {
            assert!(writes(writes_), "{writes_}");
        }
    }
}
