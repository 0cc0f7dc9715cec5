//! What a session sends in the place of `UPDATE … RETURNING`, where the database has no such thing, as that one statement: so
//! that a case says once what is sent. The same for `DELETE … RETURNING` on MySQL.

/// Folds `SELECT key … FOR UPDATE`, if it is there, `UPDATE …` and `SELECT key, columns … WHERE key IN (…)`; and
/// `SELECT columns … FOR UPDATE` and `DELETE …`.
pub(crate) fn fold(lines: Vec<String>) -> Vec<String> {
    fold_updates(fold_deletes(lines))
}

/// Folds `INSERT …` and `SELECT key, columns … WHERE key IN (…)`; other inserts of the same batch may be between them.
pub(crate) fn fold_inserts(lines: Vec<String>) -> Vec<String> {
    let mut folded: Vec<String> = Vec::new();
    for line in lines {
        let inserts =
            folded.iter().rposition(|before| !before.starts_with("INSERT ")).map_or(0, |last| last + 1);
        match (inserts..folded.len()).find_map(|place| Some((place, inserted(&folded[place], &line)?))) {
            Some((place, returning)) => folded[place] = returning,
            None => folded.push(line),
        }
    }
    folded
}

/// The INSERT that returns what this SELECT reads, if it reads what that has inserted: more than its key and what was given.
fn inserted(insert: &str, select: &str) -> Option<String> {
    let written = table(insert, "INSERT INTO ").filter(|_| !insert.contains(" RETURNING "))?;
    let (columns, rest) = select.strip_prefix("SELECT ")?.split_once(" FROM ")?;
    columns.split(", ").skip(1).find(|column| !insert.contains(column))?;
    let keys = rest.strip_prefix(&format!("{written} WHERE "))?;
    let (insert, rows) =
        insert.split_once(" -- ").map_or((insert, None), |(insert, rows)| (insert, Some(rows)));
    let rows = rows.map(|rows| format!(" -- {rows}")).unwrap_or_default();
    keys.contains(" IN (").then(|| format!("{insert} RETURNING {columns}{rows}"))
}

fn fold_deletes(lines: Vec<String>) -> Vec<String> {
    let mut folded: Vec<String> = Vec::new();
    for line in lines {
        let returned = folded.last().and_then(|search| deleted(search, &line));
        if returned.is_some() {
            folded.pop();
        }
        folded.push(returned.unwrap_or(line));
    }
    folded
}

/// The DELETE that returns what this SELECT has read before it.
fn deleted(search: &str, delete: &str) -> Option<String> {
    let rest = search.strip_prefix("SELECT ").filter(|rest| rest.contains(" FOR UPDATE"))?;
    let (columns, _) = rest.split_once(" FROM ")?;
    let written = table(delete.strip_prefix("DELETE").map(|_| delete)?, "DELETE FROM ")?;
    let is_of_it = !delete.contains(" RETURNING ") && table(search, " FROM ")? == written;
    is_of_it.then(|| format!("{delete} RETURNING {}", columns.trim_start_matches("DISTINCT ")))
}

fn fold_updates(lines: Vec<String>) -> Vec<String> {
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
        && line.contains(" FOR UPDATE")
        && table(line, " FROM ") == table(update, "UPDATE ")
}
