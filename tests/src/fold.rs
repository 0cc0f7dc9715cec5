//! What a session sends in the place of `UPDATE … RETURNING`, where the database has no such thing, as that one statement: so
//! that a case says once what is sent.

/// Folds `SELECT key … FOR UPDATE`, if it is there, `UPDATE …` and `SELECT key, columns … WHERE key IN (…)`.
pub(crate) fn fold(lines: Vec<String>) -> Vec<String> {
    let mut folded: Vec<String> = Vec::new();
    // Whether the rows of the last statement, an update, were looked for before.
    let mut searched = false;
    for line in lines {
        let update = folded.last().filter(|update| searched || may_be_read_again(update, &line));
        let returned = update.and_then(|update| returning(update, &line));
        searched = returned.is_none() && folded.last().is_some_and(|before| is_search(before, &line));
        if returned.is_some() || searched {
            folded.pop();
        }
        folded.push(returned.unwrap_or(line));
    }
    folded
}

/// Whether a SELECT behind an update by key can be what the database has made of it. One that has all columns that were set, to
/// values, is a query for the entity.
fn may_be_read_again(update: &str, select: &str) -> bool {
    let set = update.split_once(" SET ").map_or("", |(_, set)| set.split(" WHERE ").next().unwrap_or(set));
    let columns = select.split(" FROM ").next().unwrap_or(select);
    let is_made =
        |assignment: &str| assignment.strip_suffix(" = ?").is_none_or(|column| !columns.contains(column));
    !update.contains(" RETURNING ") && set.split(", ").any(is_made)
}

fn table(statement: &str, word: &str) -> Option<String> {
    let (_, rest) = statement.split_once(word)?;
    rest.split(' ').next().map(str::to_owned)
}

/// The UPDATE that returns what this SELECT reads, if it reads again what that has written.
fn returning(update: &str, select: &str) -> Option<String> {
    let written = table(update.strip_prefix("UPDATE").map(|_| update)?, "UPDATE ")?;
    let (columns, rest) = select.strip_prefix("SELECT ")?.split_once(" FROM ")?;
    let keys = rest.strip_prefix(&format!("{written} WHERE "))?;
    let is_by_key = keys.contains(" IN (?") || keys.contains(" IN ((?");
    let (update, rows) =
        update.split_once(" -- ").map_or((update, None), |(update, rows)| (update, Some(rows)));
    let rows = rows.map(|rows| format!(" -- {rows}")).unwrap_or_default();
    is_by_key.then(|| format!("{update} RETURNING {columns}{rows}"))
}

fn is_search(line: &str, update: &str) -> bool {
    line.starts_with("SELECT ")
        && line.contains(", CAST(")
        && line.ends_with(" FOR UPDATE")
        && table(line, " FROM ") == table(update, "UPDATE ")
}
