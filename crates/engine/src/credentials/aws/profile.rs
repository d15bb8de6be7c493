//! Amazon's configuration files and their profiles.

use super::{
    super::{Environment, environment::read_file},
    CredentialsError,
};
use ini::{Ini, ParseOption};
use std::io::ErrorKind;

/// `config` and `credentials`; a missing file is empty.
pub(crate) struct Files {
    config: Ini,
    credentials: Ini,
}

/// The profile in use.
pub(crate) fn selected(given: Option<&str>, environment: &Environment) -> String {
    given
        .map(str::to_owned)
        .or_else(|| environment.variable("AWS_PROFILE"))
        .unwrap_or_else(|| "default".to_owned())
}

impl Files {
    pub(crate) async fn read(environment: &Environment) -> Result<Self, CredentialsError> {
        Ok(Self {
            config: read(environment, "AWS_CONFIG_FILE", "~/.aws/config").await?,
            credentials: read(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials").await?,
        })
    }

    /// The profile's value for `key`; `credentials` takes precedence.
    pub(crate) fn value(&self, profile: &str, key: &str) -> Option<&str> {
        self.in_credentials(profile, key).or_else(|| self.in_config(profile, key))
    }

    pub(crate) fn in_credentials(&self, profile: &str, key: &str) -> Option<&str> {
        value(&self.credentials, profile, key)
    }

    pub(crate) fn in_config(&self, profile: &str, key: &str) -> Option<&str> {
        value(&self.config, &section(profile), key)
    }

    /// The value for `key` in the section `[sso-session name]`.
    pub(crate) fn in_session(&self, name: &str, key: &str) -> Option<&str> {
        value(&self.config, &format!("sso-session {name}"), key)
    }

    pub(crate) fn has(&self, profile: &str) -> bool {
        self.credentials.section(Some(profile)).is_some()
            || self.config.section(Some(section(profile))).is_some()
    }
}

fn section(profile: &str) -> String {
    if profile == "default" { profile.to_owned() } else { format!("profile {profile}") }
}

fn value<'a>(file: &'a Ini, section: &str, key: &str) -> Option<&'a str> {
    file.section(Some(section))?.get(key).map(str::trim).filter(|value| !value.is_empty())
}

async fn read(environment: &Environment, variable: &str, usual: &str) -> Result<Ini, CredentialsError> {
    let path = environment.variable(variable).unwrap_or_else(|| usual.to_owned());
    let Some(path) = environment.expand(&path) else { return Ok(Ini::new()) };
    let bytes = match read_file(&path).await {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Ini::new());
        }
        Err(error) => {
            return Err(CredentialsError::missing(format!("cannot read {}: {error}", path.display())));
        }
    };
    // Values are keys and paths: backslashes and quotes are part of them.
    let options = ParseOption { enabled_quote: false, enabled_escape: false, ..ParseOption::default() };
    Ini::load_from_str_opt(&String::from_utf8_lossy(&bytes), options).map_err(|error| {
        // The parser's own message may quote the line.
        let (path, line) = (path.display(), error.line);
        CredentialsError::missing(format!("{path} cannot be read from line {line} on"))
    })
}
