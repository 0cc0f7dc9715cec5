//! `target/bench.json`: everything that was measured.

use std::fmt::Write;
use std::path::Path;

use super::measure::Cell;
use crate::Result;

/// An array with an object for each contestant, workload and database; times in nanoseconds for the whole workload.
pub(crate) fn write(cells: &[Cell], path: &Path) -> Result<()> {
    let mut text = String::from("[\n");
    for (number, cell) in cells.iter().enumerate() {
        let Cell { database, workload, n, contestant, samples, counted } = cell;
        let comma = if number + 1 < cells.len() { "," } else { "" };
        writeln!(
            text,
            "  {{\"database\": \"{database}\", \"workload\": \"{workload}\", \"n\": {n}, \"contestant\": \"{contestant}\", \
             \"rounds\": {}, \"cpu_median\": {:.0}, \"cpu_fastest\": {:.0}, \"wall_median\": {:.0}, \"wall_fastest\": {:.0}, \
             \"allocations\": {}, \"peak_bytes\": {}}}{comma}",
            samples.len(),
            cell.median("cpu"),
            cell.fastest("cpu"),
            cell.median("wall"),
            cell.fastest("wall"),
            counted.allocations,
            counted.peak,
        )?;
    }
    text.push_str("]\n");
    Ok(std::fs::write(path, text)?)
}
