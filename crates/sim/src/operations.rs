//! Operations other than chat: their responses, with the faults of their plans.

use crate::{
    body::ResponseBody, context::RequestContext, delivery::Delivery, early_fault::early_fault,
    embeddings::embed, media, models::model_page, plan::Plan, prompt::count_input, random, reranking::rerank,
};
use ferrule_wire::{
    model::{Message, Request, Role},
    operation::EncodedResponse,
    server::{ApiRequest, ApiResponse},
};
use http::Response;
use std::borrow::Cow;

/// Answers a request for an operation other than chat.
pub(crate) async fn respond(context: &RequestContext<'_>, request: &ApiRequest) -> Response<ResponseBody> {
    let chat = chat_request(request);
    let plan = match &chat {
        Some(chat) => Plan::for_request(context, chat),
        None => Plan::default(),
    };
    if let Some(response) = early_fault(context, &plan, false).await {
        return response;
    }
    let response = match api_response(context, request) {
        Ok(response) => response,
        Err(message) => return context.refuse(400, message),
    };
    let encoded = context.provider.encode_api_response(&response, context.http_request());
    let Some(EncodedResponse { content_type, body }) = encoded else {
        return context.refuse(404, format!("There is nothing at {}.", context.head.uri.path()));
    };
    let chat = chat.unwrap_or_default();
    let number = context.number(&chat.model);
    Delivery { context, request: &chat, reply: &plan.reply, number }.deliver_body(
        &content_type,
        body.into(),
        plan.later_fault(),
    )
}

/// A chat request that represents another operation's, for scripts to match. The list of models is never scripted.
fn chat_request(request: &ApiRequest) -> Option<Cow<'_, Request>> {
    let (model, text) = match request {
        ApiRequest::Chat(request) | ApiRequest::TokenCounting(request) => {
            return Some(Cow::Borrowed(request));
        }
        ApiRequest::Embeddings(request) => {
            (&request.model, request.inputs.last().map(String::as_str).unwrap_or_default())
        }
        ApiRequest::Reranking(request) => (&request.model, request.query.as_str()),
        ApiRequest::Images(request) => (&request.model, request.prompt.as_str()),
        ApiRequest::Speech(request) => (&request.model, request.text.as_str()),
        ApiRequest::Transcription(request) => (&request.model, request.prompt.as_deref().unwrap_or_default()),
        ApiRequest::ModelListing(_) => return None,
    };
    let messages = vec![Message::text(Role::User, text)];
    Some(Cow::Owned(Request { model: model.clone(), messages, ..Request::default() }))
}

/// The response to `request`, or why it is refused.
fn api_response(context: &RequestContext<'_>, request: &ApiRequest) -> Result<ApiResponse, String> {
    let seed = context.state().seed;
    let id = || random::id(random::hash(seed, context.body));
    Ok(match request {
        ApiRequest::Chat(_) => return Err("This is a request for chat.".to_owned()),
        ApiRequest::TokenCounting(request) => ApiResponse::TokenCounting(count_input(request)),
        ApiRequest::Embeddings(request) => {
            let mut response = embed(request, seed).map_err(|error| error.to_string())?;
            context.provider.patch_embeddings(&mut response, &id());
            ApiResponse::Embeddings(response)
        }
        ApiRequest::Reranking(request) => {
            let mut response = rerank(request, id());
            context.provider.patch_rerank(&mut response, &request.model);
            ApiResponse::Reranking(response)
        }
        ApiRequest::Images(request) => ApiResponse::Images(media::images(request, context.body)?),
        ApiRequest::Speech(request) => ApiResponse::Speech(media::speech(request)),
        ApiRequest::Transcription(request) => ApiResponse::Transcription(media::transcript(request)),
        ApiRequest::ModelListing(_) => ApiResponse::ModelListing(model_page()),
    })
}
