//! API requests and responses: every operation of a provider, decoded and encoded as a server does it.

use super::emulated::EmulatedProvider;
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::{
    self, Codec, EncodedResponse, Endpoint, HttpRequest, Listed, Operation, OperationKind, with_operations,
};
use alloc::{borrow::ToOwned as _, boxed::Box, format, string::String, string::ToString as _};

macro_rules! api {
    ($($meaning:literal $field:ident: $operation:ident => $method:literal,)*) => {
        /// A request for any operation, a variant each.
        #[derive(Clone, Debug)]
        pub enum ApiRequest {
            /// A chat completion, plain or streamed.
            Chat(Request),
            $(
                #[doc = concat!("The request of [`operation::", stringify!($operation), "`].")]
                $operation(<operation::$operation as Operation>::Request),
            )*
        }

        /// A response of any operation, a variant each.
        #[derive(Clone, Debug)]
        pub enum ApiResponse {
            /// A plain chat completion.
            Chat(Response),
            $(
                #[doc = concat!("The response of [`operation::", stringify!($operation), "`].")]
                $operation(<operation::$operation as Operation>::Response),
            )*
        }

        impl ApiRequest {
            /// The name of the model that it is for; empty where it is for none.
            pub fn model(&self) -> &str {
                match self {
                    Self::Chat(request) => &request.model,
                    $(Self::$operation(request) => operation::$operation::model(request),)*
                }
            }
        }

        impl EmulatedProvider {
            /// Decodes the request that a client sent to `endpoint`. The error is fit for the client.
            pub fn decode_api_request(
                &self,
                endpoint: &Endpoint<'_>,
                request: HttpRequest<'_>,
            ) -> Result<ApiRequest, Box<ProviderError>> {
                match endpoint.operation {
                    OperationKind::Chat => self.decode_chat(endpoint, request).map(ApiRequest::Chat),
                    $(
                        OperationKind::$operation => {
                            self.decode::<operation::$operation>(endpoint, request).map(ApiRequest::$operation)
                        }
                    )*
                }
            }

            /// Encodes the response to `request`, which may say what form it is wanted in. `None` where the provider
            /// does not have the operation.
            pub fn encode_api_response(
                &self,
                response: &ApiResponse,
                request: HttpRequest<'_>,
            ) -> Option<EncodedResponse> {
                Some(match response {
                    ApiResponse::Chat(response) => EncodedResponse::json(self.encode_response(response)),
                    $(
                        ApiResponse::$operation(response) => {
                            let codec = self.codec::<operation::$operation>()?;
                            self.patch_body(operation::$operation::KIND, codec.encode_response(response, request))
                        }
                    )*
                })
            }
        }
    };
}

with_operations!(api);

impl EmulatedProvider {
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
        O::check(&request).map_err(invalid)?;
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
