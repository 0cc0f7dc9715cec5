//! The task `test`: the whole workspace against every backend.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use crate::Result;
use crate::report::Report;
use crate::server::{self, Provisioned, Server};

/// Runs the tests which match the filters; its last line of output is the total.
pub(crate) fn run(filters: &[OsString]) -> Result<ExitCode> {
    let servers = server::provision();
    let backends = servers.iter().filter(|(server, _)| server.backend);
    let backends = backends.map(|(server, running)| (server.name, running.is_ok()));
    let mut report = Report::new(std::iter::once(("sqlite", true)).chain(backends));

    let status = cargo_test(filters, &servers, &mut report)?;

    println!();
    print!("{report}");
    for (server, why) in missing(&servers) {
        println!("{}", server.skipped(why));
    }
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
            Ok(running) => command.env(server.variable, &running.url),
            Err(_) => command.env_remove(server.variable),
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
        problems.extend(gaps(report, servers));
    }
    problems
}

/// What a developer may leave out, but not a run that decides about a change.
fn gaps(report: &Report, servers: &Provisioned) -> Vec<String> {
    let (required, excused): (Vec<_>, Vec<_>) = missing(servers).partition(|(server, _)| server.required);
    let mut gaps: Vec<_> = required
        .iter()
        .map(|(server, _)| format!("CI is set and there was no {} server", server.name))
        .collect();
    let excused: Vec<_> = excused.iter().map(|(server, _)| server.name).collect();
    let skipped = report.skipped_besides(&excused);
    if skipped > 0 {
        gaps.push(format!("CI is set and {skipped} skipped"));
    }
    gaps
}

/// The servers that were not to be had, and why.
fn missing(servers: &Provisioned) -> impl Iterator<Item = (&'static Server, &dyn Error)> {
    servers.iter().filter_map(|(server, running)| Some((*server, running.as_ref().err()?.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mariadb, mysql};

    const MARIADB: &Server = &mariadb::SERVER;
    const MYSQL: &Server = &mysql::SERVER;

    /// The gaps of a run with one case on each of them, where the first one's server was not to be had.
    fn gaps_without(server: &'static Server, other: &'static str) -> Vec<String> {
        let mut report = Report::new([(server.name, false), (other, true)]);
        report.read(&format!("test case::{}_sync ... ok", server.name));
        report.read(&format!("test case::{other}_sync ... ok"));
        gaps(&report, &vec![(server, Err("not to be had".into()))])
    }

    #[test]
    fn a_required_server_is_missed() {
        let missed = gaps_without(MARIADB, "mysql");
        assert_eq!(missed, ["CI is set and there was no mariadb server", "CI is set and 1 skipped"]);
    }

    #[test]
    fn another_one_is_not_nor_are_its_cases() {
        assert_eq!(gaps_without(MYSQL, "mariadb"), [""; 0]);
    }
}
