//! The task `test`: the whole workspace against every backend.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use crate::Result;
use crate::report::Report;
use crate::server::{self, Provisioned};

/// Runs the tests which match the filters; its last line of output is the total.
pub(crate) fn run(filters: &[OsString]) -> Result<ExitCode> {
    let servers = server::provision();
    let backends = servers.iter().filter(|(server, _)| server.backend);
    let backends = backends.map(|(server, running)| (server.name, running.is_some()));
    let mut report = Report::new(std::iter::once(("sqlite", true)).chain(backends));

    let status = cargo_test(filters, &servers, &mut report)?;

    println!();
    print!("{report}");
    let problems = problems(&report, status, &servers);
    for problem in &problems {
        eprintln!("error: {problem}");
    }
    println!("{}", report.total());
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn cargo_test(filters: &[OsString], servers: &Provisioned, report: &mut Report) -> Result<ExitStatus> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--workspace", "--no-fail-fast", "--"]).args(filters);
    for (server, running) in servers {
        match running {
            Some(running) => command.env(server.variable, &running.url),
            None => command.env_remove(server.variable),
        };
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    if let Some(output) = child.stdout.take() {
        echo(output, report)?;
    }
    Ok(child.wait()?)
}

fn echo(output: impl Read, report: &mut Report) -> Result<()> {
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        report.read(&line);
    }
    Ok(())
}

/// Why the run does not count as a success.
fn problems(report: &Report, status: ExitStatus, servers: &Provisioned) -> Vec<String> {
    let (total, misread) = (report.total(), report.misread());
    let mut problems = Vec::new();
    if total.failed > 0 {
        problems.push(format!("{} failed", total.failed));
    } else if !status.success() {
        problems
            .push(format!("cargo test: {status}; a target did not compile or a test binary died, see above"));
    }
    if misread > 0 {
        problems.push(format!("the count is off by {misread} from what the test binaries say"));
    }
    if total.passed + total.failed == 0 {
        problems.push("no test has run".to_owned());
    }
    if env::var_os("CI").is_some() {
        problems.extend(gaps(total.skipped, servers));
    }
    problems
}

/// What a developer may leave out, but not a run that decides about a change.
fn gaps(skipped: usize, servers: &Provisioned) -> Vec<String> {
    let missing = servers.iter().filter(|(_, running)| running.is_none());
    let mut gaps: Vec<_> =
        missing.map(|(server, _)| format!("CI is set and there was no {} server", server.name)).collect();
    if skipped > 0 {
        gaps.push(format!("CI is set and {skipped} skipped"));
    }
    gaps
}
