//! The programs that compete, and the conversation with them.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::{root, target};
use crate::Result;

/// Every contestant; the first is the floor, the next what nobody should have to bear, then this library in its forms, then its
/// peers.
pub(crate) const NAMES: [&str; 12] = [
    "raw",
    "row-by-row",
    "orm",
    "orm-rows",
    "orm-async",
    "orm-async-rows",
    "diesel",
    "diesel-async",
    "sqlx",
    "seaorm",
    "toasty",
    "sqlalchemy",
];

/// Contestants that share a program.
struct Family {
    name: &'static str,
    contestants: &'static [&'static str],
    /// Where its workspace is, in `benches/`.
    folder: &'static str,
    program: &'static str,
}

const FAMILIES: [Family; 5] = [
    Family {
        name: "orm",
        contestants: &["raw", "row-by-row", "orm", "orm-rows", "orm-async", "orm-async-rows"],
        folder: "",
        program: "bench-orm",
    },
    Family {
        name: "diesel",
        contestants: &["diesel", "diesel-async"],
        folder: "diesel",
        program: "bench-diesel",
    },
    Family { name: "sqlx", contestants: &["sqlx", "seaorm"], folder: "sqlx", program: "bench-sqlx" },
    Family { name: "toasty", contestants: &["toasty"], folder: "toasty", program: "bench-toasty" },
    Family {
        name: "sqlalchemy",
        contestants: &["sqlalchemy"],
        folder: "sqlalchemy",
        program: "contestant.py",
    },
];

/// What one piece of work cost: nanoseconds, and what the allocator counted.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: u64,
    pub(crate) cpu: u64,
    pub(crate) allocations: u64,
    pub(crate) peak: u64,
}

/// One of them.
#[derive(Clone, Copy)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    program: usize,
}

/// All that could be built.
pub(crate) struct Contestants {
    programs: Vec<Program>,
    all: Vec<Contestant>,
}

struct Program {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// glibc hands memory back to the kernel and fetches it again by chance of sizes and order, which would be much of what is
/// measured; so it keeps what it is given back, for everyone.
const KEEP_MEMORY: [(&str, &str); 3] = [
    ("MALLOC_TRIM_THRESHOLD_", "2000000000"),
    ("MALLOC_MMAP_THRESHOLD_", "2000000000"),
    ("MALLOC_TOP_PAD_", "64000000"),
];

impl Contestants {
    /// Builds and starts those that are wanted. The raw driver always is: all others are measured by it.
    pub(crate) fn build(wanted: impl Fn(&str) -> bool) -> Result<Self> {
        let mut commands = Vec::new();
        for family in FAMILIES {
            let names: Vec<_> =
                family.contestants.iter().copied().filter(|&name| name == "raw" || wanted(name)).collect();
            if names.is_empty() {
                continue;
            }
            let command = match family.name {
                "sqlalchemy" => python(&family),
                _ => cargo(&family).map(Command::new),
            };
            commands.push((family, names, command));
        }
        if let Err(why) = share_one_processor() {
            eprintln!("warning: not bound to one processor, so servers' times will vary by a factor: {why}");
        }
        let mut built = Self { programs: Vec::new(), all: Vec::new() };
        for (family, names, command) in commands {
            match command.and_then(Program::start) {
                Ok(program) => {
                    let program = (built.programs.push(program), built.programs.len() - 1).1;
                    built.all.extend(names.into_iter().map(|name| Contestant { name, program }));
                }
                Err(why) if family.name == "orm" => return Err(why),
                Err(why) => eprintln!("{} SKIPPED: {why}", family.name.to_uppercase()),
            }
        }
        Ok(built)
    }

    pub(crate) fn all(&self) -> Vec<Contestant> {
        self.all.clone()
    }

    /// Has a contestant do a piece of work; `None` if it does not offer that.
    pub(crate) fn work(
        &mut self,
        contestant: Contestant,
        place: &str,
        workload: &str,
        n: u64,
        counts: bool,
    ) -> Result<Option<Cost>> {
        let request = format!("work {} {place} {workload} {n} {}", contestant.name, u8::from(counts));
        let answer = self.programs[contestant.program].ask(&request)?;
        if answer == "none" {
            return Ok(None);
        }
        let numbers: HashMap<_, _> = answer.split(' ').filter_map(|word| word.split_once('=')).collect();
        let number = |name: &str| -> Result<u64> {
            let digits = numbers.get(name).ok_or_else(|| format!("{request} was answered by {answer:?}"))?;
            Ok(digits.parse()?)
        };
        Ok(Some(Cost {
            wall: number("wall")?,
            cpu: number("cpu")?,
            allocations: number("allocations")?,
            peak: number("peak")?,
        }))
    }
}

impl Program {
    fn start(mut command: Command) -> Result<Self> {
        let mut child = command.envs(KEEP_MEMORY).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let answers = BufReader::new(answers.ok_or("no standard output")?);
        Ok(Self { child, requests, answers })
    }

    fn ask(&mut self, request: &str) -> Result<String> {
        let requests = self.requests.as_mut().ok_or("no standard input")?;
        writeln!(requests, "{request}")?;
        requests.flush()?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Err(format!("{request}: the contestant has died, see above").into());
        }
        Ok(answer.trim_end().to_owned())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.requests.take());
        if let Err(why) = self.child.wait() {
            eprintln!("warning: a contestant may still be running: {why}");
        }
    }
}

/// From here on, this process and those that it starts share one processor. The two ends of a connection take turns, and
/// whether the kernel has them do so on one processor or on two, which it has to wake each time, is chance, and a factor of three.
fn share_one_processor() -> Result<()> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let allowed = allowed.ok_or("the kernel does not say which processors there are")?.trim_start();
    let first = allowed.split(|c: char| !c.is_ascii_digit()).next().unwrap_or(allowed);
    let arguments = ["--pid", "--cpu-list", first, &std::process::id().to_string()];
    let output = Command::new("taskset").args(arguments).output().map_err(|why| format!("taskset: {why}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().into());
    }
    Ok(())
}

/// Builds a family's program, which takes minutes the first time.
fn cargo(family: &Family) -> Result<PathBuf> {
    let manifest = root().join("benches").join(family.folder).join("Cargo.toml");
    let folder = target().join("benches").join(family.name);
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--bin", family.program, "--manifest-path"])
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&folder)
        .stdin(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(format!("{} could not be built: {status}", manifest.display()).into());
    }
    Ok(folder.join("release").join(family.program))
}

/// Python in an environment of its own with what the contestant needs.
fn python(family: &Family) -> Result<Command> {
    let folder = root().join("benches").join(family.folder);
    let environment = target().join("benches").join(family.name);
    let program = environment.join("bin/python");
    if !program.exists() {
        done(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    let requirements = folder.join("requirements.txt");
    done(Command::new(&program).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&requirements))?;
    let mut command = Command::new(program);
    command.arg(folder.join(family.program));
    Ok(command)
}

fn done(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{}: {status}", Path::new(command.get_program()).display()).into())
    }
}
