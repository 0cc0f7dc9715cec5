//! Guesses which word was meant.

/// The known word that is so near to this one that it must have been meant.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let far_enough = |known: &str| known.len() / 3 + 1;
    let near = known.iter().map(|&known| (distance(word, known), known));
    near.filter(|&(distance, known)| distance <= far_enough(known)).min().map(|(_, known)| known)
}

/// How many letters must be added, taken away, replaced, or swapped with the next one to turn one word into the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    // `rows[i][j]` is the distance between the first i letters of one word and the first j of the other.
    let mut rows = vec![(0..=to.len()).collect::<Vec<_>>()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
            let swap = if swapped { rows[i - 2][j - 2] + 1 } else { usize::MAX };
            row.push(replaced.min(swap).min(rows[i - 1][j] + 1).min(row[j - 1] + 1));
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("key", "key"), 0);
        assert_eq!(distance("uniqe", "unique"), 1);
        assert_eq!(distance("kye", "key"), 1);
        assert_eq!(distance("collumns", "column"), 2);
        assert_eq!(distance("", "auto"), 4);
        assert_eq!(distance("auto", ""), 4);
    }

    #[test]
    fn only_a_near_miss_is_suggested() {
        let known = ["key", "auto", "unique", "index", "default", "column"];
        assert_eq!(nearest("uniqe", &known), Some("unique"));
        assert_eq!(nearest("defualt", &known), Some("default"));
        assert_eq!(nearest("indexed", &known), Some("index"));
        assert_eq!(nearest("primary_key", &known), None);
        assert_eq!(nearest("nullable", &known), None);
        assert_eq!(nearest("a", &known), None);
    }
}
