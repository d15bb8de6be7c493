//! Who the simulator speaks as: a dialect, and where a provider is named, with that provider's accent.

use crate::{media::Media, whole_calls::WholeCalls};
use ferrule_wire::{
    dialect::{self, Dialect, StreamEncoder},
    model::{ProviderError, Request, Response},
    operation::{Codec, Listed, OperationKind},
    providers,
    quirks::{Quirks, ToolIdRule, accent},
};
use std::ops::Deref;

/// A dialect with an accent. What is not said otherwise here is the dialect's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speaker {
    dialect: &'static dyn Dialect,
    quirks: &'static Quirks,
    /// The provider's id; empty where it is none.
    provider: &'static str,
}

impl Speaker {
    /// Every dialect, without any accent.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        dialect::registry::all().map(|dialect| Self { dialect, quirks: &Quirks::NONE, provider: "" })
    }

    /// The provider of this id, or the dialect of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match providers::find(name) {
            Some(row) => Some(Self {
                dialect: dialect::registry::find(row.dialect)?,
                quirks: &row.quirks,
                provider: row.id,
            }),
            None => Self::of(name),
        }
    }

    /// The dialect of this name, without any accent.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(Self { dialect: dialect::registry::find(name)?, quirks: &Quirks::NONE, provider: "" })
    }

    /// The provider's id; empty where a dialect alone is spoken.
    pub(crate) const fn provider(&self) -> &'static str {
        self.provider
    }

    /// Whether it chats.
    pub(crate) fn chats(&self) -> bool {
        self.quirks.has(OperationKind::Chat)
    }

    /// The codec of an operation, where the dialect and the provider have it.
    pub(crate) fn codec<O: Listed>(&self) -> Option<&'static dyn Codec<O>> {
        self.dialect.operations().get::<O>().filter(|_| self.quirks.has(O::KIND))
    }

    /// Whether it has such images or audio.
    pub(crate) fn shows(&self, media: Media) -> bool {
        self.quirks.has(match media {
            Media::Images => OperationKind::Images,
            Media::Speech => OperationKind::Speech,
            Media::Transcriptions => OperationKind::Transcription,
        })
    }

    /// Why the provider refuses a chat with this body; `None` where it does not.
    pub(crate) fn refusal(&self, body: &[u8]) -> Option<ProviderError> {
        // Other dialects have other words, of which the quirks do not tell.
        matches!(self.name(), "openai-chat" | "watsonx").then(|| accent::refusal(self.quirks, body)).flatten()
    }

    /// Whether calls of tools are numbered with nine letters and digits.
    pub(crate) fn has_short_ids(&self) -> bool {
        self.quirks.tool_id_rule == ToolIdRule::NineAlphanumeric
    }

    pub(crate) fn encode_response(&self, response: &Response) -> Vec<u8> {
        accent::whole(self.quirks, self.dialect.encode_response(response))
    }

    pub(crate) fn stream_encoder(&self, request: &Request) -> Box<dyn StreamEncoder> {
        let encoder = accent::Accent::around(self.quirks, self.dialect.stream_encoder(request));
        if self.provider == "mistral" { WholeCalls::around(encoder) } else { encoder }
    }

    /// An error's status and body; `streamed`: where a stream was asked for.
    pub(crate) fn error_answer(&self, error: &ProviderError, status: u16, streamed: bool) -> (u16, Vec<u8>) {
        accent::error(self.quirks, error, status, streamed)
            .unwrap_or_else(|| (status, self.dialect.encode_error(error)))
    }
}

impl Deref for Speaker {
    type Target = dyn Dialect;

    fn deref(&self) -> &Self::Target {
        self.dialect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_speaks_openai_s_form_refuses_in_it() {
        let body = br#"{"tool_choice":"REQUIRED"}"#;
        for (name, refuses) in [("groq", true), ("watsonx", true), ("cohere", false)] {
            assert_eq!(Speaker::named(name).unwrap().refusal(body).is_some(), refuses, "{name}");
        }
    }
}
