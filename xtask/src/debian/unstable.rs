//! Packages of Debian's unstable distribution, unpacked in a folder instead of installed: for what the system's own packages do
//! not have, or not beside others.
//!
//! They are unpacked with all that they depend on, down to the C library, and their programs are run with the loader that is
//! among it. It takes an apt of our own, with its own lists and nothing installed, and neither root nor a change to the system.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Sees to it that a package and what it needs are in `folder`; one that is there is taken as it is, whatever has become newer.
pub(crate) fn unpack(package: &str, folder: &Path) -> Result<()> {
    let (lock, part) = (folder.with_extension("lock"), folder.with_extension("part"));
    fs::create_dir_all(folder.parent().unwrap_or(folder))?;
    let lock = File::create(lock)?;
    lock.lock()?;
    if folder.is_dir() {
        return Ok(());
    }
    eprintln!("downloading {package} from Debian unstable, once ...");
    remove(&part)?;
    let unpacked = Apt::new(&part)?.download(package).and_then(|files| extract(&files, &part.join("root")));
    if unpacked.is_ok() {
        fs::rename(part.join("root"), folder)?;
    }
    remove(&part)?;
    unpacked
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(why) if why.kind() != ErrorKind::NotFound => Err(why.into()),
        _ => Ok(()),
    }
}

fn extract(files: &[PathBuf], root: &Path) -> Result<()> {
    fs::create_dir(root)?;
    files.iter().try_for_each(|file| run(Command::new("dpkg-deb").arg("--extract").args([file, root])))
}

/// An apt that knows of unstable alone, and of no package that is installed.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("lists/partial"))?;
        fs::create_dir_all(folder.join("cache/archives/partial"))?;
        fs::write(folder.join("installed"), "")?;
        let source = format!("deb [signed-by={KEYRING}] {} sid main\n", mirror());
        fs::write(folder.join("sources.list"), source)?;
        Ok(Self { folder: folder.to_path_buf() })
    }

    /// The files of a package and of all that it depends on.
    fn download(&self, package: &str) -> Result<Vec<PathBuf>> {
        self.get(&["update"])?;
        self.get(&["install", "--download-only", "--yes", "--no-install-recommends", package])?;
        let files = fs::read_dir(self.folder.join("cache/archives"))?;
        let files = files.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
        Ok(files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "deb")).collect())
    }

    /// The rest of the machine's configuration stays, which knows the proxy.
    fn get(&self, arguments: &[&str]) -> Result<()> {
        let at = |name: &str| self.folder.join(name).display().to_string();
        let options = [
            ("Dir::Etc::SourceList", at("sources.list")),
            ("Dir::Etc::SourceParts", "/dev/null".to_owned()),
            ("Dir::Etc::Preferences", "/dev/null".to_owned()),
            ("Dir::Etc::PreferencesParts", "/dev/null".to_owned()),
            ("Dir::State", at("")),
            ("Dir::State::Lists", at("lists")),
            ("Dir::State::Status", at("installed")),
            ("Dir::Cache", at("cache")),
            ("APT::Default-Release", String::new()),
            ("APT::Sandbox::User", "root".to_owned()),
            ("APT::Update::Error-Mode", "any".to_owned()),
            ("Acquire::Languages", "none".to_owned()),
            ("Acquire::Retries", "1".to_owned()),
            ("Acquire::http::Timeout", "15".to_owned()),
            ("Acquire::https::Timeout", "15".to_owned()),
        ];
        let options = options.iter().flat_map(|(name, value)| ["-o".to_owned(), format!("{name}={value}")]);
        run(Command::new("apt-get").args(options).args(arguments))
    }
}

/// Where the machine gets its Debian from, if it is one.
fn mirror() -> String {
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]);
    let output = command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let first = output.ok().and_then(|output| Some(output.lines().next()?.to_owned()));
    first.unwrap_or_else(|| "http://deb.debian.org/debian".to_owned())
}

/// Runs a program which says only what goes wrong.
fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().display().to_string();
    command.env("LC_ALL", "C").env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    let output = command.output().map_err(|why| format!("{program} does not run: {why}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said.lines().find(|line| line.starts_with("E: ")).or(said.lines().last()).unwrap_or_default();
    Err(format!("{program} ended with {}: {why}", output.status).into())
}
