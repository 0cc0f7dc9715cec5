//! The tables on the screen.

use std::fmt::Write;

use super::contestants::NAMES;
use super::measure::{Cell, Database};

/// One database: what the raw driver takes for each object, and how many times that the others take.
pub(crate) fn times(database: &Database, cells: &[Cell]) -> String {
    let compares = database.compares();
    let mut text = match compares {
        "cpu" => format!("\n{}: processor time, median\n", database.title),
        _ => format!("\n{}: time on the wall, fastest (median)\n", database.title),
    };
    let time = |cell: &Cell, raw: Option<&Cell>| match (raw, compares) {
        (None, _) => per_object(cell, compares),
        (Some(raw), "cpu") => times_of(cell.times_of(raw, "cpu")),
        (Some(raw), _) => format!(
            "{} ({})",
            times_of(cell.fastest("wall") / raw.fastest("wall")),
            times_of(cell.times_of(raw, "wall"))
        ),
    };
    text += &table(cells.iter().filter(|cell| cell.database == database.name), time);
    text
}

/// Allocations and the peak of live memory for each object, of the workloads where there are many.
pub(crate) fn memory(cells: &[Cell]) -> String {
    let many = |cell: &&Cell| cell.database != "file" && cell.n >= 100 && !cell.workload.starts_with("tasks");
    let numbers = |cell: &Cell, _: Option<&Cell>| {
        if cell.counted.peak == 0 {
            return "–".to_owned();
        }
        let each = |number: u64| ratio(number, cell.objects());
        format!("{:.2} / {:.0}", each(cell.counted.allocations), each(cell.counted.peak))
    };
    let mut text = String::new();
    for database in ["memory", "postgres", "mariadb"] {
        let these: Vec<_> = cells.iter().filter(many).filter(|cell| cell.database == database).collect();
        if !these.is_empty() {
            let _ = writeln!(text, "\nAllocations / bytes at the peak, for each object ({database})");
            text += &table(these.into_iter(), numbers);
        }
    }
    text
}

/// A row for each workload, a column for each contestant.
fn table<'a>(cells: impl Iterator<Item = &'a Cell>, show: impl Fn(&Cell, Option<&Cell>) -> String) -> String {
    let cells: Vec<_> = cells.collect();
    let columns: Vec<_> =
        NAMES.into_iter().filter(|name| cells.iter().any(|cell| cell.contestant == *name)).collect();
    let mut rows: Vec<Vec<String>> =
        vec![std::iter::once("").chain(columns.iter().copied()).map(String::from).collect()];
    for raw in cells.iter().filter(|cell| cell.contestant == "raw") {
        let same = |cell: &&&&Cell| cell.workload == raw.workload && cell.n == raw.n;
        let shown = columns.iter().map(|&name| {
            let cell = cells.iter().filter(|cell| cell.contestant == name).find(|cell| same(&cell));
            cell.map_or_else(|| "–".to_owned(), |cell| show(cell, (name != "raw").then_some(raw)))
        });
        rows.push(std::iter::once(raw.title()).chain(shown).collect());
    }
    aligned(&rows)
}

/// The first column to the left, the others to the right.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ =
                if column == 0 { write!(text, "  {cell:<width$}") } else { write!(text, "  {cell:>width$}") };
        }
        text.push('\n');
    }
    text
}

fn per_object(cell: &Cell, compares: &str) -> String {
    let time = if compares == "cpu" { cell.median("cpu") } else { cell.fastest("wall") };
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let each = time / cell.objects() as f64;
    if each < 1_000.0 { format!("{each:.0} ns") } else { format!("{:.1} µs", each / 1_000.0) }
}

/// `1.15×`, and without what nobody looks at `36×`.
pub(crate) fn times_of(ratio: f64) -> String {
    if ratio < 9.95 { format!("{ratio:.2}×") } else { format!("{ratio:.0}×") }
}

#[expect(clippy::cast_precision_loss, reason = "a few millions")]
fn ratio(number: u64, of: u64) -> f64 {
    number as f64 / of as f64
}
