//! A bar chart of one database, for the README.

use std::fmt::Write;
use std::path::Path;

use super::measure::{Cell, Database};
use super::table::times_of;
use crate::Result;

/// Who is shown, and in which colour.
const SHOWN: [(&str, &str); 9] = [
    ("orm", "#c2410c"),
    ("orm-async", "#ea8a5a"),
    ("diesel", "#64748b"),
    ("diesel-async", "#56657a"),
    ("sqlx", "#94a3b8"),
    ("seaorm", "#7c8fa8"),
    ("toasty", "#a8b5c5"),
    ("sqlalchemy", "#cbd5e1"),
    ("row-by-row", "#e2e8f0"),
];

const LABELS: f64 = 230.0;
const WIDTH: f64 = 760.0;
const BAR: f64 = 11.0;
/// The longest bar; one that would be longer is cut and says so by its number.
const LONGEST: f64 = 12.0;

/// Times of the raw driver, shorter is better.
pub(crate) fn write(database: &Database, cells: &[Cell], path: &Path) -> Result<()> {
    let cells: Vec<_> = cells.iter().filter(|cell| cell.database == database.name).collect();
    let compares = database.compares();
    let times = |cell: &Cell, raw: &Cell| match compares {
        "cpu" => cell.times_of(raw, "cpu"),
        _ => cell.fastest("wall") / raw.fastest("wall"),
    };
    let mut bars = String::new();
    let mut y = 44.0;
    for raw in cells.iter().filter(|cell| cell.contestant == "raw") {
        let top = y;
        for (name, colour) in SHOWN {
            let is_it =
                |cell: &&&Cell| cell.contestant == name && cell.workload == raw.workload && cell.n == raw.n;
            let Some(cell) = cells.iter().find(|cell| is_it(cell)) else { continue };
            let ratio = times(cell, raw);
            let length = ratio.min(LONGEST) / LONGEST * (WIDTH - LABELS - 130.0);
            let weight = if name.starts_with("orm") { " font-weight=\"bold\"" } else { "" };
            writeln!(
                bars,
                "<rect x=\"{LABELS}\" y=\"{y:.0}\" width=\"{length:.1}\" height=\"{:.0}\" fill=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{:.0}\"{weight}>{} {name}</text>",
                BAR - 2.0,
                LABELS + length + 5.0,
                y + BAR - 3.0,
                times_of(ratio),
            )?;
            y += BAR;
        }
        let middle = f64::midpoint(top, y);
        writeln!(
            bars,
            "<text class=\"workload\" x=\"{}\" y=\"{middle:.0}\" text-anchor=\"end\">{}</text>",
            LABELS - 10.0,
            raw.title()
        )?;
        y += 12.0;
    }
    if bars.is_empty() {
        return Ok(());
    }
    let line = LABELS + (WIDTH - LABELS - 130.0) / LONGEST;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y:.0}\" font-family=\"sans-serif\" font-size=\"9\" \
         fill=\"#334155\">\n<rect width=\"{WIDTH}\" height=\"{y:.0}\" fill=\"#ffffff\"/>\n\
         <style>.workload {{ font-size: 12px; fill: #0f172a }}</style>\n\
         <text x=\"10\" y=\"20\" font-size=\"15\" fill=\"#0f172a\">{}: times of the raw driver, shorter is better</text>\n\
         <line x1=\"{line:.1}\" x2=\"{line:.1}\" y1=\"34\" y2=\"{:.0}\" stroke=\"#0f172a\" stroke-dasharray=\"3 3\"/>\n{bars}</svg>\n",
        database.title,
        y - 8.0,
    );
    Ok(std::fs::write(path, svg)?)
}
