//! Credential process, a program that prints credentials: a profile's `credential_process`.

use super::{CredentialsError, Key};
use crate::{
    credentials::{cache::Fetched, clock, environment::blocking},
    program,
};
use ferrule_wire::json::Fields;
use std::{io::Read, process::Stdio, sync::mpsc, time::Duration};

const LONGEST: Duration = Duration::from_secs(60);
const OUTPUT_BYTES: u64 = 1 << 20;

/// Runs `command`. Its output is secret and never shown.
pub(crate) async fn run(command: &str) -> Result<Fetched<Key>, CredentialsError> {
    let words = split(command)
        .ok_or_else(|| CredentialsError::missing("credential_process has a quote that does not end"))?;
    let output = blocking(move || output_of(&words)).await;
    let output = output.map_err(|_| CredentialsError::unreachable("credential_process was abandoned"))??;
    let read = || {
        let fields = Fields::parse(&output).ok()?;
        let text = |name: &str| fields.get(name)?.string().filter(|text| !text.is_empty());
        let key = Key::new(text("AccessKeyId")?, text("SecretAccessKey")?, text("SessionToken"));
        let lifetime = text("Expiration").and_then(|expires| clock::until_written(&expires));
        (fields.get("Version")?.u64()? == 1).then_some(Fetched { value: key, lifetime })
    };
    read().ok_or_else(|| {
        CredentialsError::refused("credential_process does not print credentials in version 1 of the form")
    })
}

fn output_of(words: &[String]) -> Result<Vec<u8>, CredentialsError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(CredentialsError::missing("credential_process is empty"));
    };
    let failed = |why: String| CredentialsError::unreachable(format!("credential_process `{program}` {why}"));
    let needed = |name: &str| name.starts_with("AWS_") || !program::is_key_variable(name);
    let mut child = program::command(program, needed)
        .ok_or_else(|| failed("cannot be started: there is no such program".to_owned()))?
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    let output = child.stdout.take();
    // Its output ends when it does. On a separate thread, so that a program that never ends can be abandoned.
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map(|output| output.take(OUTPUT_BYTES).read_to_end(&mut bytes));
        // After a timeout there is no receiver.
        let _ = sender.send(read.map(|_| bytes));
    });
    let Ok(output) = receiver.recv_timeout(LONGEST) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed(format!("took longer than {} s", LONGEST.as_secs())));
    };
    match child.wait() {
        Ok(status) if status.success() => output.ok_or_else(|| failed("cannot be read".to_owned())),
        Ok(status) => Err(failed(format!("ended with status {}", status.code().unwrap_or(-1)))),
        Err(error) => Err(failed(format!("cannot be waited for: {error}"))),
    }
}

/// Splits words as a shell would: at white space, except in quotes.
fn split(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let (mut word, mut open, mut quote) = (String::new(), false, None);
    for letter in command.chars() {
        match quote {
            Some(mark) if letter == mark => quote = None,
            None if matches!(letter, '"' | '\'') => (quote, open) = (Some(letter), true),
            None if letter.is_whitespace() => {
                if std::mem::take(&mut open) {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => {
                open = true;
                word.push(letter);
            }
        }
    }
    if open {
        words.push(word);
    }
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_by_a_shell() {
        let words = |command: &str| split(command).map(|words| words.join("|"));
        assert_eq!(words(r#" /a/b  "c d" e'f g'h  "" "#).unwrap(), "/a/b|c d|ef gh|");
        assert_eq!(words(r"C:\x\y.exe z").unwrap(), r"C:\x\y.exe|z");
        assert_eq!(words("a 'b"), None);
        assert_eq!(words("").unwrap(), "");
    }
}
