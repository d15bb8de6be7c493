//! HTTP service: reads one request, routes it, and returns the response.

use crate::{
    body::ResponseBody,
    chat,
    context::{Connection, RequestContext},
    headers::header_list,
    management,
    models::model,
    operations,
    record::Exchange,
    socket::Control,
    state::SimulatorState,
    token_issuer::TokenIssuer,
};
use bytes::Bytes;
use ferrule_wire::{
    error::Headers,
    model::{ErrorKind, ProviderError},
    server::{ApiRequest, JSON, Route, RouteTarget, is_misplaced, route},
};
use http::{HeaderMap, Response, request::Parts};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use std::sync::Arc;

/// The maximum length of a request body.
const MAX_BODY_BYTES: usize = 64 << 20;

/// Marks an exchange as closed by the client if its request is dropped before there is a response.
struct Unanswered<'a>(Option<&'a Exchange>);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(exchange) = self.0 {
            exchange.closed_by_client();
        }
    }
}

/// Answers one request.
pub(crate) async fn serve(
    state: &SimulatorState,
    control: &Arc<Control>,
    connection: u64,
    request: http::Request<Incoming>,
) -> Response<ResponseBody> {
    let exchange = &state.recorder.begin(connection);
    let mut unanswered = Unanswered(Some(exchange));
    control.write_in(None);
    let (head, body) = request.into_parts();
    let head = Arc::new(head);
    let body = Limited::new(body, MAX_BODY_BYTES).collect().await.map(http_body_util::Collected::to_bytes);
    let bytes = body.as_ref().map(Bytes::clone).unwrap_or_default();
    state.recorder.received(exchange, &head, bytes.clone());

    let headers = header_list(&head.headers);
    let Route { provider, target } = route(head.method.as_str(), head.uri.path(), Headers(&headers));
    let connection = Connection { state, control, exchange };
    let context = RequestContext { connection, provider, head: &head, headers: &headers, body: &bytes };
    let response = match body {
        Ok(_) => respond(&context, target).await,
        Err(_) => {
            let message = format!("The body is longer than {MAX_BODY_BYTES} bytes, or incomplete.");
            context.refuse(413, message)
        }
    };
    unanswered.0 = None;
    exchange.set_status(response.status().as_u16());
    response
}

/// The response for an unknown URL. OpenAI's is the same as for an invalid request.
fn no_such_address(context: &RequestContext<'_>) -> Response<ResponseBody> {
    let Parts { method, uri, .. } = context.head;
    let path = uri.path();
    if !context.provider.format().starts_with("openai-") {
        return context.refuse(404, format!("There is nothing at {path}."));
    }
    let mut error = ProviderError::new(ErrorKind::InvalidRequest, format!("Invalid URL ({method} {path})"));
    error.status = Some(404);
    context.error(error, HeaderMap::new(), false)
}

async fn respond(context: &RequestContext<'_>, target: RouteTarget<'_>) -> Response<ResponseBody> {
    let Parts { method, uri, headers, .. } = context.head;
    let path = uri.path();
    if path == "/healthz" {
        return context.json(200, &serde_json::json!({ "status": "ok" }));
    }
    if let Some(issuer) = TokenIssuer::at(method, path) {
        let (status, body) = issuer.answer(headers, context.body, context.state().seed);
        return context.json(status, &body);
    }
    if let Some(error) = context.state().authorization.refusal(context.provider, context.head, context.body) {
        return context.error(error, HeaderMap::new(), false);
    }
    if context.state().strict && is_misplaced(context.provider, path) {
        return no_such_address(context);
    }
    let not_found = || context.refuse(404, format!("There is nothing at {path}."));
    match target {
        RouteTarget::NotFound => no_such_address(context),
        RouteTarget::MethodNotAllowed => context.refuse(405, format!("{path} does not take {method}.")),
        RouteTarget::Management(endpoint) => {
            let (status, content_type, body) = management::answer(endpoint, context.body);
            context.whole(status, content_type, body.into(), HeaderMap::new())
        }
        RouteTarget::Model(id) => match context.provider.encode_model(&model(id)) {
            Some(body) => context.whole(200, JSON, body.into(), HeaderMap::new()),
            None => not_found(),
        },
        RouteTarget::FollowUp(endpoint) => chat::follow_up(context, endpoint).await,
        RouteTarget::Operation(endpoint) => {
            match context.provider.decode_api_request(&endpoint, context.http_request()) {
                Err(error) => context.error(*error, HeaderMap::new(), false),
                Ok(ApiRequest::Chat(request)) => chat::respond(context, &request).await,
                Ok(request) => operations::respond(context, &request).await,
            }
        }
    }
}
