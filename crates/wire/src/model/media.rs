//! Images, documents and audio inside a message.

use crate::json::Json;
use alloc::string::String;

/// Where the bytes of a medium are.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// In the request itself.
    Base64 {
        /// For instance `image/png`.
        media_type: String,
        /// Standard base64 with padding.
        data: String,
    },
    /// At an address the provider fetches.
    Url(String),
    /// Uploaded to the provider before.
    File {
        /// The provider's id of it.
        id: String,
    },
    /// Plain text that is the document.
    Text {
        /// For instance `text/plain`.
        media_type: String,
        /// The text.
        text: String,
    },
    /// A source only one dialect knows, whole.
    Other(Json),
}

/// An image.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// The bytes.
    pub source: Source,
    /// How closely to look (`low`, `high`, `auto`, ...), where the dialect has it.
    pub detail: Option<String>,
}

/// A document such as a PDF.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The bytes.
    pub source: Source,
    /// Its title or file name.
    pub name: Option<String>,
}

/// Audio.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// The bytes.
    pub source: Source,
}
