//! ARCHITECTURE.md is true: the paths that it names exist, and the layers of the core use only those below them.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn every_path_that_it_names_exists() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let quoted = text.split('`').skip(1).step_by(2);
    let paths: Vec<_> = quoted.filter(|word| word.contains('/') && !word.contains([' ', ':'])).collect();
    assert!(paths.len() > 30);
    for path in paths {
        assert!(root().join(path).exists(), "{path} does not exist");
    }
}

const LAYERS: [&[&str]; 9] = [
    &["error", "value"],
    &["types"],
    &["metadata"],
    &["query"],
    &["driver"],
    &["result"],
    &["engine"],
    &["model"],
    &["session"],
];

#[test]
fn each_layer_uses_only_those_below() {
    let source = root().join("orm-core/src");
    for (height, layer) in LAYERS.iter().enumerate() {
        let above: Vec<_> = LAYERS[height + 1..].concat();
        for module in *layer {
            for file in files(&source, module) {
                let text = std::fs::read_to_string(&file).unwrap();
                // Tests may look at anything, and documentation may link to it.
                let code = text.split("#[cfg(test)]").next().unwrap();
                let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                for name in &above {
                    assert!(!code.contains(&format!("crate::{name}::")), "{} uses {name}", file.display());
                }
            }
        }
    }
}

/// A module's file and those in its folder.
fn files(source: &Path, module: &str) -> Vec<PathBuf> {
    let mut files = vec![source.join(module).with_extension("rs")];
    let mut folders = vec![source.join(module)];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}
