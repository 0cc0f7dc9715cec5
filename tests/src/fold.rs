//! What a session sends in the place of `UPDATE … RETURNING`, where the database has no such thing, as that one statement: so
//! that a case says once what is sent.

/// Folds `SELECT key … FOR UPDATE`, if it is there, `UPDATE …` and `SELECT key, columns … WHERE key IN (…)`.
pub(crate) fn fold(lines: Vec<String>) -> Vec<String> {
    let mut folded: Vec<String> = Vec::new();
    for line in lines {
        let returned = folded.last().and_then(|update| returning(update, &line));
        let Some(statement) = returned else {
            folded.push(line);
            continue;
        };
        folded.pop();
        if folded.last().is_some_and(|before| is_search(before, &statement)) {
            folded.pop();
        }
        folded.push(statement);
    }
    folded
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
        && line.ends_with(" FOR UPDATE")
        && table(line, " FROM ") == table(update, "UPDATE ")
}
