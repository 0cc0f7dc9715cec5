//! As much of SQL's words as it takes to find parameters, and to tell what kind of statement it is.

use std::borrow::Cow;

use crate::Result;
use crate::error::{Error, ErrorKind};
use crate::query::Lexis;

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
    /// A parameter of the database's own.
    Raw(&'a str),
    /// Something that has no end.
    Open(&'static str),
}

struct Lexer<'a> {
    rest: &'a str,
    lexis: Lexis,
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
                b"/*" if depth == 0 || self.lexis.nested_comments => depth += 1,
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
        let length = name_length(&self.rest[1..]);
        let tag = self.rest.get(..length + 2).filter(|tag| tag.ends_with('$'))?;
        let end = self.rest[tag.len()..].find(tag).map(|end| end + tag.len());
        Some(self.until(tag.len(), end, "a dollar-quoted string"))
    }
}

/// How long the name is that the text begins with; 0 if it begins with none.
fn name_length(text: &str) -> usize {
    let first = |c: char| c.is_alphabetic() || c == '_';
    match text.chars().next() {
        Some(c) if first(c) => text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len()),
        _ => 0,
    }
}

/// The same for a word of SQL, which may have a `$` in it.
fn word_length(text: &str) -> usize {
    match name_length(text) {
        0 => 0,
        _ => text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len()),
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
                // Some end it at a carriage return as well; what follows then is taken for SQL, to be on the safe side.
                let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
                Token::Other(self.take(end))
            }
            ('/', Some('*')) => self.block_comment(),
            ('[', _) if self.lexis.bracket_names => {
                let end = self.rest.find(']').map(|end| end + 1);
                self.until(0, end, "a name in brackets")
            }
            ('$', Some('0'..='9')) => Token::Raw(self.take(2)),
            (sign, _) if self.lexis.parameter_signs.contains(sign) => Token::Raw(self.take(1)),
            ('$', _) => self.dollar_quoted().unwrap_or_else(|| Token::Other(self.take(1))),
            ('\\', Some(':')) => {
                self.take(2);
                Token::Colon
            }
            (':', Some(':')) => Token::Other(self.take(2)),
            (':', _) => match name_length(&self.rest[1..]) {
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
pub(super) fn pieces(sql: &str, lexis: Lexis) -> Result<Vec<Piece<'_>>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    // Where the piece began that is being collected; a piece without an escape is a slice of the text.
    let mut start = 0;
    let mut lexer = Lexer { rest: sql, lexis };
    let mut escaped: Option<String> = None;
    loop {
        let at = sql.len() - lexer.rest.len();
        let token = lexer.next();
        match token {
            Some(Token::Other(_) | Token::Word(_)) => {}
            Some(Token::Open(what)) => {
                return Err(Error::new(ErrorKind::InvalidQuery, format!("{what} in the text has no end")));
            }
            Some(Token::Raw(sign)) => {
                let message =
                    format!("{sign} in the text is a parameter without a name; write :name and bind it");
                return Err(Error::new(ErrorKind::InvalidQuery, message));
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

/// Whether there is nothing but white space, comments and semicolons.
pub(super) fn is_empty(sql: &str, lexis: Lexis) -> bool {
    let is_nothing = |token: &str| {
        token.trim().is_empty() || token == ";" || token.starts_with("--") || token.starts_with("/*")
    };
    Lexer { rest: sql, lexis }.all(|token| matches!(token, Token::Other(other) if is_nothing(other)))
}

fn words(sql: &str, lexis: Lexis) -> impl Iterator<Item = &str> {
    Lexer { rest: sql, lexis }.filter_map(|token| match token {
        Token::Word(word) => Some(word),
        Token::Other(_) | Token::Parameter(_) | Token::Colon | Token::Raw(_) | Token::Open(_) => None,
    })
}

fn is_one_of(word: &str, list: &[&'static str]) -> Option<&'static str> {
    list.iter().find(|one| word.eq_ignore_ascii_case(one)).copied()
}

/// The words that begin or end a transaction when a statement begins with them.
const CONTROL: [&str; 8] = ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"];

/// The word by which one of the statements in the text would begin or end a transaction, if one would.
pub(crate) fn control_word(sql: &str, lexis: Lexis) -> Option<&'static str> {
    let mut statement = Statement::default();
    for token in (Lexer { rest: sql, lexis }) {
        match token {
            Token::Other(";") => statement.end(),
            Token::Word(word) => {
                if let Some(control) = statement.word(word) {
                    return Some(control);
                }
            }
            Token::Other(_) | Token::Parameter(_) | Token::Colon | Token::Raw(_) | Token::Open(_) => {}
        }
    }
    None
}

/// What the words of a statement have said so far.
#[derive(Default)]
struct Statement<'a> {
    words: usize,
    first: &'a str,
    last: &'a str,
    /// CREATE of a trigger, or of a routine: other statements may follow until END.
    creates: Option<Body>,
    in_body: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// Begins with BEGIN.
    Trigger,
    /// Begins with BEGIN ATOMIC.
    Routine,
}

impl<'a> Statement<'a> {
    fn end(&mut self) {
        self.words = 0;
    }

    fn word(&mut self, word: &'a str) -> Option<&'static str> {
        let is = |text: &str, wanted: &str| text.eq_ignore_ascii_case(wanted);
        self.words += 1;
        let before = std::mem::replace(&mut self.last, word);
        match self.words {
            1 if self.in_body => self.in_body = !is(word, "END"),
            1 => {
                (self.first, self.creates) = (word, None);
                return is_one_of(word, &CONTROL);
            }
            2 if is(self.first, "PREPARE") && is(word, "TRANSACTION") => return Some("PREPARE TRANSACTION"),
            2..=5 if is(self.first, "CREATE") && is(word, "TRIGGER") => self.creates = Some(Body::Trigger),
            2..=5 if is(self.first, "CREATE") && is_one_of(word, &["FUNCTION", "PROCEDURE"]).is_some() => {
                self.creates = Some(Body::Routine);
            }
            _ => {
                self.in_body |= match self.creates {
                    Some(Body::Trigger) => is(word, "BEGIN"),
                    Some(Body::Routine) => is(before, "BEGIN") && is(word, "ATOMIC"),
                    None => false,
                }
            }
        }
        None
    }
}

/// Whether the text surely has rows as its result.
pub(super) fn returns_rows(sql: &str, lexis: Lexis) -> bool {
    !writes(sql, lexis) || words(sql, lexis).any(|word| word.eq_ignore_ascii_case("RETURNING"))
}

/// Whether the text may write. Only statements that are known to read alone do not.
pub(crate) fn writes(sql: &str, lexis: Lexis) -> bool {
    const READS: [&str; 6] = ["SELECT", "VALUES", "TABLE", "EXPLAIN", "SHOW", "PRAGMA"];
    let mut words = words(sql, lexis).peekable();
    match words.next() {
        Some(first) if is_one_of(first, &READS).is_some() => false,
        Some(first) if first.eq_ignore_ascii_case("WITH") => {
            while let Some(word) = words.next() {
                let replaces = word.eq_ignore_ascii_case("REPLACE")
                    && words.peek().is_some_and(|next| next.eq_ignore_ascii_case("INTO"));
                if replaces || is_one_of(word, &["INSERT", "UPDATE", "DELETE", "MERGE"]).is_some() {
                    return true;
                }
            }
            false
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQLITE: Lexis = Lexis { nested_comments: false, bracket_names: true, parameter_signs: "?@$" };
    const POSTGRES: Lexis = Lexis { nested_comments: true, bracket_names: false, parameter_signs: "" };

    #[track_caller]
    fn check(sql: &str, expected: &[Result<&str, &str>]) {
        let found = pieces(sql, POSTGRES).expect("well-formed text");
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
            "SELECT $$ :a $$, $tag$ :b $x$ $tag$",
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
            assert!(pieces(sql, POSTGRES).is_err(), "{sql}");
        }
    }

    #[test]
    fn words_of_transactions_are_found() {
        assert_eq!(control_word(" -- x\n /* y */ (commit", POSTGRES), Some("COMMIT"));
        assert_eq!(control_word("Begin immediate", POSTGRES), Some("BEGIN"));
        assert_eq!(control_word("prepare transaction 'x'", POSTGRES), Some("PREPARE TRANSACTION"));
        assert_eq!(control_word("PREPARE x AS SELECT 1", POSTGRES), None);
        assert_eq!(control_word("SELECT 'commit'", POSTGRES), None);
        assert_eq!(control_word("SELECT 1; -- ;\nCOMMIT", POSTGRES), Some("COMMIT"));
        assert_eq!(control_word("INSERT INTO t VALUES ('a; commit'); SELECT $$; end $$", POSTGRES), None);
        let trigger = "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = CASE b WHEN 1 THEN 2 END; END; SELECT 1";
        assert_eq!(control_word(trigger, POSTGRES), None);
        assert_eq!(control_word(&format!("{trigger}; END"), POSTGRES), Some("END"));
    }

    #[test]
    fn what_only_looks_like_a_body_or_a_comment_hides_nothing() {
        for sql in [
            "CREATE TABLE x (begin int); COMMIT",
            "SELECT 1 AS x$$; COMMIT; SELECT 1 AS x$$",
            "SELECT 1 -- x\r; COMMIT",
        ] {
            assert_eq!(control_word(sql, POSTGRES), Some("COMMIT"), "{sql}");
        }
        assert_eq!(control_word("/* /* */ SELECT 1; COMMIT -- */ */", SQLITE), Some("COMMIT"));
        let routine = "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; SELECT 2";
        assert_eq!(control_word(routine, POSTGRES), None);
    }

    #[test]
    fn databases_read_text_differently() {
        for sql in ["/* see src/*.rs */ SELECT 1", "SELECT 1 AS [it's], 2 AS [a:b]"] {
            assert_eq!(pieces(sql, SQLITE).map(|pieces| pieces.len()).ok(), Some(1), "{sql}");
        }
        for sql in ["SELECT ?", "SELECT ?1", "SELECT @x", "SELECT $x"] {
            assert!(pieces(sql, SQLITE).is_err(), "{sql}");
        }
        assert!(pieces("SELECT :a || $1", POSTGRES).is_err());
        assert!(pieces("SELECT a ? 'b', @ -1", POSTGRES).is_ok());
        assert!(writes("WITH x AS (SELECT 1) REPLACE INTO t SELECT 1", SQLITE));
        assert!(!writes("WITH x AS (SELECT 1) SELECT replace(a, 'b', 'c') FROM x", SQLITE));
    }

    #[test]
    fn only_what_surely_reads_does_not_write() {
        for reads in
            ["select 1", "WITH a AS (SELECT 1) SELECT * FROM a", "/* insert */ VALUES (1)", "PRAGMA x"]
        {
            assert!(!writes(reads, POSTGRES), "{reads}");
        }
        for writes_ in ["UPDATE t SET a = 1", "WITH a AS (DELETE FROM t RETURNING id) SELECT 1", "VACUUM", ""]
        {
            assert!(writes(writes_, POSTGRES), "{writes_}");
        }
    }
}
