//! A PostgreSQL server of one's own, in a folder of its own, reached through a socket in it. For benchmarks; tests
//! include this file too.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server that ends with its value, however that ends.
pub struct Cluster {
    server: Child,
    folder: PathBuf,
    user: Option<(u32, u32)>,
}

/// A program of PostgreSQL: in the path, or where Debian puts it.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort();
    places.extend(debian.into_iter().rev());
    places.into_iter().map(|place| place.join(name)).find(|file| file.is_file())
}

/// Under whom the server runs: PostgreSQL refuses root.
fn user() -> Result<Option<(u32, u32)>, String> {
    if std::fs::metadata("/proc/self").map_err(|e| e.to_string())?.uid() != 0 {
        return Ok(None);
    }
    let known = std::fs::read_to_string("/etc/passwd").map_err(|e| e.to_string())?;
    let line =
        |name: &str| known.lines().find(|line| line.split(':').next() == Some(name)).map(str::to_owned);
    let line =
        line("postgres").or_else(|| line("nobody")).ok_or("neither postgres nor nobody is a user here")?;
    let mut fields = line.split(':').skip(2).map(str::parse);
    match (fields.next(), fields.next()) {
        (Some(Ok(user)), Some(Ok(group))) => Ok(Some((user, group))),
        _ => Err("the list of users cannot be read".to_owned()),
    }
}

fn command(program: &Path, user: Option<(u32, u32)>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null());
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}

impl Cluster {
    /// Starts a server in `folder`, which must be empty and is wiped at the end. `durable`: a commit waits for the disk.
    ///
    /// # Errors
    /// In words, why there is none.
    pub fn start(folder: &Path, durable: bool) -> Result<Self, String> {
        let initdb = program("initdb").ok_or("initdb is not installed")?;
        let postgres = program("postgres").ok_or("postgres is not installed")?;
        let user = user()?;
        if let Some((user, group)) = user {
            chown(folder, Some(user), Some(group)).map_err(|e| e.to_string())?;
        }
        let data = folder.join("data");
        let made = command(&initdb, user, folder)
            .args(["--username=baypass", "--auth=trust", "--encoding=UTF8", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .map_err(|e| e.to_string())?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let log = std::fs::File::create(folder.join("log")).map_err(|e| e.to_string())?;
        let fsync = if durable { "fsync=on" } else { "fsync=off" };
        let server = command(&postgres, user, folder)
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder)
            .args(["-c", "listen_addresses=", "-c", fsync, "-c", "max_connections=200"])
            .args(["-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|e| e.to_string())?;
        let mut cluster = Self { server, folder: folder.to_owned(), user };
        for _ in 0..300 {
            if cluster.is_up() {
                return Ok(cluster);
            }
            if matches!(cluster.server.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(cluster.folder.join("log")).unwrap_or_default();
        Err(format!("the server does not come up: {log}"))
    }

    fn is_up(&self) -> bool {
        let Some(ready) = program("pg_isready") else { return false };
        let asked = command(&ready, self.user, &self.folder).args(["-q", "-h"]).arg(&self.folder).status();
        asked.is_ok_and(|status| status.success())
    }

    /// The address of a database of this server.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://baypass@localhost/{database}?host={folder}")
    }

    /// Runs one of the server's own programs against a database, with more arguments; gives what it prints.
    ///
    /// # Errors
    /// In words, what it says.
    pub fn run(&self, name: &str, database: &str, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let program = program(name).ok_or_else(|| format!("{name} is not installed"))?;
        let output = command(&program, self.user, &self.folder)
            .args(["-U", "baypass", "-h"])
            .arg(&self.folder)
            .args(arguments)
            .arg(database)
            .output()
            .map_err(|e| e.to_string())?;
        if !output.status.success() {
            return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(output.stdout)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGQUIT ends the server with its workers at once; by its own id, and nobody else's.
        let _ = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        for _ in 0..100 {
            if matches!(self.server.try_wait(), Ok(Some(_)) | Err(_)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
