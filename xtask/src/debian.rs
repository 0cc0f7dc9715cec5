//! Programs that are there already, and Debian's packages for those that are not.

pub(crate) mod unstable;

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{Result, guardian};

/// Where a program is: on the search path, or where Debian keeps what is only for administrators.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Installs a package, if we may; else says how to do without.
pub(crate) fn install(program: &str, package: &str, variable: &str) -> Result<()> {
    if !guardian::is_root()? {
        return Err(format!("{program} is not installed: install it or set {variable}").into());
    }
    eprintln!("installing {program} ...");
    apt_get(program, &["update"])?;
    apt_get(program, &["install", "--yes", "--no-install-recommends", package])
}

fn apt_get(program: &str, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    let status = command.stdin(Stdio::null()).stdout(io::stderr()).status();
    match status.map_err(|why| format!("{program} is not installed and apt-get does not run: {why}"))? {
        status if status.success() => Ok(()),
        status => {
            Err(format!("{program} is not installed and apt-get {} ended with {status}", arguments[0]).into())
        }
    }
}
