//! Errors of a client before a call is sent.

use std::fmt;

/// Why a client cannot make a call or accept its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// The client is closed.
    Closed,
    /// The settings, or the name of a model or provider, are invalid; the text says what to write instead.
    Config(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => formatter.write_str("this client is closed"),
            Self::Config(what) => formatter.write_str(what),
        }
    }
}

impl std::error::Error for ClientError {}
