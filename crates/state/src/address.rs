//! Addresses of shared state: `memory`, `sqlite:///path`.

use std::{path::PathBuf, str::FromStr};

/// Where state is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Address {
    /// In each client.
    #[default]
    Memory,
    /// In a SQLite database: shared by the processes of one machine.
    Sqlite(PathBuf),
}

/// The error for a text that is not an address of state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a place for state: write \"memory\", or \"sqlite:///absolute/path/of/a/file.db\"{0}")]
pub struct NotAnAddress(&'static str);

/// What happens while the backing is unavailable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLoss {
    /// Held blocks are spent. After that hard budgets refuse, and limits are divided by the number of processes last
    /// seen.
    #[default]
    Local,
    /// Everything is admitted, and booked later.
    Open,
    /// Everything subject to a limit or a budget is refused.
    Closed,
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        let Some(path) = text.strip_prefix("sqlite://") else {
            let redis = text.starts_with("redis") || text.starts_with("valkey");
            return Err(NotAnAddress(if redis { "; Redis is not supported yet" } else { "" }));
        };
        // As in SQLAlchemy, three slashes with a relative path and four with an absolute one are both in use.
        let path = path.strip_prefix('/').map(|rest| rest.trim_start_matches('/'));
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            return Err(NotAnAddress("; after sqlite: there are three slashes"));
        };
        if path.ends_with('/') {
            return Err(NotAnAddress("; this names a directory"));
        }
        if path.contains(['?', '#', '\0']) {
            return Err(NotAnAddress("; it has no options"));
        }
        let drive = path.as_bytes().get(1) == Some(&b':');
        Ok(Self::Sqlite(if drive { path.into() } else { format!("/{path}").into() }))
    }
}

impl OnLoss {
    /// As the configuration writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for OnLoss {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "local" => Ok(Self::Local),
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            _ => Err("is not one of local, open, closed".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, path) in [
            ("sqlite:///var/lib/app/ferrule.db", "/var/lib/app/ferrule.db"),
            ("sqlite:////var/lib/app/ferrule.db", "/var/lib/app/ferrule.db"),
            ("sqlite:///C:/app/ferrule.db", "C:/app/ferrule.db"),
            ("sqlite:///tmp/with blank.db", "/tmp/with blank.db"),
        ] {
            assert_eq!(text.parse(), Ok(Address::Sqlite(path.into())), "{text}");
        }
        assert_eq!("memory".parse(), Ok(Address::Memory));
        for text in [
            "",
            "sqlite",
            "sqlite://",
            "sqlite:///",
            "sqlite://x.db",
            "file:///x",
            "redis://h",
            "sqlite:///a?b",
            "sqlite:///a/",
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains("sqlite:///"), "{text}");
            assert_eq!(error.contains("Redis"), text.starts_with("redis"));
        }
    }
}
