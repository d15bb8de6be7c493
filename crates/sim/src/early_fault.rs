//! Early faults: faults that replace or delay a response.

use crate::{
    body::ResponseBody,
    clock::now_milliseconds,
    context::RequestContext,
    headers::header_map,
    plan::Plan,
    script::{ErrorScript, Fault, Place, Retry},
};
use bytes::Bytes;
use ferrule_wire::{
    model::ErrorKind,
    server::{JSON, RetryAdvice, error_kind, stream_content_type},
};
use http::{HeaderMap, Response};
use std::{future::pending, time::Duration};

/// Applies the plan's fault if it replaces the response (returning the replacement) or delays it.
pub(crate) async fn early_fault(
    context: &RequestContext<'_>,
    plan: &Plan,
    streamed: bool,
) -> Option<Response<ResponseBody>> {
    let provider = context.provider;
    let connection = context.connection;
    match plan.fault.as_ref()? {
        Fault::Status { status, headers, body, error } => {
            let message = format!("The simulated provider answers with status {status}.");
            let mut error = error.provider_error(error_kind(*status), &message, provider);
            error.status = Some(*status);
            let headers = header_map(headers);
            Some(match body {
                None => context.error(error, headers, streamed),
                Some(serde_json::Value::String(text)) => {
                    context.whole(*status, "text/plain; charset=utf-8", text.clone().into(), headers)
                }
                Some(json) => context.whole(*status, JSON, json.to_string().into(), headers),
            })
        }
        Fault::RateLimit { retry, delay_ms } => {
            Some(rate_limited(context, *retry, Duration::from_millis(*delay_ms), streamed))
        }
        Fault::Overloaded {} => {
            let error = ErrorScript::default().provider_error(ErrorKind::Overloaded, "Overloaded", provider);
            Some(context.error(error, HeaderMap::new(), streamed))
        }
        Fault::Html { status } => {
            let page = format!(
                "<html>\r\n<head><title>{status} Bad Gateway</title></head>\r\n<body>\r\n<center><h1>{status} Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
            );
            Some(context.whole(*status, "text/html", page.into(), HeaderMap::new()))
        }
        Fault::Empty {} => {
            let content_type = if streamed { stream_content_type(&*provider) } else { JSON };
            Some(context.whole(200, content_type, Bytes::new(), HeaderMap::new()))
        }
        Fault::Reset { at: Place::BeforeHeaders, .. } => {
            connection.exchange.cut();
            connection.control.reset();
            pending().await
        }
        Fault::Close { at: Place::BeforeHeaders, .. } => {
            connection.exchange.cut();
            connection.control.close();
            pending().await
        }
        Fault::Stall { at: Place::BeforeHeaders, for_ms, .. } => {
            match for_ms {
                Some(time) => tokio::time::sleep(Duration::from_millis(*time)).await,
                None => pending().await,
            }
            None
        }
        _ => None,
    }
}

fn rate_limited(
    context: &RequestContext<'_>,
    retry: Retry,
    delay: Duration,
    streamed: bool,
) -> Response<ResponseBody> {
    let advice = retry.hint().map(|hint| hint.advice(delay, now_milliseconds()));
    let RetryAdvice { headers, message } = advice.unwrap_or_default();
    let message = message.as_deref().unwrap_or("Rate limit reached.");
    let mut error = ErrorScript::default().provider_error(ErrorKind::RateLimited, message, context.provider);
    error.status = Some(429);
    context.error(error, header_map(headers), streamed)
}
