//! Runs a database server that cannot outlive this process.
//!
//! A server is started by a shell script, its guardian, which afterwards waits for the end of its standard
//! input and then stops the server and removes its files. The other end of that pipe is ours: it is closed
//! when we drop it, and the kernel closes it when we panic, are interrupted or are killed. So there is one
//! way to clean up, and it needs no signal handler.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Result;

/// A running guardian script; dropping it stops the server and waits until that is done.
pub(crate) struct Guardian {
    script: Child,
    said: String,
}

impl Guardian {
    /// Runs `script` with the programs of the folder `programs` and the given variables, until it prints
    /// a line that begins with `ready`.
    ///
    /// Database servers refuse to run as root, so root runs the script as somebody else.
    pub(crate) fn start(script: &str, programs: &Path, variables: &[(&str, String)]) -> Result<Self> {
        let mut command = command(script, programs, variables)?;
        if is_root()? {
            let (user, group) = server_user()?;
            command.uid(user).gid(group);
        }
        Self::run(command)
    }

    /// The same, but root stays root: for a server that can be told to bear it, and whose programs are where
    /// nobody else may be able to read them.
    pub(crate) fn start_as_we_are(
        script: &str,
        programs: &Path,
        variables: &[(&str, String)],
    ) -> Result<Self> {
        Self::run(command(script, programs, variables)?)
    }

    fn run(mut command: Command) -> Result<Self> {
        Self { script: command.spawn()?, said: String::new() }.ready()
    }

    fn ready(mut self) -> Result<Self> {
        let mut line = String::new();
        if let Some(output) = self.script.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let said = line.strip_prefix("ready").ok_or("the server did not start, see above")?;
        self.said = said.trim().to_owned();
        Ok(self)
    }

    /// What it had to say besides: the rest of that line.
    pub(crate) fn said(&self) -> &str {
        &self.said
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        // Waiting closes the standard input first.
        if let Err(why) = self.script.wait() {
            eprintln!("warning: a database server may still be running: {why}");
        }
    }
}

fn command(script: &str, programs: &Path, variables: &[(&str, String)]) -> Result<Command> {
    let mut command = Command::new("/bin/sh");
    command.args(["-euc", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.env_clear().env("PATH", search_path(programs)?).envs(variables.iter().cloned());
    if let Some(folder) = env::var_os("TMPDIR") {
        command.env("TMPDIR", folder);
    }
    // A group of its own spares it the interrupt from the terminal; the current folder may be closed
    // to the other user.
    command.process_group(0).current_dir("/");
    Ok(command)
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(id(&["-u"])? == 0)
}

fn server_user() -> Result<(u32, u32)> {
    let name = if id(&["-u", "postgres"]).is_ok() { "postgres" } else { "nobody" };
    Ok((id(&["-u", name])?, id(&["-g", name])?))
}

fn id(arguments: &[&str]) -> Result<u32> {
    let output = Command::new("id").args(arguments).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn search_path(first: &Path) -> Result<OsString> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let rest = env::split_paths(&inherited);
    Ok(env::join_paths(std::iter::once(PathBuf::from(first)).chain(rest))?)
}
