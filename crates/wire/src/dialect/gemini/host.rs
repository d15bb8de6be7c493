//! Hosts of generateContent: the Gemini API and Vertex AI.

/// The name that parts of this format are marked with, on both hosts.
pub(super) const FORMAT: &str = Host::GeminiApi.name();

/// Where generateContent is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    GeminiApi,
    Vertex,
}

impl Host {
    /// The dialect's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::GeminiApi => "gemini",
            Self::Vertex => "vertex",
        }
    }
}
