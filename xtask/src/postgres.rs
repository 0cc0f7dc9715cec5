//! A throw-away `PostgreSQL` server: installed if need be, on a free loopback port, in a temporary folder.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;
use crate::guardian::{self, Guardian};
use crate::server::{self, Running, Server};

/// `PostgreSQL`, as the report and the tests know it.
pub(crate) const SERVER: Server = Server { backend: "postgres", variable: "ORM_TEST_POSTGRES", start };

/// The guardian script. A password is asked for on every connection, because tests log in with wrong ones;
/// nothing is synced to disk, because nothing has to survive a crash.
const SCRIPT: &str = r#"
pattern=orm-postgres.XXXXXX
folder=$(mktemp -d "${TMPDIR:-/tmp}/$pattern" 2>/dev/null || mktemp -d "/tmp/$pattern")
data=$folder/data log=$folder/log server=

clean_up() {
    set +e
    kill -QUIT $server && wait $server
    rm -rf "$folder"
}
trap 'clean_up 2>/dev/null' EXIT
trap exit HUP INT TERM
trap '' PIPE

echo "$PASSWORD" | initdb --pgdata="$data" --username=postgres --pwfile=/dev/stdin \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >/dev/null

cat >>"$data/postgresql.conf" <<END
port = $PORT
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
END

postgres -D "$data" >"$log" 2>&1 &
server=$!
until grep -q '^ready' "$data/postmaster.pid" 2>/dev/null; do
    kill -0 $server 2>/dev/null || { cat "$log" >&2; exit 1; }
    sleep 0.1
done
echo ready
read -r _ || :
"#;

fn start() -> Result<Running> {
    let programs = find_or_install()?;
    let (port, password) = (server::free_port()?, server::password()?);
    let url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
    let variables = [("PORT", port.to_string()), ("PASSWORD", password)];
    let guardian = Guardian::start(SCRIPT, &programs, &variables)?;
    Ok(Running { url, _guardian: Some(guardian) })
}

fn find_or_install() -> Result<PathBuf> {
    if let Some(programs) = find() {
        return Ok(programs);
    }
    install()?;
    find().ok_or_else(|| "PostgreSQL was installed, but initdb and postgres are nowhere".into())
}

/// The folder of the server's programs: one on the search path, else the newest version that Debian has
/// put aside.
fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).find(|folder| is_complete(folder)).or_else(newest_version)
}

fn newest_version() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let folders = versions.map(|version| version.path().join("bin"));
    folders.filter(|folder| is_complete(folder)).max_by_key(|folder| version_of(folder))
}

fn version_of(programs: &Path) -> Option<u32> {
    programs.parent()?.file_name().and_then(OsStr::to_str)?.split('.').next()?.parse().ok()
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
}

fn install() -> Result<()> {
    if !guardian::is_root()? {
        return Err("PostgreSQL is not installed: install its server or set ORM_TEST_POSTGRES".into());
    }
    eprintln!("installing PostgreSQL ...");
    without_system_server(|| {
        apt_get(&["update"])?;
        apt_get(&["install", "--yes", "--no-install-recommends", "postgresql"])
    })
}

/// Debian's package would create and start a server of its own.
fn without_system_server(install: impl FnOnce() -> Result<()>) -> Result<()> {
    let settings = Path::new("/etc/postgresql-common/createcluster.d");
    let forbid = settings.join("xtask.conf");
    fs::create_dir_all(settings)?;
    fs::write(&forbid, "create_main_cluster = false\n")?;
    let installed = install();
    fs::remove_file(forbid)?;
    installed
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    let status = command.stdin(Stdio::null()).stdout(io::stderr()).status();
    match status.map_err(|why| format!("PostgreSQL is not installed and apt-get does not run: {why}"))? {
        status if status.success() => Ok(()),
        status => {
            Err(format!("PostgreSQL is not installed and apt-get {} ended with {status}", arguments[0])
                .into())
        }
    }
}
