//! A small language for running the program: `rungs().file("rungs.yaml", "...").run(&["assess", "."])`. The
//! working directory is always a temporary folder and the environment is empty, so outputs need no masking.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A temporary folder in which the program runs.
pub struct Rungs {
    folder: TempDir,
}

/// What a run gave.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

pub fn rungs() -> Rungs {
    Rungs { folder: TempDir::new().unwrap() }
}

/// The repository's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the sample quarter.
pub fn sample() -> PathBuf {
    root().join("samples/meridian/2026-q2")
}

impl Rungs {
    /// Writes a file.
    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Writes a file that is no text.
    pub fn bytes(self, name: &str, bytes: &[u8]) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// Copies a folder of the repository.
    pub fn copy(self, from: &Path, to: &str) -> Self {
        for entry in walkdir::WalkDir::new(from) {
            let entry = entry.unwrap();
            let target = self.path(to).join(entry.path().strip_prefix(from).unwrap());
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(target).unwrap();
            } else {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
        self
    }

    pub fn remove(self, name: &str) -> Self {
        let path = self.path(name);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn run(&self, args: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_rungs"))
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .output()
            .unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs, and hands the folder on to what comes next.
    pub fn then(self, args: &[&str]) -> (Self, Run) {
        let run = self.run(args);
        (self, run)
    }

    /// Assesses a folder and reads the record; the run must end well.
    pub fn assess(&self, folder: &str) -> serde_json::Value {
        let run = self.run(&["assess", folder, "-o", "out", "--as-of", "2026-06-30", "--report", "json", "-q"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        self.record("out")
    }

    /// The record in an output folder.
    pub fn record(&self, output: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(&format!("{output}/assessment.json"))).unwrap()
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
}

/// A credential report with the given lines.
pub fn credential_report(lines: &[&str]) -> String {
    let header = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
                  password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
                  access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
                  access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
                  access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,\
                  cert_2_active,cert_2_last_rotated";
    std::iter::once(header).chain(lines.iter().copied()).collect::<Vec<_>>().join("\n")
}

/// A line of a credential report: a user with one active key made on a day.
pub fn user_with_key(name: &str, made: &str) -> String {
    format!(
        "{name},arn:aws:iam::111122223333:user/{name},2020-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,true,\
         {made}T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
    )
}
