//! Programs that are started: how one is found, and which environment variables it gets.

use ferrule_wire::providers;
use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Command,
};

/// What programs need to run, to find their own files, and to reach the network. A `*` at the end matches any text.
/// Names are compared ignoring case, as on Windows.
const NEEDED: &[&str] = &[
    "ALLUSERSPROFILE",
    "ALL_PROXY",
    "APPDATA",
    "COLORTERM",
    "COMPUTERNAME",
    "COMSPEC",
    "CONDA_PREFIX",
    "CURL_CA_BUNDLE",
    "DYLD_LIBRARY_PATH",
    "HOME",
    "HOMEDRIVE",
    "HOMEPATH",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LD_LIBRARY_PATH",
    "LOCALAPPDATA",
    "LOGNAME",
    "NODE_EXTRA_CA_CERTS",
    "NO_COLOR",
    "NO_PROXY",
    "NUMBER_OF_PROCESSORS",
    "OS",
    "PATH",
    "PATHEXT",
    "PROCESSOR_*",
    "PROGRAMDATA",
    "PROGRAMFILES*",
    "PYTHON*",
    "REQUESTS_CA_BUNDLE",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "USERNAME",
    "USERPROFILE",
    "VIRTUAL_ENV",
    "WINDIR",
    "XDG_*",
];

/// Whether `name` is a variable that any program gets, or that this one needs according to `own` (`CURSOR_*`).
pub fn needs_variable(name: &str, own: &[&str]) -> bool {
    let is = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(beginning) => name.get(..beginning.len()).is_some_and(|it| it.eq_ignore_ascii_case(beginning)),
        None => name.eq_ignore_ascii_case(pattern),
    };
    NEEDED.iter().any(is) || own.iter().any(is)
}

/// Whether the variable `name` holds a provider's key. A program that fetches another key does not need it.
pub fn is_key_variable(name: &str) -> bool {
    providers::all().iter().any(|row| row.key_variables.contains(&name))
}

/// A command that starts `program`, with only those of this process's variables for which `needed` holds.
pub(crate) fn command(program: &str, needed: impl Fn(&str) -> bool) -> Option<Command> {
    let mut command = Command::new(find(program)?);
    command.env_clear();
    command.envs(env::vars_os().filter(|(name, _)| name.to_str().is_some_and(&needed)));
    Some(command)
}

/// The file of `program`: itself if it is a path, else found in the directories of `PATH`. The working directory is
/// never searched, even if `PATH` contains it as `.`, an empty entry or a relative path: it may not be trustworthy.
pub fn find(program: &str) -> Option<PathBuf> {
    search(program, env::var_os("PATH").as_deref(), &extensions())
}

fn search(program: &str, directories: Option<&OsStr>, extensions: &[OsString]) -> Option<PathBuf> {
    if program.is_empty() {
        return None;
    }
    let path = Path::new(program);
    let with_extensions = |path: PathBuf| {
        let extended = extensions.iter().map(move |extension| {
            let mut name = path.clone().into_os_string();
            name.push(extension);
            PathBuf::from(name)
        });
        extended.into_iter().find(|path| can_run(path))
    };
    if path.components().count() > 1 || path.is_absolute() {
        return with_extensions(path.to_owned());
    }
    env::split_paths(directories?)
        .filter(|directory| directory.is_absolute())
        .find_map(|directory| with_extensions(directory.join(path)))
}

/// The extensions that may be added to the name.
fn extensions() -> Vec<OsString> {
    let mut extensions = vec![OsString::new()];
    if cfg!(windows) {
        let given = env::var("PATHEXT").unwrap_or_else(|_| ".COM;.EXE;.BAT;.CMD".to_owned());
        extensions.extend(given.split(';').filter(|extension| !extension.is_empty()).map(OsString::from));
    }
    extensions
}

#[cfg(unix)]
fn can_run(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|status| status.is_file() && status.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn can_run(path: &Path) -> bool {
    // Without an extension it could not be started.
    path.is_file() && path.extension().is_some()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt as _};

    fn program(directory: &Path) -> PathBuf {
        fs::create_dir_all(directory).unwrap();
        let path = directory.join("a-program");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn the_working_directory_is_never_searched() {
        // The working directory of tests is the package's.
        let here = env::current_dir().unwrap();
        let folder = here.join(format!("../../target/test-programs-{}", std::process::id()));
        let (inside, elsewhere) = (program(&here), program(&folder));
        let relative = Path::new("../../target").join(folder.file_name().unwrap());
        let find = |path: &str| search("a-program", Some(OsStr::new(path)), &[OsString::new()]);
        let found: Vec<_> =
            ["", ".", ":", "./", relative.to_str().unwrap()].into_iter().filter_map(find).collect();
        let absolute = find(&format!(".::{}", folder.display()));
        let named = search("./a-program", None, &[OsString::new()]);
        fs::remove_file(inside).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found, Vec::<PathBuf>::new());
        assert_eq!(absolute, Some(elsewhere));
        assert_eq!(named, Some(PathBuf::from("./a-program")), "a path is meant as it is written");
    }

    #[test]
    fn files_that_cannot_be_run_are_not_programs() {
        assert!(search("sh", Some(OsStr::new("/usr/bin:/bin")), &[OsString::new()]).is_some());
        assert!(search("passwd", Some(OsStr::new("/etc")), &[OsString::new()]).is_none());
        assert!(search("", Some(OsStr::new("/bin")), &[OsString::new()]).is_none());
        assert!(search("bin", Some(OsStr::new("/usr")), &[OsString::new()]).is_none());
    }

    #[test]
    fn a_program_gets_what_it_needs_and_no_keys() {
        for name in ["PATH", "Path", "HOME", "LC_ALL", "https_proxy", "XDG_RUNTIME_DIR", "CURSOR_TRACE"] {
            assert!(needs_variable(name, &["CURSOR_*"]), "{name}");
        }
        for name in ["OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PATHS", "LC", "MY_SECRET"] {
            assert!(!needs_variable(name, &["CURSOR_*"]), "{name}");
        }
        assert!(is_key_variable("OPENAI_API_KEY") && !is_key_variable("OP_SESSION"));
    }
}
