//! The numbered behaviours of the session's contract: each is cited by a test that shows it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The areas whose tests are to be complete, and how many behaviours each has.
const AREAS: [(&str, u32); 13] = [
    ("STA", 8),
    ("IDM", 4),
    ("FLU", 16),
    ("EXP", 8),
    ("COM", 12),
    ("MRG", 6),
    ("KEY", 4),
    ("CYC", 4),
    ("VER", 6),
    ("BLK", 5),
    ("CAS", 10),
    ("REL", 10),
    ("EAG", 9),
];

#[test]
fn every_behaviour_of_the_session_is_shown_by_a_test() {
    let mut cited = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), &mut cited);
    let all =
        AREAS.iter().flat_map(|(area, count)| (1..=*count).map(move |number| format!("{area}-{number}")));
    let missing: Vec<_> = all.filter(|behaviour| !cited.contains(behaviour)).collect();
    assert!(missing.is_empty(), "{missing:?} are not shown");
}

/// Citations stand in comments: `/// [FLU-2]`, `/// [STA-1, STA-6] …`.
fn collect(place: &Path, cited: &mut BTreeSet<String>) {
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, cited);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for line in text.lines().map(str::trim_start).filter(|line| line.starts_with("//")) {
                let brackets = line.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
                cited.extend(brackets.flat_map(|(inside, _)| inside.split(", ").map(str::to_owned)));
            }
        }
    }
}
