//! Files of keys and certificates: regular files only, bounded, read without blocking.

use std::{
    fs::{File, OpenOptions},
    io::{Error, ErrorKind, Read, Result},
    path::Path,
};

/// Keys, certificate stores and configuration files are shorter.
const MAX_BYTES: u64 = 4 << 20;

/// The content of the regular file at `path`.
pub(crate) fn read_regular(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it is longer than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

/// Non-blocking: opening a pipe would wait for a writer.
fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default());
    }
    let file = options.open(path)?;
    // Checked on the open file: the path may lead elsewhere by now.
    if !file.metadata()?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_regular_file_is_not_read() {
        for path in ["/dev/null", "/dev/zero", "/tmp"] {
            assert!(!cfg!(unix) || read_regular(Path::new(path)).is_err(), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_does_not_block() {
        let path = std::env::temp_dir().join(format!("ferrule-pipe-{}", std::process::id()));
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let read = read_regular(&path);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read.unwrap_err().to_string(), "not a regular file");
    }
}
