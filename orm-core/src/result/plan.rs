//! How a database runs a statement, as it says itself.

use std::collections::HashMap;
use std::fmt;

use crate::Result;
use crate::result::ResultSet;

/// How the database would run a statement, or has run it, as lines of text in the words of the database; what
/// `explain` and `explain_analyze` give. It displays as its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    lines: Vec<String>,
}

impl Plan {
    /// A plan that came as lines, or as a tree.
    pub(crate) fn read(mut result: ResultSet, tree: bool) -> Result<Self> {
        let lines = if tree {
            indented(result.all()?)
        } else {
            let texts: Vec<String> = result.scalars()?;
            texts.iter().flat_map(|text| text.lines()).map(str::to_owned).collect()
        };
        Ok(Self { lines })
    }

    /// Its lines; what a step takes its rows from is indented below it.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

/// The nodes of a tree, each after its parent and two spaces further to the right.
fn indented(nodes: Vec<(i64, i64, i64, String)>) -> Vec<String> {
    let mut depths = HashMap::new();
    let line = |(number, parent, _, text)| {
        let depth = depths.get(&parent).map_or(0, |depth| depth + 1);
        depths.insert(number, depth);
        format!("{}{text}", "  ".repeat(depth))
    };
    nodes.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_indented_below_their_parents() {
        let nodes = [(3, 0, 0, "A"), (5, 3, 0, "B"), (9, 5, 0, "C"), (12, 3, 0, "D"), (20, 0, 0, "E")];
        let nodes = nodes.map(|(number, parent, unused, text)| (number, parent, unused, text.to_owned()));
        assert_eq!(indented(nodes.to_vec()), ["A", "  B", "    C", "  D", "E"]);
    }
}
