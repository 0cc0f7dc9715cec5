//! Events for people to read.

use std::fmt::{self, Display, Formatter, Write};
use std::time::Duration;

use crate::engine::{Event, Sent};
use crate::value::civil;
use crate::{Result, Value};

/// How many sets of parameters are shown.
const SETS: usize = 3;
/// How many values of a set are shown.
const VALUES: usize = 32;
/// How many characters of a text are shown, and how many bytes.
const CHARACTERS: usize = 60;
const BYTES: usize = 16;

/// An event as echo writes it: the SQL, and below it the parameters, the rows and the time.
///
/// ```text
/// INSERT INTO "users" ("name", "age") VALUES (?, ?)
///   -- ('Alice', 30), ('Bob', NULL), ('Carol', 7), … 997 more; 1000 rows, 2.13 ms
/// ```
pub struct Echo<'a>(pub(super) &'a Event<'a>);

impl Display for Echo<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Event::Statement(sent) => {
                write!(f, "{}\n  -- ", sent.sql())?;
                if sent.width() > 0 {
                    write_sets(f, sent)?;
                    f.write_str("; ")?;
                }
                write_outcome(f, sent)
            }
            Event::Slow(sent) => write!(f, "SLOW, {}: {}", Milliseconds(sent.elapsed()), sent.sql()),
            Event::Connect(elapsed) => write!(f, "CONNECT, {}", Milliseconds(*elapsed)),
            Event::Begin | Event::Commit | Event::Rollback | Event::Warning(_) => write!(f, "{}", self.0),
            Event::Savepoint(_) | Event::Release(_) | Event::RollbackTo(_) => write!(f, "{}", self.0),
        }
    }
}

fn write_outcome(f: &mut Formatter<'_>, sent: &Sent<'_>) -> fmt::Result {
    match (sent.rows(), sent.error()) {
        (_, Some(error)) => write!(f, "failed, {}", error.kind())?,
        (Some(1), None) => f.write_str("1 row")?,
        (rows, None) => write!(f, "{} rows", rows.unwrap_or_default())?,
    }
    write!(f, ", {}", Milliseconds(sent.elapsed()))
}

fn write_sets(f: &mut Formatter<'_>, sent: &Sent<'_>) -> fmt::Result {
    if sent.hidden {
        return write!(f, "{} × {} hidden", sent.sets(), sent.width());
    }
    for set in 0..sent.sets().min(SETS) {
        f.write_str(if set == 0 { "(" } else { ", (" })?;
        for index in 0..sent.width().min(VALUES) {
            f.write_str(if index == 0 { "" } else { ", " })?;
            match sent.value(set, index) {
                Some(value) => write_value(f, &value)?,
                None => f.write_char('?')?,
            }
        }
        write_more(f, sent.width(), VALUES)?;
        f.write_char(')')?;
    }
    write_more(f, sent.sets(), SETS)
}

fn write_more(f: &mut Formatter<'_>, all: usize, shown: usize) -> fmt::Result {
    if all > shown { write!(f, ", … {} more", all - shown) } else { Ok(()) }
}

/// A value as a log shows it: on one line, and shortened if it is long.
pub(crate) fn write_value(f: &mut Formatter<'_>, value: &Value<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("NULL"),
        Value::Bool(value) => write!(f, "{value}"),
        Value::Int(value) => write!(f, "{value}"),
        Value::UInt(value) => write!(f, "{value}"),
        Value::Float(value) => write!(f, "{value:?}"),
        Value::Text(text) => write_text(f, text),
        Value::Date(days) => write_moment(f, "DATE", civil::date_text(*days)),
        Value::Time(micros) => write_moment(f, "TIME", civil::time_text(*micros)),
        Value::Timestamp(micros) => write_moment(f, "TIMESTAMP", civil::timestamp_text(*micros)),
        Value::Array(values) => {
            f.write_char('[')?;
            for (index, value) in values.iter().take(VALUES).enumerate() {
                f.write_str(if index == 0 { "" } else { ", " })?;
                write_value(f, &value)?;
            }
            write_more(f, values.len(), VALUES)?;
            f.write_char(']')
        }
        Value::Bytes(bytes) => {
            f.write_str("X'")?;
            bytes.iter().take(BYTES).try_for_each(|byte| write!(f, "{byte:02X}"))?;
            if bytes.len() > BYTES { write!(f, "…' ({} bytes)", bytes.len()) } else { f.write_char('\'') }
        }
    }
}

fn write_moment(f: &mut Formatter<'_>, what: &str, text: Result<String>) -> fmt::Result {
    write!(f, "{what} '{}'", text.unwrap_or_else(|_| "out of range".to_owned()))
}

/// In quotes, on one line: what would move a terminal's cursor is escaped.
fn write_text(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('\'')?;
    for character in text.chars().take(CHARACTERS) {
        match character {
            '\'' => f.write_str("''")?,
            c if c.is_control() => write!(f, "{}", c.escape_default())?,
            c => f.write_char(c)?,
        }
    }
    let length = text.chars().count();
    if length > CHARACTERS { write!(f, "…' ({length} characters)") } else { f.write_char('\'') }
}

struct Milliseconds(Duration);

impl Display for Milliseconds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms", self.0.as_secs_f64() * 1000.0)
    }
}
