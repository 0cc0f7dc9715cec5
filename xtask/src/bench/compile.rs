//! `cargo xtask bench compile`: what it costs to build the same small program with each library, and many models.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use super::table::aligned;
use super::{Options, folder, models, root};
use crate::Result;

/// The libraries, by their folders in `benches/compile/`.
const LIBRARIES: [&str; 6] = ["rusqlite", "orm", "diesel", "sqlx", "seaorm", "toasty"];

/// Those for which many models are generated.
const MODELS: [&str; 4] = ["orm", "diesel", "seaorm", "toasty"];

struct Build {
    cpu: f64,
    wall: f64,
}

/// Prints both tables. Sources are fetched before, so the network is not measured.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let wanted = |name: &&&str| options.wants(&LIBRARIES, name);
    let heading = ["", "CPU seconds", "seconds", "crates", "binary, MB"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    for &library in LIBRARIES.iter().filter(wanted) {
        let source = root().join("benches/compile").join(library);
        let build = folder("compile")?;
        cargo(&source, &build, &["fetch", "--locked"])?;
        let debug = timed(&source, &build, &["build", "--locked", "--offline"])?;
        cargo(
            &source,
            &build,
            &["build", "--locked", "--offline", "--release", "--config", "profile.release.strip=true"],
        )?;
        let size = fs::metadata(build.join("release").join(format!("compile-{library}")))?.len();
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        let size = size as f64 / 1_048_576.0;
        let crates = crates(&source)?.to_string();
        rows.push(vec![
            library.to_owned(),
            seconds(debug.cpu),
            seconds(debug.wall),
            crates,
            format!("{size:.1}"),
        ]);
    }
    print!(
        "\nClean debug build of the same small program, SQLite alone; the binary is a release build, stripped\n{}",
        aligned(&rows)
    );
    many_models(options)?;
    Ok(ExitCode::SUCCESS)
}

/// The dependencies are built before: what is measured is the program, whose models are new.
fn many_models(options: &Options) -> Result<()> {
    let counts: &[usize] = if options.quick { &[10, 100] } else { &[10, 100, 500] };
    let heading = std::iter::once(String::new()).chain(counts.iter().map(|count| format!("{count} models")));
    let mut rows = vec![heading.collect::<Vec<_>>()];
    for &library in MODELS.iter().filter(|name| options.wants(&LIBRARIES, name)) {
        let build = folder("compile")?;
        let project = folder("compile-models")?;
        copy(&root().join("benches/compile").join(library), &project)?;
        let mut row = vec![library.to_owned()];
        cargo(&project, &build, &["build", "--locked", "--offline"])?;
        for &count in counts {
            fs::write(project.join("src/main.rs"), models::write(library, count))?;
            let built = timed(&project, &build, &["build", "--locked", "--offline"])?;
            row.push(format!("{} s ({} s CPU)", seconds(built.wall), seconds(built.cpu)));
        }
        rows.push(row);
    }
    print!("\nDebug build of so many models, dependencies built before: seconds\n{}", aligned(&rows));
    Ok(())
}

/// The small program's folder, whose manifest may name other folders from where it is.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.join("src"))?;
    let manifest = fs::read_to_string(from.join("Cargo.toml"))?;
    let here = format!("path = \"{}/", root().display());
    fs::write(to.join("Cargo.toml"), manifest.replace("path = \"../../../", &here))?;
    fs::copy(from.join("src/main.rs"), to.join("src/main.rs"))?;
    fs::copy(from.join("Cargo.lock"), to.join("Cargo.lock"))?;
    Ok(())
}

fn command(source: &Path, build: &Path, arguments: &[&str]) -> String {
    let (task, rest) = arguments.split_first().map_or(("", &[][..]), |(task, rest)| (*task, rest));
    let target = if task == "fetch" { String::new() } else { format!("--target-dir '{}'", build.display()) };
    format!(
        "CARGO_INCREMENTAL=0 cargo {task} --quiet --manifest-path '{}/Cargo.toml' {target} {}",
        source.display(),
        rest.join(" ")
    )
}

fn cargo(source: &Path, build: &Path, arguments: &[&str]) -> Result<()> {
    let status = Command::new("bash")
        .args(["-c", &command(source, build, arguments)])
        .stdin(Stdio::null())
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", source.display()).into()) }
}

/// The shell knows how long its children have worked.
fn timed(source: &Path, build: &Path, arguments: &[&str]) -> Result<Build> {
    let script = format!("set -e; time -p ( {} )", command(source, build, arguments));
    let output = Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}: {said}", source.display()).into());
    }
    let number = |name: &str| -> Result<f64> {
        let line = said.lines().rev().find_map(|line| line.strip_prefix(name));
        Ok(line.ok_or("the shell did not say how long it took")?.trim().parse()?)
    };
    Ok(Build { cpu: number("user")? + number("sys")?, wall: number("real")? })
}

/// How many packages are compiled for it, itself included.
fn crates(source: &Path) -> Result<usize> {
    let script = format!(
        "cargo tree --locked --offline --manifest-path '{}/Cargo.toml' --edges normal,build --prefix none --format '{{p}}' \
         | sed 's/ (\\*)$//' | sort --unique | wc --lines",
        source.display()
    );
    let output = Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn seconds(number: f64) -> String {
    format!("{number:.1}")
}
