//! Chat: from a request to its response, with the plan's faults.

use crate::{
    body::ResponseBody,
    chat_response::chat_response,
    context::RequestContext,
    delivery::Delivery,
    early_fault::early_fault,
    plan::Plan,
    predictions::{self, prediction},
};
use ferrule_wire::{
    dialect::{FollowUpAction, FollowUpEndpoint},
    model::{ProviderError, Request},
};
use http::{HeaderMap, Response};

/// Answers a chat request.
pub(crate) async fn respond(context: &RequestContext<'_>, request: &Request) -> Response<ResponseBody> {
    if let Some(mut error) = refusal(context, request) {
        error.status = error.status.or(Some(400));
        return context.error(error, HeaderMap::new(), request.stream);
    }
    match predictions::begin(context, request) {
        Some(prediction) => prediction,
        None => complete(context, request).await,
    }
}

fn refusal(context: &RequestContext<'_>, request: &Request) -> Option<ProviderError> {
    if !context.state().strict {
        return None;
    }
    context.provider.refusal(context.body).or_else(|| context.provider.refusal_of_content(request))
}

/// Responds to a follow-up request about an earlier prediction.
pub(crate) async fn follow_up(
    context: &RequestContext<'_>,
    endpoint: FollowUpEndpoint<'_>,
) -> Response<ResponseBody> {
    let FollowUpEndpoint { id, action } = endpoint;
    let Some((mut request, body)) = context.state().predictions.get(id) else {
        return context.refuse(404, format!("There is no prediction {id}."));
    };
    if action == FollowUpAction::Cancel {
        return context.json(200, &prediction(id, &request, context.head, "canceled"));
    }
    request.stream = action == FollowUpAction::Stream;
    // Ids and faults depend on the request that created it.
    complete(&RequestContext { body: &body, ..*context }, &request).await
}

async fn complete(context: &RequestContext<'_>, request: &Request) -> Response<ResponseBody> {
    let plan = Plan::for_request(context, request);
    if let Some(response) = early_fault(context, &plan, request.stream).await {
        return response;
    }
    let number = context.number(&request.model);
    let mut response = chat_response(request, &plan.reply, number, context.provider);
    predictions::finish(context, request, &mut response);
    let fault = plan.later_fault();
    Delivery { context, request, reply: &plan.reply, number }.deliver(&response, fault).await
}
