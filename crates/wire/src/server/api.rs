//! API requests and responses: every operation of a provider, decoded and encoded as a server does it.

use super::emulated::EmulatedProvider;
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::{
    Codec, EmbeddingRequest, EmbeddingResponse, Embeddings, EncodedResponse, Endpoint, HttpRequest,
    ImageRequest, ImageResponse, Images, Listed, ModelListRequest, ModelListing, ModelPage, OperationKind,
    RerankRequest, RerankResponse, Reranking, Speech, SpeechRequest, SpeechResponse, TokenCounting,
    Transcript, Transcription, TranscriptionRequest,
};
use alloc::{borrow::ToOwned as _, boxed::Box, format, string::String, string::ToString as _};

/// A request for any operation.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is the request of the operation it is named for")]
pub enum ApiRequest {
    Chat(Request),
    Embeddings(EmbeddingRequest),
    Reranking(RerankRequest),
    Images(ImageRequest),
    Speech(SpeechRequest),
    Transcription(TranscriptionRequest),
    TokenCounting(Request),
    ModelListing(ModelListRequest),
}

/// A response of any operation; of chat, a plain one.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is the response of the operation it is named for")]
pub enum ApiResponse {
    Chat(Response),
    Embeddings(EmbeddingResponse),
    Reranking(RerankResponse),
    Images(ImageResponse),
    Speech(SpeechResponse),
    Transcription(Transcript),
    TokenCounting(u64),
    ModelListing(ModelPage),
}

impl EmulatedProvider {
    /// Decodes the request that a client sent to `endpoint`. The error is fit for the client.
    pub fn decode_api_request(
        &self,
        endpoint: &Endpoint<'_>,
        request: HttpRequest<'_>,
    ) -> Result<ApiRequest, Box<ProviderError>> {
        Ok(match endpoint.operation {
            OperationKind::Chat => ApiRequest::Chat(self.decode_chat(endpoint, request)?),
            OperationKind::Embeddings => {
                let request = self.decode::<Embeddings>(endpoint, request)?;
                if request.inputs.is_empty() {
                    return Err(invalid("input: at least one text is required"));
                }
                ApiRequest::Embeddings(request)
            }
            OperationKind::Reranking => ApiRequest::Reranking(self.decode::<Reranking>(endpoint, request)?),
            OperationKind::Images => ApiRequest::Images(self.decode::<Images>(endpoint, request)?),
            OperationKind::Speech => ApiRequest::Speech(self.decode::<Speech>(endpoint, request)?),
            OperationKind::Transcription => {
                ApiRequest::Transcription(self.decode::<Transcription>(endpoint, request)?)
            }
            OperationKind::TokenCounting => {
                ApiRequest::TokenCounting(self.decode::<TokenCounting>(endpoint, request)?)
            }
            OperationKind::ModelListing => {
                ApiRequest::ModelListing(self.decode::<ModelListing>(endpoint, request)?)
            }
        })
    }

    /// Encodes the response to `request`, which may say what form it is wanted in. `None` where the provider does not
    /// have the operation.
    pub fn encode_api_response(
        &self,
        response: &ApiResponse,
        request: HttpRequest<'_>,
    ) -> Option<EncodedResponse> {
        Some(match response {
            ApiResponse::Chat(response) => EncodedResponse::json(self.encode_response(response)),
            ApiResponse::Embeddings(response) => {
                self.codec::<Embeddings>()?.encode_response(response, request)
            }
            ApiResponse::Reranking(response) => self.codec::<Reranking>()?.encode_response(response, request),
            ApiResponse::Images(response) => self.codec::<Images>()?.encode_response(response, request),
            ApiResponse::Speech(response) => self.codec::<Speech>()?.encode_response(response, request),
            ApiResponse::Transcription(response) => {
                self.codec::<Transcription>()?.encode_response(response, request)
            }
            ApiResponse::TokenCounting(count) => {
                self.codec::<TokenCounting>()?.encode_response(count, request)
            }
            ApiResponse::ModelListing(page) => EncodedResponse::json(self.encode_model_list(page)?),
        })
    }

    /// The provider's codec of an operation; `None` where it does not have the operation.
    pub fn codec<O: Listed>(&self) -> Option<&'static dyn Codec<O>> {
        self.operations().get::<O>().filter(|_| self.has(O::KIND))
    }

    fn decode<O: Listed>(
        &self,
        endpoint: &Endpoint<'_>,
        request: HttpRequest<'_>,
    ) -> Result<O::Request, Box<ProviderError>> {
        let Some(codec) = self.codec::<O>() else {
            return Err(invalid(format!("{} has no such operation.", self.name())));
        };
        let mut request = codec.decode_request(request).map_err(|error| invalid(error.to_string()))?;
        if let Some(model) = &endpoint.model {
            O::set_model(&mut request, model);
        }
        Ok(request)
    }

    fn decode_chat(
        &self,
        endpoint: &Endpoint<'_>,
        request: HttpRequest<'_>,
    ) -> Result<Request, Box<ProviderError>> {
        let mut request = self.decode_request(request.body).map_err(|error| invalid(error.to_string()))?;
        if let Some(model) = &endpoint.model {
            model.as_ref().clone_into(&mut request.model);
        }
        request.stream = endpoint.stream.unwrap_or(request.stream);
        if request.model.is_empty() {
            return Err(invalid("you must provide a model parameter"));
        }
        if request.messages.is_empty() {
            return Err(invalid("messages: at least one message is required"));
        }
        Ok(request)
    }
}

fn invalid(message: impl Into<String>) -> Box<ProviderError> {
    Box::new(ProviderError::new(ErrorKind::InvalidRequest, message))
}
