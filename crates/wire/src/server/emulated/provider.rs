//! Emulated provider: which dialect it speaks, and how it differs from it.

use super::{
    conversation, error, openai_rules, refusal, response, sdk_requirements, stream::EmulatedStream,
    strict_schema, whole_tool_calls::WholeToolCalls,
};
use crate::dialect::{Dialect, StreamEncoder, openai_chat::OpenAiChat, quota_by_status, registry};
use crate::json::Value;
use crate::model::{ErrorKind, ProviderError, Request, Response};
use crate::operation::{
    EmbeddingResponse, EncodedResponse, HttpRequest, ModelInfo, ModelListing, ModelPage, OperationKind,
    RerankResponse,
};
use crate::prefill::Prefill;
use crate::providers::{self, ProviderRow};
use crate::quirks::Quirks;
use crate::request_schema;
use alloc::{boxed::Box, vec, vec::Vec};
use core::ops::Deref;

/// A provider as its clients see it: the server half of its dialect, with its quirks. What is not defined here is the
/// dialect's.
#[derive(Clone, Copy, Debug)]
pub struct EmulatedProvider {
    dialect: &'static dyn Dialect,
    quirks: &'static Quirks,
    /// Whose request schema holds, where it is not that of the quirks' provider.
    schema_of: Option<&'static str>,
}

impl EmulatedProvider {
    /// A dialect with some provider's quirks.
    pub const fn new(dialect: &'static dyn Dialect, quirks: &'static Quirks) -> Self {
        Self { dialect, quirks, schema_of: None }
    }

    /// A dialect without quirks.
    pub const fn without_quirks(dialect: &'static dyn Dialect) -> Self {
        Self::new(dialect, &Quirks::NONE)
    }

    /// A dialect at an address that names neither it nor a provider: that of the provider whose format it is. OpenAI's
    /// chat is what most clients speak.
    pub fn at_plain_address(dialect: &'static dyn Dialect) -> Self {
        let schema_of = (dialect.name() == OpenAiChat.name()).then_some("openai");
        Self { schema_of, ..Self::without_quirks(dialect) }
    }

    /// OpenAI's chat, as its clients find it.
    pub fn openai() -> Self {
        Self::at_plain_address(&OpenAiChat)
    }

    /// The provider of a row of the table; `None` where the row names an unknown dialect.
    pub fn from_row(row: &'static ProviderRow) -> Option<Self> {
        Some(Self::new(registry::find(row.dialect)?, &row.quirks))
    }

    /// The provider with this id or alias, or else the dialect of this name.
    pub fn find(name: &str) -> Option<Self> {
        match providers::find(name) {
            Some(row) => Self::from_row(row),
            None => registry::find(name).map(Self::without_quirks),
        }
    }

    /// The provider's id; empty for a dialect without quirks.
    pub fn id(&self) -> &'static str {
        let quirks: &'static Quirks = self.quirks;
        &quirks.provider
    }

    /// Whether the provider has the operation.
    pub fn has(&self, operation: OperationKind) -> bool {
        self.dialect.operations().has(operation) && self.quirks.has(operation)
    }

    /// The HTTP status of an error of `kind`.
    pub fn error_status(&self, kind: ErrorKind) -> u16 {
        if error::has_no_code(self.quirks.error_shape) {
            quota_by_status(kind)
        } else {
            self.dialect.error_status(kind)
        }
    }

    /// The error with which the provider refuses a chat request with this body; `None` where it accepts it.
    pub fn refusal(&self, body: &[u8]) -> Option<ProviderError> {
        // The quirks are about the fields of OpenAI's form.
        let has_quirks = self.dialect.server_facts().takes_openai_chat_requests;
        let by_quirks = if has_quirks { refusal::refusal(self.quirks, body) } else { None };
        by_quirks.or_else(|| request_schema::find(self.dialect.format(), self.schema_of()).refusal(body))
    }

    /// The id of the provider whose rules about requests hold.
    fn schema_of(&self) -> &'static str {
        let quirks: &'static Quirks = self.quirks;
        self.schema_of.unwrap_or(&quirks.provider)
    }

    /// The error with which the provider refuses what a chat request says, whose fields it knows: its conversation, strict
    /// schemas, and fields that need each other. `None` where it accepts it.
    pub fn refusal_of_content(&self, request: &Request) -> Option<ProviderError> {
        let format = self.dialect.format();
        conversation::refusal(format, self.quirks, request)
            .or_else(|| conversation::refusal_of_prefill(self.prefill(&request.model), request))
            .or_else(|| strict_schema::refusal(format, self.quirks, request))
            .or_else(|| openai_rules::refusal(format, self.schema_of(), request))
    }

    /// What `model` makes of the beginning of an answer that is the last message.
    pub fn prefill(&self, model: &str) -> Prefill {
        // Wherever the simulator is, it has everything that is in beta.
        Prefill::for_model(self.dialect.format(), self.quirks, model, "/beta")
    }

    /// Puts into a chat response what the provider's own clients require, where it is missing.
    pub fn patch_response(&self, response: &mut Response) {
        self.dialect.add_required_fields(response);
        sdk_requirements::patch_tool_calls(self.quirks, response);
    }

    /// Puts into embeddings what the provider's own clients require. `id` is the response's.
    pub fn patch_embeddings(&self, response: &mut EmbeddingResponse, id: &str) {
        sdk_requirements::patch_embeddings(self.dialect.server_facts(), self.quirks, response, id);
    }

    /// Puts into a ranking what the provider's own clients require, and leaves out what they do not know.
    pub fn patch_rerank(&self, response: &mut RerankResponse, model: &str) {
        sdk_requirements::patch_rerank(self.dialect.server_facts(), self.quirks, response, model);
    }

    /// The body of a plain chat response.
    pub fn encode_response(&self, response: &Response) -> Vec<u8> {
        response::encode(self.quirks, self.dialect.encode_response(response))
    }

    /// Writes the body of one streamed response to `request`.
    pub fn stream_encoder(&self, request: &Request) -> Box<dyn StreamEncoder> {
        let encoder = EmulatedStream::around(self.quirks, self.dialect.stream_encoder(request));
        if sdk_requirements::needs_whole_tool_calls(self.quirks) {
            return WholeToolCalls::around(encoder);
        }
        encoder
    }

    /// The list of models. `None` where the provider does not list them.
    pub fn encode_model_list(&self, page: &ModelPage) -> Option<Vec<u8>> {
        let codec = self.dialect.operations().get::<ModelListing>()?;
        let encoded = codec.encode_response(page, HttpRequest::default());
        Some(self.patch_body(OperationKind::ModelListing, encoded).body)
    }

    /// Puts into the body of an operation's response what the provider's own clients require.
    pub(in crate::server) fn patch_body(
        &self,
        operation: OperationKind,
        encoded: EncodedResponse,
    ) -> EncodedResponse {
        if operation != OperationKind::ModelListing {
            return encoded;
        }
        EncodedResponse { body: sdk_requirements::patch_model_list(self.quirks, encoded.body), ..encoded }
    }

    /// The description of one model: its entry in the list. `None` where the list has no entries that could stand alone.
    pub fn encode_model(&self, model: &ModelInfo) -> Option<Vec<u8>> {
        let page = self.encode_model_list(&ModelPage { models: vec![model.clone()], next: None })?;
        let page = Value::parse(&page).ok()?;
        let entries = match page.object() {
            Some(mut fields) => {
                ["data", "models", "publisherModels"].iter().find_map(|name| fields.take_array(name))?
            }
            None => page.array()?,
        };
        entries.first().map(|entry| entry.text().as_bytes().to_vec())
    }

    /// The status and body of an error that would have `status`; `streamed`: whether a stream was asked for. Some
    /// providers report errors under status 200.
    pub fn encode_error_with_status(
        &self,
        error: &ProviderError,
        status: u16,
        streamed: bool,
    ) -> (u16, Vec<u8>) {
        error::encode(self.quirks, error, status, streamed)
            .unwrap_or_else(|| (status, self.dialect.encode_error(error)))
    }
}

impl Deref for EmulatedProvider {
    type Target = dyn Dialect;

    fn deref(&self) -> &Self::Target {
        self.dialect
    }
}
