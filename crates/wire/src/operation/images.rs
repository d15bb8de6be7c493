//! Images made from a prompt.

use super::{codec::Operation, kind::OperationKind};
use crate::json::Extra;
use crate::model::Usage;
use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// Images made from a prompt.
#[derive(Clone, Copy, Debug)]
pub struct Images;

impl Operation for Images {
    const KIND: OperationKind = OperationKind::Images;
    type Request = ImageRequest;
    type Response = ImageResponse;

    fn model(request: &ImageRequest) -> &str {
        &request.model
    }

    fn set_model(request: &mut ImageRequest, model: &str) {
        model.clone_into(&mut request.model);
    }
}

/// A request for images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageRequest {
    /// The provider's name of the model.
    pub model: String,
    /// What the images show.
    pub prompt: String,
    /// How many.
    pub n: Option<u64>,
    /// For instance `1024x1024`.
    pub size: Option<String>,
    /// In the provider's words.
    pub quality: Option<String>,
    /// `url` or `b64_json`.
    pub response_format: Option<String>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// Images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageResponse {
    /// The images.
    pub images: Vec<Image>,
    /// What they used, where the provider counts tokens.
    pub usage: Option<Usage>,
    /// Fields without a name of their own here.
    pub extra: Extra,
}

/// An image: its bytes, or a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// The bytes.
    pub data: Option<Vec<u8>>,
    /// A URL, which most providers keep for some hours only.
    pub url: Option<String>,
    /// The prompt that was used, where the provider changed it.
    pub revised_prompt: Option<String>,
}
